// Follow-ups by what roll-ups know: slowness that comes after a while, and what a restart has forgotten.
#include <gtest/gtest.h>

#include <algorithm>

#include "analysis/follow_up_desk.h"
#include "tests/analysis/shop.h"

namespace revertd {
namespace {

constexpr char kId[] = "shop-abc1234";

TEST(FollowUpOfAllSignals, FindsWhatBecameSlowAfterAWhile) {
  Shop shop([](int64_t second) { return Pace{.slowdown = second >= kDeployAt + 2400 ? 2.0 : 1.0}; },
            [](int64_t) { return Pace{}; });
  shop.Feed(kDay, kDeployAt);
  EXPECT_EQ(shop.Judge("abc1234", kDeployAt, 900).state, VerdictState::kHealthy);
  shop.Feed(kDeployAt + 900, kDeployAt + kHour + 10);
  ASSERT_EQ(shop.sink().follow_ups.size(), 1U);
  const Verdict& found = shop.sink().follow_ups[0].verdict;
  EXPECT_EQ(found.state, VerdictState::kRegressed) << found.reason;
  EXPECT_TRUE(found.reason.starts_with("latency_")) << found.reason;
  EXPECT_EQ(shop.sink().LastVerdict(kId)->state, VerdictState::kRegressed);
  EXPECT_TRUE(shop.Triggered());
}

// Roll-ups of before a restart are gone, and with them how slow the service was before its deploy.
class FollowUpAfterARestart : public ::testing::Test {
 protected:
  static constexpr int64_t kFollowedUp = kDeployAt + kHour;

  FollowUpAfterARestart() : before_(Usual, Usual) {
    before_.Feed(kDay, kDeployAt);
    EXPECT_EQ(before_.Judge("abc1234", kDeployAt, 1000).state, VerdictState::kHealthy);
  }
  static Pace Usual(int64_t) { return {}; }
  // Of a process that begins at `back`, of what the one before told until `away`.
  Verdict Told(int64_t away, int64_t back, bool with_evidence) {
    before_.Feed(kDeployAt + 1000, away);
    Verdict verdict = *before_.sink().LastVerdict(kId);
    if (!with_evidence) verdict.evidence.clear();
    Shop after(Usual, Usual);
    for (const char* service : {"shop", "mail"}) {
      const std::vector<SecondCounts>& seconds = before_.sink().seconds[service];
      after.loop().RestoreHistory(service, before_.sink().blocks[service], {seconds.end() - 1800, seconds.end()});
    }
    after.loop().RestoreDeploy(before_.sink().deploys.back(), verdict, std::nullopt);
    after.Feed(back, std::max(back, kFollowedUp) + 10);
    EXPECT_EQ(after.sink().follow_ups.size(), 1U);
    return after.sink().follow_ups.empty() ? Verdict{} : after.sink().follow_ups[0].verdict;
  }

  Shop before_;
};

TEST_F(FollowUpAfterARestart, WithoutOneItIsHealthy) {
  before_.Feed(kDeployAt + 1000, kFollowedUp + 10);
  ASSERT_EQ(before_.sink().follow_ups.size(), 1U);
  EXPECT_EQ(before_.sink().follow_ups[0].verdict.state, VerdictState::kHealthy);
}

TEST_F(FollowUpAfterARestart, ErrorsAloneProveNoHealthWhereDurationsAreLogged) {
  const Verdict told = Told(kDeployAt + 2000, kDeployAt + 2000, false);
  EXPECT_EQ(told.state, VerdictState::kInconclusive);
  EXPECT_EQ(told.reason, kLatencyUnknown);
}

// Of the seconds that are read again no durations are kept.
TEST_F(FollowUpAfterARestart, NorWhereLatencyWasJudgedBefore) {
  const Verdict told = Told(kFollowedUp - 50, kFollowedUp + 100, true);
  EXPECT_EQ(told.state, VerdictState::kInconclusive);
  EXPECT_EQ(told.reason, kLatencyUnknown);
}

}  // namespace
}  // namespace revertd
