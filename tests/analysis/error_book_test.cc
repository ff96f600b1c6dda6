// What is remembered of error events: groups, seconds, blocks, releases; what comes late, what finds no place, and what
// a restart finds again.
#include "analysis/error_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

#include "analysis/draw.h"
#include "analysis/error_feed.h"
#include "tests/analysis/scenario.h"

namespace revertd {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

ErrorEvent EventAt(int64_t second, uint64_t fingerprint = 7, const std::string& release = "") {
  ErrorEvent event;
  event.service = "shop";
  event.event_id = "0123456789abcdef0123456789abcdef";
  event.at_ns = second * kSecondNs + 5;
  event.fingerprint = fingerprint;
  event.origin = 70;
  event.release = release;
  event.environment = "production";
  event.type = "KeyError";
  event.sample = "{}";
  return event;
}

int64_t EventsIn(const ErrorBook& book, int64_t from, int64_t to) {
  int64_t sum = 0;
  book.seconds().ForEach({from, to}, [&](int64_t, const ErrorCount& count) { sum += count.events; });
  return sum;
}

class Book : public testing::Test {
 protected:
  RecordingSink sink_;
  ErrorBook book_{16, &sink_};
};

TEST_F(Book, AnEventCountsInItsOwnSecondOrInTheOldestOneThatIsOpen) {
  book_.SealThrough(kDay);
  book_.Take(EventAt(kDay + 3));
  EXPECT_EQ(EventsIn(book_, kDay + 3, kDay + 4), 1) << "its own";
  book_.Take(EventAt(kDay - 20));
  EXPECT_EQ(EventsIn(book_, kDay + 1, kDay + 2), 1) << "a little late";
  ErrorEvent unknown = EventAt(0);
  unknown.at_ns = 0;
  book_.Take(unknown);
  EXPECT_EQ(EventsIn(book_, kDay + 1, kDay + 2), 2) << "no time of its own";
  book_.Take(EventAt(kDay + 86'400));
  EXPECT_EQ(EventsIn(book_, kDay + 86'400, kDay + 86'401), 1) << "the log may stand still for a day";
  EXPECT_EQ(book_.counters().late, 0U);
}

TEST_F(Book, WhatComesHoursLateMakesItsGroupKnownAndIsEvidenceOfNothing) {
  book_.SealThrough(kDay);
  book_.Take(EventAt(kDay - 7200));
  EXPECT_EQ(book_.counters().late, 1U);
  EXPECT_EQ(EventsIn(book_, 0, kDay + 100), 0);
  const ServiceErrors* shop = book_.Find("shop");
  ASSERT_NE(shop, nullptr);
  ASSERT_NE(shop->groups.Find(7), nullptr);
  EXPECT_EQ(shop->groups.Find(7)->first_second(), kDay - 7200);
  EXPECT_EQ(shop->known_since, kNoSecond) << "nobody listened then";
  ASSERT_THAT(sink_.error_groups, SizeIs(1));
}

TEST_F(Book, ANewGroupIsToldAtOnceWithItsSampleAndAChangedOneEveryMinute) {
  book_.SealThrough(kDay);
  book_.Take(EventAt(kDay + 1));
  ASSERT_THAT(sink_.error_groups, SizeIs(1));
  EXPECT_EQ(sink_.error_groups[0].sample, "{}");
  EXPECT_EQ(sink_.error_groups[0].events, 1);
  for (int64_t second = kDay + 1; second < kDay + 120; ++second) {
    book_.Take(EventAt(second));
    book_.SealThrough(second);
  }
  ASSERT_THAT(sink_.error_groups, SizeIs(2)) << "once in two minutes that began with its first";
  EXPECT_EQ(sink_.error_groups[1].sample, "") << "the store has it";
  book_.TellChanged();
  ASSERT_THAT(sink_.error_groups, SizeIs(3));
  EXPECT_EQ(sink_.error_groups[2].events, 120);
  EXPECT_EQ(sink_.error_groups[2].last_seen_ns, (kDay + 119) * kSecondNs + 5);
  book_.TellChanged();
  EXPECT_THAT(sink_.error_groups, SizeIs(3)) << "nothing has changed since";
}

TEST_F(Book, BlocksAreToldWhenTheyAreOverAndFoundAgainAfterARestart) {
  std::mt19937_64 random(3);
  std::map<int64_t, int64_t> expected;
  for (int64_t second = kDay; second < kDay + 400; ++second) {
    const int64_t events = DrawPoisson(0.5, random);
    for (int64_t i = 0; i < events; ++i) book_.Take(EventAt(second));
    if (events > 0) expected[HistoryBlockStart(second)] += events;
    book_.SealThrough(second);
  }
  std::map<int64_t, int64_t> told;
  for (const ErrorBlock& block : sink_.error_blocks) told[block.start_second] += block.events;
  EXPECT_EQ(told, expected);
  ErrorBook again(16, &sink_);
  for (const ErrorBlock& block : sink_.error_blocks) again.Restore(block);
  std::map<int64_t, int64_t> kept;
  again.blocks().ForEach({kDay, kDay + 400},
                         [&](int64_t start, const ErrorCount& count) { kept[start] += count.events; });
  EXPECT_EQ(kept, expected);
  again.SealThrough(kDay + 1000);
  EXPECT_EQ(again.unseen(), (SecondInterval{kDay + 400, kDay + 1000})) << "while it was down";
  EXPECT_EQ(again.seen_from(), kDay + 1000);
}

TEST_F(Book, SessionsCountAMinuteLate) {
  book_.SealThrough(kDay + 120);
  book_.Take(SessionCounts{.service = "shop", .at_ns = kDay * kSecondNs, .sessions = 30, .crashed = 1});
  book_.SealThrough(kDay + 240);
  ASSERT_THAT(sink_.session_blocks, SizeIs(1));
  EXPECT_EQ(sink_.session_blocks[0].start_second, kDay + 120);
  EXPECT_EQ(sink_.session_blocks[0].sessions, 30);
  EXPECT_EQ(sink_.session_blocks[0].crashed, 1);
}

TEST_F(Book, WarningsAreKnownAndNoEvidence) {
  ErrorEvent warning = EventAt(kDay);
  warning.level = ErrorLevel::kWarning;
  book_.Take(warning);
  EXPECT_EQ(book_.counters().below_level, 1U);
  EXPECT_EQ(EventsIn(book_, kDay - 100, kDay + 100), 0);
  EXPECT_NE(book_.Find("shop")->groups.Find(7), nullptr);
}

TEST_F(Book, AGroupThatFoundNoPlaceIsNeverNew) {
  book_.SealThrough(kDay);
  for (int64_t i = 0; i < kErrorGroupsMax; ++i) book_.Take(EventAt(kDay + 1, 1000 + static_cast<uint64_t>(i)));
  book_.Take(EventAt(kDay + 1, 7));
  EXPECT_EQ(book_.counters().overflow, 1U);
  EXPECT_EQ(book_.Find("shop")->groups.Find(7), nullptr);
  book_.SealThrough(kDay + 2 * 86'400);
  book_.Take(EventAt(kDay + 2 * 86'400, 7));
  ASSERT_NE(book_.Find("shop")->groups.Find(7), nullptr) << "the others were not seen for a day";
  EXPECT_TRUE(book_.Find("shop")->groups.Find(7)->never_new);
  EXPECT_EQ(book_.Find("shop")->groups.size(), static_cast<size_t>(kErrorGroupsMax));
}

TEST_F(Book, AGroupIsForgottenTwoWeeksAfterItsNewestEvent) {
  book_.SealThrough(kDay);
  book_.Take(EventAt(kDay + 1));
  book_.SealThrough(kDay + 14 * 86'400);
  EXPECT_NE(book_.Find("shop")->groups.Find(7), nullptr);
  book_.SealThrough(kDay + 14 * 86'400 + 120);
  EXPECT_EQ(book_.Find("shop")->groups.Find(7), nullptr);
  book_.Take(EventAt(kDay + 14 * 86'400 + 121));
  ASSERT_THAT(sink_.error_groups, testing::Not(IsEmpty()));
  EXPECT_EQ(sink_.error_groups.back().sample, "{}") << "new once more";
}

TEST_F(Book, ServicesAreBounded) {
  ErrorBook book(1, &sink_);
  book.Take(EventAt(kDay));
  ErrorEvent other = EventAt(kDay);
  other.service = "mail";
  book.Take(other);
  EXPECT_EQ(book.Find("mail"), nullptr);
  EXPECT_EQ(book.counters().overflow, 1U);
}

TEST_F(Book, WhatIsFarOlderThanTheLogIsEvidenceOfNothing) {
  book_.Take(EventAt(kDay + 5));
  book_.Take(EventAt(kDay - 86'400));
  book_.SealThrough(kDay + 10);
  EXPECT_EQ(book_.counters().late, 1U);
  EXPECT_EQ(EventsIn(book_, 0, kDay + 200'000), 1);
  EXPECT_EQ(book_.seen_from(), kDay + 5);
}

TEST_F(Book, AProcessThatJustBeganHeardNothingBefore) {
  book_.ListenFrom(kDay);
  book_.Take(EventAt(kDay - 7200));
  book_.Take(EventAt(kDay + 1, 8));
  book_.SealThrough(kDay - 300);  // the log is read again from where it stood
  EXPECT_EQ(book_.seen_from(), kDay);
  EXPECT_EQ(book_.known_since(), kDay);
  EXPECT_EQ(EventsIn(book_, 0, kDay + 100), 1);
}

TEST_F(Book, AGroupThatWasHeardOfOnceSaysNotHowLongItsServiceIsKnown) {
  ErrorGroupRecord once{.service = "shop", .fingerprint = 7};
  once.first_seen_ns = once.last_seen_ns = (kDay - 7200) * kSecondNs;
  book_.Restore(once);
  EXPECT_EQ(book_.known_since(), kNoSecond);
  once.last_seen_ns = kDay * kSecondNs;
  book_.Restore(once);
  EXPECT_EQ(book_.known_since(), kDay - 7200);
}

TEST_F(Book, WhatIsToldLateOfTheTimeBeforeAWatchIsNotItsOwn) {
  book_.SealThrough(kDay);
  SessionCounts minute_before{.service = "shop", .release = "shop@1.0", .at_ns = (kDay - 40) * kSecondNs};
  minute_before.sessions = 50;
  SessionCounts since = minute_before;
  since.at_ns = (kDay + 1) * kSecondNs;
  since.sessions = 7;
  book_.Take(minute_before);
  book_.Take(since);
  book_.Take(EventAt(kDay - 20));
  Deploy deploy;
  deploy.start_ns = (kDay - 10) * kSecondNs;
  VersionSplit split(book_, *book_.Find("shop"), deploy, kDay - 40, kDay);
  VersionEvents events;
  split.Read(kDay + 1, &events);
  EXPECT_EQ(events.sessions.requests + events.old_sessions.requests, 7);
  EXPECT_THAT(events.fresh, IsEmpty());
}

TEST(EventTier, WhereMoreComeTheOldestIntervalGoes) {
  EventTier<ErrorCount> tier(4);
  for (int64_t start = 1; start <= 3; ++start) {
    tier.Add(start, {.service = 1, .fingerprint = 1, .events = 1});
    tier.Add(start, {.service = 2, .fingerprint = 1, .events = 2});
  }
  EXPECT_EQ(tier.first(), 2);
  EXPECT_EQ(tier.dropped(), 2U);
  EXPECT_EQ(tier.kept_from(), 2);
  EXPECT_EQ(tier.Add(3, {.service = 2, .fingerprint = 1, .events = 5}).events, 7);
  EXPECT_EQ(tier.size(), 4U);
  std::vector<int64_t> of_two;
  tier.ForEachOf(2, {0, 10}, [&](int64_t, const ErrorCount& count) { of_two.push_back(count.events); });
  EXPECT_THAT(of_two, ElementsAre(2, 7));
}

TEST(Releases, AreThoseOfADeployWhereTheyEndWithItsRevision) {
  const std::string head = "3f2a91c07b1e4d5f6a7b8c9d0e1f2a3b4c5d6e7f";
  EXPECT_TRUE(IsReleaseOf(head, head));
  EXPECT_TRUE(IsReleaseOf(head, "3f2a91c"));
  EXPECT_TRUE(IsReleaseOf(head, "shop@3f2a91c07b1e"));
  EXPECT_TRUE(IsReleaseOf(head, "shop@1.4.0+3f2a91c"));
  EXPECT_TRUE(IsReleaseOf("1.4.0", "shop@1.4.0")) << "a deploy told by its version";
  EXPECT_FALSE(IsReleaseOf(head, "3f2a91")) << "six digits name too many";
  EXPECT_FALSE(IsReleaseOf(head, "shop@1.4.0+abcdef0"));
  EXPECT_FALSE(IsReleaseOf(head, "shop@1.4.0"));
  EXPECT_FALSE(IsReleaseOf("release-2", "release-20"));
  EXPECT_FALSE(IsReleaseOf("", "shop@1.4.0"));
  EXPECT_FALSE(IsReleaseOf(head, ""));
}

}  // namespace
}  // namespace revertd
