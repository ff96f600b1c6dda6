// Deploys out of the releases that an access log names, fed with windows as the ring hands them over.
#include "daemon/doors/release_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <random>
#include <string>
#include <vector>

namespace revertd {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr int64_t kStart = 1'763'700'000;
const std::string kOld = "v41-g1111111";
const std::string kNew = "v42-g2222222";
const std::string kThird = "v43-g3333333";
using Seconds = std::map<int64_t, ReleaseCounts>;  // of one service

Config MakeConfig() {
  Config config;
  config.detect.cohort = CohortField::kRelease;
  for (const char* name : {"cart", "mail", "quiet"}) {
    ServiceConfig& service = config.services.emplace_back();
    service.name = name;
    service.repo = "shop";
    service.deploys_from_log = service.name != "quiet";
  }
  return config;
}

// "cart +10..?" for a deploy that began at second kStart + 10, "cart +10..20" once it is finished; then base and head.
std::string Described(const Deploy& deploy) {
  const std::string finish = deploy.finished() ? std::to_string(deploy.finish_ns / kSecondNs - kStart) : "?";
  return deploy.service + " +" + std::to_string(deploy.start_ns / kSecondNs - kStart) + ".." + finish + " " +
         deploy.base.substr(0, 1) + ">" + deploy.head.substr(0, 1);
}

class Log {
 public:
  Log() {
    for (const ServiceConfig& service : config_.services) services_.Intern(service.name);
  }

  // A window of the ring; a name may be one of the special ones.
  void Serve(const std::string& service, int64_t second, const ReleaseCounts& counts) {
    std::array<CohortCounts, kCohorts> cohorts{};
    size_t place = 0;
    for (const auto& [name, requests] : counts) {
      CohortCounts& cohort = cohorts.at(place++);
      cohort.key = name == kOtherName ? kOtherKey : 100 + std::hash<std::string>{}(name) % 1'000'000;
      cohort.name = Label(name);
      cohort.by_age.requests[place % kAgeClasses] = static_cast<uint32_t>(requests);
    }
    Window window;
    window.second = second;
    window.service = *services_.Find(service);
    window.cohorts = cohorts;
    watch_.OnWindow(window);
  }
  void Seal(int64_t second) {
    for (const Deploy& deploy : watch_.SealedThrough(second)) told_.push_back(Described(deploy));
  }
  // Each of the seconds from kStart + `from` to before kStart + `to`.
  void Feed(int64_t from, int64_t to, const ReleaseCounts& counts, const std::string& service = "cart") {
    for (int64_t second = kStart + from; second < kStart + to; ++second) {
      Serve(service, second, counts);
      Seal(second);
    }
  }
  std::vector<std::string> Take() { return std::exchange(told_, {}); }
  ReleaseWatch& watch() { return watch_; }

 private:
  const Config config_ = MakeConfig();
  ServiceTable services_{8};
  ReleaseWatch watch_{config_, services_};
  std::vector<std::string> told_;
};

class ReleaseWatchTest : public testing::Test {
 protected:
  // Two minutes of the old release.
  void OldServes() { log_.Feed(0, 120, {{kOld, 50}}); }

