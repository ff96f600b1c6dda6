// Which commits no deploy explains: single cases, and against a witness that walks a whole random history as git would.
#include "actions/drift/unexplained_commits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

namespace revertd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr TimeNs kNow = TimeNs{1'763'700'000} * kSecondNs;
constexpr DurationNs kGrace = 15 * kMinuteNs;

// So many commits, all old and of others, newest first.
LineFacts Line(size_t commits) {
  LineFacts facts;
  facts.now_ns = kNow;
  facts.grace = kGrace;
  facts.is_ours = [](const GitCommit& commit) { return commit.message == "ours"; };
  facts.line.resize(commits);
  for (GitCommit& commit : facts.line) commit.committed_ns = kNow - kHourNs;
  return facts;
}

TEST(UnexplainedCommits, WithoutDeploysNothingIsSaid) { EXPECT_THAT(UnexplainedCommits(Line(5)), IsEmpty()); }

TEST(UnexplainedCommits, AreThoseBetweenAndAfterDeploysOldestFirst) {
  LineFacts facts = Line(8);
  facts.deploys = {{6, 8}, {2, 4}};
  EXPECT_THAT(UnexplainedCommits(facts), ElementsAre(5, 4, 1, 0));
}

TEST(UnexplainedCommits, WithoutABaseTheHeadAloneIsExplained) {
  LineFacts facts = Line(6);
  facts.deploys = {{4, std::nullopt}, {1, std::nullopt}};
  EXPECT_THAT(UnexplainedCommits(facts), ElementsAre(3, 2, 0));
}

TEST(UnexplainedCommits, ADeployOfAnOlderVersionExplainsNothingNew) {
  LineFacts facts = Line(6);
  facts.deploys = {{3, 4}, {4, 3}};
  EXPECT_THAT(UnexplainedCommits(facts), ElementsAre(4, 2, 1, 0)) << "4 is the oldest head that was deployed";
}

TEST(UnexplainedCommits, OurOwnAndTheYoungAreNone) {
  LineFacts facts = Line(5);
  facts.deploys = {{4, std::nullopt}};
  facts.line[3].message = "ours";
  facts.line[2].committed_ns = kNow - kGrace + 1;
  facts.line[1].committed_ns = kNow - kGrace;
  facts.line[0].committed_ns = kNow + kGrace - 1;
  EXPECT_THAT(UnexplainedCommits(facts), ElementsAre(1));
  facts.line[0].committed_ns = kNow + kGrace;
  EXPECT_THAT(UnexplainedCommits(facts), ElementsAre(1, 0)) << "a date in the future hides nothing";
  facts.line[0].committed_ns = 0;
  EXPECT_THAT(UnexplainedCommits(facts), ElementsAre(1, 0));
}

TEST(UnexplainedCommits, ThoseOlderThanTheDeploysThatAreKnownAreNobodysQuestion) {
  LineFacts facts = Line(5);
  facts.deploys = {{4, std::nullopt}, {0, std::nullopt}};  // the first one was deployed once more
  facts.since_ns = kNow - 2 * kHourNs;
  for (size_t place = 1; place < 4; ++place) facts.line[place].committed_ns = facts.since_ns - 1;
  facts.line[4].committed_ns = 0;
  EXPECT_THAT(UnexplainedCommits(facts), IsEmpty());
  facts.line[2].committed_ns = facts.since_ns;
  EXPECT_THAT(UnexplainedCommits(facts), ElementsAre(2, 1)) << "what stands upon a newer one is no older";
  facts.line[2].committed_ns = kNow + kGrace;
  EXPECT_THAT(UnexplainedCommits(facts), ElementsAre(2)) << "a date in the future says nothing of others";
}

Deploy Made(const std::string& service, const std::string& base, const std::string& head, TimeNs at) {
  Deploy deploy;
  deploy.service = service;
  deploy.repo = "shop";
  deploy.base = base;
  deploy.head = head;
  deploy.start_ns = at;
  return deploy;
}

TEST(DeployedWords, ABaseIsTheOneToldOrWhatTheServiceDeployedBefore) {
  std::vector<Deploy> deploys = {Made("a", "", "aaaaaaa1", 1), Made("b", "", "bbbbbbb1", 2),
                                 Made("a", "", "aaaaaaa2", 3), Made("b", "ccccccc", "bbbbbbb2", 4),
                                 Made("a", "", "--option", 5)};
  deploys.push_back(Made("a", "", "aaaaaaa3", 6));
  deploys.back().repo = "other";
  const auto words = DeployedOf(deploys, "shop", 2);
  ASSERT_EQ(words.size(), 3U) << "of that repo, since then, and revisions";
  EXPECT_EQ(words[0].head, "bbbbbbb1");
  EXPECT_THAT(words[0].bases, IsEmpty());
  EXPECT_EQ(words[1].head, "aaaaaaa2");
  EXPECT_THAT(words[1].bases, ElementsAre("aaaaaaa1")) << "also of a deploy before the time looked back";
  EXPECT_THAT(words[2].bases, ElementsAre("ccccccc", "bbbbbbb1"));
}

TEST(OwnTrailers, AreReadWhereALineBeginsWithThem) {
  EXPECT_THAT(OwnTrailers("Revert\n\nRevertd-Trigger: t1\nRevertd-Release: r-7 \nno Revertd-Trigger: t2"),
              ElementsAre("t1", "r-7"));
  EXPECT_THAT(OwnTrailers(""), IsEmpty());
}

// A history of a line with side branches that were merged into it, in numbers: parents before children.
struct History {
  std::vector<std::vector<size_t>> parents;
  std::vector<size_t> line;  // newest first