  Log log_;
};

TEST_F(ReleaseWatchTest, ANewReleaseIsADeployFromItsFirstSecondUntilItHasTakenOver) {
  OldServes();
  log_.Feed(120, 121, {{kOld, 48}, {kNew, 2}});
  EXPECT_THAT(log_.Take(), IsEmpty());  // two requests may be a person's own look
  log_.Feed(121, 122, {{kOld, 48}, {kNew, 2}});
  EXPECT_THAT(log_.Take(), ElementsAre("cart +120..? 1>2"));
  log_.Feed(122, 140, {{kOld, 25}, {kNew, 25}});
  EXPECT_THAT(log_.Take(), IsEmpty());
  log_.Feed(140, 148, {{kNew, 50}});
  EXPECT_THAT(log_.Take(), IsEmpty());  // eight of ten seconds, and half of the others
  log_.Feed(148, 150, {{kNew, 50}});
  EXPECT_THAT(log_.Take(), ElementsAre("cart +120..149 1>2"));
  log_.Feed(150, 4'000, {{kNew, 50}});
  EXPECT_THAT(log_.Take(), IsEmpty());
}

TEST_F(ReleaseWatchTest, TheDeployIsTheServicesOwn) {
  OldServes();
  log_.Serve("cart", kStart + 120, {{kNew, 9}});
  const std::vector<Deploy> deploys = log_.watch().SealedThrough(kStart + 120);
  ASSERT_EQ(deploys.size(), 1U);
  EXPECT_EQ(deploys[0].id, "cart-1763700120");
  EXPECT_EQ(deploys[0].repo, "shop");
  EXPECT_EQ(deploys[0].base, "1111111");
  EXPECT_EQ(deploys[0].head, "2222222");
  EXPECT_EQ(deploys[0].kind, DeployKind::kRelease);
}

TEST_F(ReleaseWatchTest, WhatServesWhenNothingIsKnownIsNotNew) {
  log_.Feed(0, 30, {{kOld, 4}});
  log_.Feed(30, 60, {{kOld, 50}, {kNew, 50}});
  log_.Feed(60, 70, {{kOld, 50}, {kNew, 50}, {kThird, 50}});
  EXPECT_THAT(log_.Take(), ElementsAre("cart +60..? 1>3"));
}

TEST_F(ReleaseWatchTest, WhereNoneHadTakenOverTheBaseIsNotKnown) {
  log_.Feed(0, 60, {{kOld, 50}, {kNew, 50}});
  log_.Feed(60, 70, {{kOld, 50}, {kNew, 50}, {kThird, 50}});
  EXPECT_THAT(log_.Take(), ElementsAre("cart +60..? >3"));
}

TEST_F(ReleaseWatchTest, AReleaseThatNeverTakesOverIsFinishedAfterHalfAnHour) {
  OldServes();
  log_.Feed(120, 2'500, {{kOld, 45}, {kNew, 5}});
  EXPECT_THAT(log_.Take(), ElementsAre("cart +120..? 1>2", "cart +120..1920 1>2"));
}

TEST_F(ReleaseWatchTest, ItIsFinishedAfterHalfAnHourEvenIfTheLogIsSilent) {
  OldServes();
  log_.Feed(120, 125, {{kOld, 45}, {kNew, 5}});
  log_.Seal(kStart + 100'000);
  EXPECT_THAT(log_.Take(), ElementsAre("cart +120..? 1>2", "cart +120..1920 1>2"));
}

TEST_F(ReleaseWatchTest, AThirdReleaseEndsTheDeployUnderWayAndStartsTheNext) {
  OldServes();
  log_.Feed(120, 150, {{kOld, 25}, {kNew, 25}});
  log_.Take();
  log_.Feed(150, 160, {{kOld, 25}, {kThird, 25}});
  EXPECT_THAT(log_.Take(), ElementsAre("cart +120..150 1>2", "cart +150..? 2>3"));
}

TEST_F(ReleaseWatchTest, TwoThatComeInTheSameSecondAreTwoDeploys) {
  OldServes();
  log_.Feed(120, 121, {{kOld, 25}, {kNew, 25}, {kThird, 25}});
  EXPECT_THAT(log_.Take(), ElementsAre("cart +120..? 1>2", "cart +120..121 1>2", "cart +121..? 2>3"));
}

TEST_F(ReleaseWatchTest, ARollbackByHandIsADeployAgain) {
  OldServes();
  log_.Feed(120, 300, {{kNew, 50}});
  log_.Take();
  log_.Feed(300, 309, {{kOld, 50}});
  EXPECT_THAT(log_.Take(), IsEmpty());
  log_.Feed(309, 400, {{kOld, 50}});
  EXPECT_THAT(log_.Take(), ElementsAre("cart +300..310 2>1"));
  log_.Feed(400, 500, {{kNew, 50}});  // and forward again
  EXPECT_THAT(log_.Take(), ElementsAre("cart +400..410 1>2"));
}

TEST_F(ReleaseWatchTest, ACanaryThatIsPromotedLaterIsADeployAgain) {
  OldServes();
  log_.Feed(120, 10'000, {{kOld, 45}, {kNew, 5}});
  log_.Take();
  log_.Feed(10'000, 10'100, {{kNew, 50}});
  EXPECT_THAT(log_.Take(), ElementsAre("cart +8210..10010 1>2"));  // not all of the canary: it is half an hour at most
}

TEST_F(ReleaseWatchTest, AStragglerIsNoDeploy) {
  OldServes();
  log_.Feed(120, 200, {{kNew, 50}});
  log_.Take();
  log_.Feed(200, 2'000, {{kNew, 50}, {kOld, 2}});
  EXPECT_THAT(log_.Take(), IsEmpty());
}

// Where two known releases share a handful of requests, chance gives all of them to one and then to the other.
TEST_F(ReleaseWatchTest, ChanceTakesNothingOver) {
  std::mt19937_64 random(7);
  OldServes();
  log_.Feed(120, 2'500, {{kOld, 25}, {kNew, 25}});
  log_.Take();
  for (int64_t second = 2'500; second < 20'000; ++second) {
    if (random() % 2 == 0) log_.Feed(second, second + 1, {{random() % 2 == 0 ? kOld : kNew, 1}});
  }
  EXPECT_THAT(log_.Take(), IsEmpty());
}

TEST_F(ReleaseWatchTest, ATryThatPausesDoesNotDateTheDeploy) {
  OldServes();
  log_.Feed(120, 121, {{kOld, 50}, {kNew, 1}});
  log_.Feed(121, 1'000, {{kOld, 50}});
  log_.Feed(1'000, 1'010, {{kOld, 50}, {kNew, 10}});
  EXPECT_THAT(log_.Take(), ElementsAre("cart +1000..? 1>2"));
}

TEST_F(ReleaseWatchTest, RequestsWithoutANameAreNoRelease) {
  OldServes();
  log_.Feed(120, 200, {{kOld, 50}, {"-", 50}, {std::string(kOtherName), 500}});
  EXPECT_THAT(log_.Take(), IsEmpty());
  // Nor do they count against one that takes over.
  log_.Feed(200, 220, {{kNew, 50}, {"-", 50}, {std::string(kOtherName), 500}});
  EXPECT_THAT(log_.Take(), ElementsAre("cart +200..? 1>2", "cart +200..210 1>2"));
}

TEST_F(ReleaseWatchTest, OnlyServicesThatWantItAreWatched) {
  log_.Feed(0, 120, {{kOld, 50}}, "quiet");
  log_.Feed(120, 200, {{kNew, 50}}, "quiet");
  EXPECT_THAT(log_.Take(), IsEmpty());
  EXPECT_TRUE(log_.watch().is_needed());
  EXPECT_FALSE(ReleaseWatch(Config(), ServiceTable(1)).is_needed());
}

TEST_F(ReleaseWatchTest, AReleaseIsRememberedForFourteenDays) {
  constexpr int64_t kDay = 24 * 3600;
  OldServes();
  log_.Feed(120, 300, {{kNew, 50}});
  log_.Take();
  for (int64_t day = 1; day <= 13; ++day) log_.Feed(day * kDay, day * kDay + 1, {{kNew, 50}});
  log_.Feed(13 * kDay + 1, 13 * kDay + 2, {{kNew, 50}, {kOld, 3}});
  EXPECT_THAT(log_.Take(), IsEmpty());  // known, and it has not taken over
  for (int64_t day = 14; day <= 28; ++day) log_.Feed(day * kDay, day * kDay + 1, {{kNew, 50}});
  log_.Feed(28 * kDay + 1, 28 * kDay + 2, {{kNew, 50}, {kOld, 3}});
  EXPECT_THAT(log_.Take(), ElementsAre("cart +2419201..? 2>1"));
  // After two weeks of silence nothing is known at all.
  log_.Seal(kStart + 60 * kDay);
  log_.Take();
  log_.Feed(60 * kDay + 1, 60 * kDay + 60, {{kThird, 50}});
  EXPECT_THAT(log_.Take(), IsEmpty());
}

TEST_F(ReleaseWatchTest, NamesAreBoundedAndTheOldestIsForgotten) {
  OldServes();
  int64_t at = 120;
  for (int number = 0; number < 70; ++number, ++at) {
    log_.Feed(at, at + 1, {{kOld, 500}, {"build " + std::to_string(number), 1}});
  }
  EXPECT_THAT(log_.Take(), IsEmpty());
  EXPECT_EQ(log_.watch().names_forgotten(), 71 - ServiceReleases::kNamesMax);
  log_.Feed(at, at + 1, {{kOld, 500}});  // it is still known
  EXPECT_THAT(log_.Take(), IsEmpty());
}

TEST_F(ReleaseWatchTest, AWindowOfASealedSecondIsCountedAndLeftOut) {
  OldServes();
  log_.Serve("cart", kStart + 50, {{kNew, 50}});
  log_.Seal(kStart + 130);
  EXPECT_THAT(log_.Take(), IsEmpty());
  EXPECT_EQ(log_.watch().windows_disordered(), 1U);
}

TEST_F(ReleaseWatchTest, WhatIsRememberedOutlivesARestart) {
  OldServes();
  log_.Feed(120, 130, {{kOld, 25}, {kNew, 25}});
  EXPECT_THAT(log_.Take(), ElementsAre("cart +120..? 1>2"));
  Log after;
  ASSERT_TRUE(after.watch().Restore(log_.watch().Encode()).ok());
  EXPECT_EQ(after.watch().Encode(), log_.watch().Encode());
  after.Feed(130, 140, {{kOld, 25}, {kNew, 25}});
  EXPECT_THAT(after.Take(), IsEmpty());  // both are known, and the deploy is still under way
  after.Feed(140, 160, {{kNew, 50}});
  EXPECT_THAT(after.Take(), ElementsAre("cart +120..149 1>2"));
  after.Feed(160, 170, {{kOld, 50}});
  EXPECT_THAT(after.Take(), ElementsAre("cart +160..170 2>1"));
}

TEST_F(ReleaseWatchTest, ADeployThatEndedWhileRevertdWasDownIsFinishedAfterwards) {
  OldServes();
  log_.Feed(120, 130, {{kOld, 25}, {kNew, 25}});
  Log after;
  ASSERT_TRUE(after.watch().Restore(log_.watch().Encode()).ok());
  after.Feed(50'000, 50'001, {{kNew, 50}});
  // Since the old release was seen last the new one has taken over; when, nobody saw.
  EXPECT_THAT(after.Take(), ElementsAre("cart +120..1920 1>2", "cart +50000..50001 1>2"));
}

TEST_F(ReleaseWatchTest, BytesThatAreNotOursRestoreNothing) {
  OldServes();
  log_.Feed(120, 130, {{kOld, 25}, {kNew, 25}});
  const std::string bytes = log_.watch().Encode();
  for (size_t size = 0; size < bytes.size(); ++size) {
    Log after;
    const std::string empty = after.watch().Encode();
    EXPECT_FALSE(after.watch().Restore(bytes.substr(0, size)).ok()) << size;
    EXPECT_EQ(after.watch().Encode(), empty) << size;
  }
  for (uint64_t seed = 0; seed < 5'000; ++seed) {
    std::mt19937_64 random(seed);
    std::string changed = bytes;
    changed[random() % changed.size()] = static_cast<char>(random());
    Log after;
    if (!after.watch().Restore(changed).ok()) continue;
    after.Feed(130, 140, {{kNew, 50}});  // whatever it means, it is lived with
    after.Seal(kStart + 10'000);
  }
}

TEST(RevisionIn, IsWhatStandsInTheName) {
  const std::string full(40, 'c');
  EXPECT_EQ(RevisionIn("4f2a9c1"), "4f2a9c1");
  EXPECT_EQ(RevisionIn(full), full);
  EXPECT_EQ(RevisionIn("shop@" + full), full);
  EXPECT_EQ(RevisionIn("shop@eu@4f2a9c1"), "4f2a9c1");
  EXPECT_EQ(RevisionIn("v1.2-5-g4f2a9c1"), "4f2a9c1");
  EXPECT_EQ(RevisionIn("shop@v1.2-5-g4f2a9c1"), "4f2a9c1");
  for (const char* name : {"", "v42", "shop@1.2.3", "4f2a9c", "shop@", "a-g", "shop@4f2a9c", "v1.2-gamma"}) {
    EXPECT_EQ(RevisionIn(name), "") << name;
  }
  EXPECT_EQ(RevisionIn(std::string(65, 'c')), "");
}

// An hour of a service that somebody deploys to again and again.
Seconds RandomTraffic(std::mt19937_64& random) {
  Seconds seconds;
  const std::vector<std::string> names = {kOld, kNew, kThird, "v44", "v45"};
  int64_t second = kStart + static_cast<int64_t>(random() % 50);
  while (second < kStart + 5'000) {
    const std::string& one = names[random() % names.size()];
    const std::string& other = names[random() % names.size()];
    const uint64_t rate = uint64_t{1} << random() % 8;
    const uint64_t share = random() % 101;
    for (const int64_t end = second + static_cast<int64_t>(random() % 300); second < end; ++second) {
      ReleaseCounts counts;
      for (uint64_t i = 0; i < rate; ++i) ++counts[random() % 100 < share ? one : other];
      if (random() % 4 != 0) seconds[second] = counts;
    }
    if (random() % 6 == 0) second += static_cast<int64_t>(random() % 2'500);
  }
  return seconds;
}

TEST(ReleaseWatchTwin, HowSecondsArePartedIntoLotsChangesNothing) {
  size_t told = 0;
  for (uint64_t seed = 0; seed < 25; ++seed) {
    std::mt19937_64 random(seed);
    const Seconds cart = RandomTraffic(random);
    const Seconds mail = RandomTraffic(random);
    Log one_by_one, in_lots;
    int64_t lot_end = kStart;
    for (int64_t second = kStart; second < kStart + 9'000; ++second) {
      for (const auto& [service, seconds] : {std::pair("cart", &cart), {"mail", &mail}}) {
        const auto counts = seconds->find(second);
        if (counts == seconds->end()) continue;
        one_by_one.Serve(service, second, counts->second);
        in_lots.Serve(service, second, counts->second);
      }
      one_by_one.Seal(second);
      if (second < lot_end) continue;
      // Seconds that wait unsealed are no news yet.
      in_lots.Seal(second - static_cast<int64_t>(random() % 3));
      lot_end = second + static_cast<int64_t>(random() % (random() % 10 == 0 ? 1'000 : 12));
    }
    in_lots.Seal(kStart + 9'000);
    const std::vector<std::string> expected = one_by_one.Take();
    told += expected.size();
    ASSERT_EQ(in_lots.Take(), expected) << "seed " << seed;
    ASSERT_EQ(one_by_one.watch().windows_disordered(), 0U);
  }
  EXPECT_GT(told, 200U);
}

// The jump over silence against a walk through every second; and what always holds of what is told.
TEST(ReleaseWatchTwin, SecondsThatAreNotDueTellNothing) {
  for (uint64_t seed = 100; seed < 125; ++seed) {
    std::mt19937_64 random(seed);
    const Seconds traffic = RandomTraffic(random);
    ServiceReleases walks, jumps;
    std::vector<ReleaseDeploy> walked, jumped;
    std::optional<int64_t> due;
    for (int64_t second = kStart; second < kStart + 9'000; ++second) {
      const auto found = traffic.find(second);
      const ReleaseCounts counts = found == traffic.end() ? ReleaseCounts() : found->second;
      walks.Observe(second, counts, &walked);
      if (counts.empty() && due != second) continue;
      jumps.Observe(second, counts, &jumped);
      due = jumps.NextDue(second + 1);
    }
    ASSERT_EQ(walked.size(), jumped.size()) << "seed " << seed;
    int64_t last_start = 0;
    for (size_t i = 0; i < walked.size(); ++i) {
      ASSERT_EQ(walked[i].told_second, jumped[i].told_second) << "seed " << seed;
      ASSERT_EQ(walked[i].start_second, jumped[i].start_second) << "seed " << seed;
      ASSERT_EQ(walked[i].finish_second, jumped[i].finish_second) << "seed " << seed;
      ASSERT_EQ(walked[i].release, jumped[i].release) << "seed " << seed;
      ASSERT_GE(walked[i].start_second, last_start) << "seed " << seed;
      ASSERT_GE(walked[i].finish_second.value_or(walked[i].start_second), walked[i].start_second) << "seed " << seed;
      last_start = walked[i].start_second;
    }
  }
}

}  // namespace
}  // namespace revertd