  std::set<size_t> Held(size_t commit) const {
    std::set<size_t> held = {commit};
    for (size_t at = commit + 1; at-- > 0;) {
      if (held.contains(at)) held.insert(parents[at].begin(), parents[at].end());
    }
    return held;
  }
  // `git log --first-parent HEAD ^COMMIT`, counted.
  size_t PlaceOf(size_t commit) const {
    const std::set<size_t> held = Held(commit);
    return static_cast<size_t>(
        std::count_if(line.begin(), line.end(), [&](size_t each) { return !held.contains(each); }));
  }
};

History RandomHistory(std::mt19937_64& random) {
  History history;
  size_t tip = 0;
  history.parents.push_back({});
  history.line.push_back(0);
  const size_t commits = 2 + random() % 14;
  while (history.parents.size() < commits) {
    const size_t any = random() % history.parents.size();
    const size_t made = history.parents.size();
    switch (random() % 3) {
      case 0: history.parents.push_back({any}); break;  // on a side branch
      case 1: history.parents.push_back({tip}); break;
      default: history.parents.push_back({tip, any}); break;
    }
    if (history.parents[made].front() != tip || random() % 4 == 0) continue;
    tip = made;
    history.line.insert(history.line.begin(), made);
  }
  return history;
}

TEST(UnexplainedCommits, AgreeWithAWitnessThatWalksTheHistory) {
  for (uint64_t seed = 0; seed < 3000; ++seed) {
    std::mt19937_64 random(seed);
    const History history = RandomHistory(random);
    LineFacts facts = Line(history.line.size());
    std::set<size_t> explained;
    std::optional<size_t> oldest;
    const size_t deploys = random() % 4;
    for (size_t i = 0; i < deploys; ++i) {
      const size_t head = random() % history.parents.size();
      const size_t base = random() % history.parents.size();
      facts.deploys.push_back({history.PlaceOf(head), history.PlaceOf(base)});
      const std::set<size_t> without = history.Held(base);
      std::optional<size_t> newest_of_line;
      for (const size_t held : history.Held(head)) {
        if (!without.contains(held)) explained.insert(held);
        const bool on_line = std::find(history.line.begin(), history.line.end(), held) != history.line.end();
        if (on_line && (!newest_of_line || held > *newest_of_line)) newest_of_line = held;
      }
      if (!oldest || *newest_of_line < *oldest) oldest = newest_of_line;
    }
    std::vector<size_t> expected;
    for (size_t place = history.line.size(); place-- > 0;) {
      const size_t commit = history.line[place];
      if (oldest && commit >= *oldest && !explained.contains(commit)) expected.push_back(place);
    }
    ASSERT_EQ(UnexplainedCommits(facts), expected) << "seed " << seed;
  }
}

}  // namespace
}  // namespace revertd
