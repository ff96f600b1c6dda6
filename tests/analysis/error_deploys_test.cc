// Deploys judged by what an error tracker is told: from events to verdict, decision and recovery, through AnalysisLoop.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/analysis/error_traffic.h"

namespace revertd {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr double kRequests = 100;
constexpr uint64_t kNewGroup = 0xABCDEF;

ErrorSource NewError(double rate = 1, const std::string& release = "") {
  return {.fingerprint = kNewGroup, .origin = kNewGroup, .rate = rate, .release = release};
}

std::vector<ErrorSource> OfRelease(std::vector<ErrorSource> sources, const std::string& release, double times = 1) {
  for (ErrorSource& source : sources) source.release = release, source.rate *= times;
  return sources;
}

std::vector<ErrorSource> And(std::vector<ErrorSource> sources, const std::vector<ErrorSource>& more) {
  sources.insert(sources.end(), more.begin(), more.end());
  return sources;
}

TEST(ErrorDeploys, ANewErrorWithoutAnyFailedRequestIsRegressedNamedAndUndone) {
  TrackedShop shop(1, kRequests, UsualErrors(kRequests), true);
  shop.Remember();
  shop.Serve(-60, 0, shop.usual(), shop.usual());
  const Deploy deploy = shop.Deployed();
  shop.Serve(0, 120, And(shop.usual(), {NewError()}), shop.usual());
  const Verdict verdict = shop.Last(deploy);
  ASSERT_EQ(verdict.state, VerdictState::kRegressed);
  EXPECT_EQ(verdict.reason, "new_errors");
  EXPECT_FALSE(verdict.calibrated);
  ASSERT_THAT(verdict.evidence, testing::Not(IsEmpty()));
  const Evidence& evidence = verdict.evidence.front();
  EXPECT_EQ(evidence.signal, kNewErrors);
  EXPECT_EQ(evidence.group, FingerprintText(kNewGroup));
  EXPECT_EQ(evidence.control, "mail");
  EXPECT_GE(evidence.e_value, evidence.e_value_needed);
  EXPECT_EQ(evidence.before, 0);
  EXPECT_NEAR(evidence.after, 0.01, 0.005);
  EXPECT_GE(evidence.onset_ns, TrackedShop::kFinish * kSecondNs);
  ASSERT_THAT(verdict.errors, SizeIs(1));
  const NamedError& error = verdict.errors.front();
  EXPECT_EQ(error.fingerprint, kNewGroup);
  EXPECT_TRUE(error.is_new);
  EXPECT_EQ(error.type, "TypeError");
  EXPECT_EQ(error.culprit, "checkout.views.pay");
  EXPECT_FALSE(error.event_id.empty());
  EXPECT_EQ(error.events, evidence.x_after);
  ASSERT_THAT(shop.sink().decisions, SizeIs(1));
  EXPECT_EQ(shop.sink().decisions[0].kind, DecisionKind::kAct);
  ASSERT_THAT(shop.sink().triggers, SizeIs(1));
  EXPECT_EQ(shop.sink().triggers[0].evidence.group, FingerprintText(kNewGroup));
}

TEST(ErrorDeploys, WithoutAControlAPersonDecides) {
  TrackedShop shop(2, kRequests, UsualErrors(kRequests));
  shop.Remember();
  shop.Serve(-60, 0, shop.usual());
  const Deploy deploy = shop.Deployed();
  shop.Serve(0, 120, And(shop.usual(), {NewError()}));
  EXPECT_EQ(shop.Last(deploy).state, VerdictState::kRegressed);
  ASSERT_THAT(shop.sink().decisions, SizeIs(1));
  EXPECT_EQ(shop.sink().decisions[0].kind, DecisionKind::kTriage);
  EXPECT_EQ(shop.sink().decisions[0].reason, "uncalibrated_without_control");
}

TEST(ErrorDeploys, AnOutageThatGivesOthersNewErrorsTooIsAmbiguous) {
  TrackedShop shop(3, kRequests, UsualErrors(kRequests), true);
  shop.Remember();
  shop.Serve(-60, 0, shop.usual(), shop.usual());
  const Deploy deploy = shop.Deployed();
  const std::vector<ErrorSource> timeouts = {{.fingerprint = 31, .origin = 31, .rate = 1}};
  shop.Serve(0, 300, And(shop.usual(), timeouts), And(shop.usual(), timeouts));
  EXPECT_EQ(shop.Last(deploy).state, VerdictState::kAmbiguous);
  EXPECT_EQ(shop.Last(deploy).reason, kControlMoved);
  EXPECT_FALSE(shop.sink().Triggered());
}

TEST(ErrorDeploys, ErrorsOfAReleaseThatServedBeforeAreNotTheDeploys) {
  TrackedShop shop(4, kRequests, UsualErrors(kRequests), true);
  shop.Remember();
  const std::vector<ErrorSource> old = OfRelease(shop.usual(), "shop@1.0");
  shop.Serve(-60, 0, old, shop.usual());
  const Deploy deploy = shop.Deployed();
  // Browsers that keep the old version meet something that is new to it.
  const std::vector<ErrorSource> both =
      And(And(OfRelease(shop.usual(), "shop@1.1", 0.8), OfRelease(shop.usual(), "shop@1.0", 0.2)),
          {NewError(1, "shop@1.0")});
  shop.Serve(0, 400, both, shop.usual());
  EXPECT_EQ(shop.Last(deploy).state, VerdictState::kHealthy);
  shop.Serve(400, 800, And(both, {{.fingerprint = 32, .origin = 32, .rate = 1, .release = "shop@1.1"}}), shop.usual());
  const Verdict verdict = shop.Last(deploy);
  EXPECT_EQ(verdict.state, VerdictState::kRegressed) << "that one is the new version's";
  ASSERT_THAT(verdict.errors, testing::Not(IsEmpty()));
  EXPECT_EQ(verdict.errors[0].fingerprint, 32U);
}

TEST(ErrorDeploys, TheOldReleaseBesideIsTheControl) {
  TrackedShop shop(5, kRequests, UsualErrors(kRequests));
  shop.Remember();
  shop.Serve(-60, 0, OfRelease(shop.usual(), "shop@1.0"));
  const std::string fresh = std::string("shop@") + std::string(TrackedShop::kHead).substr(0, 10);
  const Deploy deploy = shop.Deployed();
  const std::vector<ErrorSource> both =
      And(OfRelease(shop.usual(), fresh, 0.5), OfRelease(shop.usual(), "shop@1.0", 0.5));
  shop.Serve(0, 200, And(both, {NewError(1, fresh)}));
  const Verdict verdict = shop.Last(deploy);
  ASSERT_EQ(verdict.state, VerdictState::kRegressed);
  EXPECT_EQ(verdict.evidence.front().control, "shop@1.0");
  EXPECT_EQ(verdict.evidence.front().cohort, fresh);
  EXPECT_TRUE(shop.sink().Triggered());
}

TEST(ErrorDeploys, WhatTheOldReleaseMeetsTooIsNotTheDeploys) {
  TrackedShop shop(6, kRequests, UsualErrors(kRequests));
  shop.Remember();
  shop.Serve(-60, 0, OfRelease(shop.usual(), "shop@1.0"));
  const Deploy deploy = shop.Deployed();
  const std::vector<ErrorSource> both =
      And(OfRelease(shop.usual(), "shop@1.1", 0.5), OfRelease(shop.usual(), "shop@1.0", 0.5));
  shop.Serve(0, 300, And(both, {NewError(0.5, "shop@1.1"), NewError(0.5, "shop@1.0")}));
  EXPECT_EQ(shop.Last(deploy).state, VerdictState::kAmbiguous);
  EXPECT_EQ(shop.Last(deploy).reason, kControlMoved);
}

TEST(ErrorDeploys, WhereReleasesNeverTellAllEventsCount) {
  TrackedShop shop(7, kRequests, UsualErrors(kRequests), true);
  shop.Remember();
  shop.Serve(-60, 0, OfRelease(shop.usual(), "latest"), shop.usual());
  const Deploy deploy = shop.Deployed();
  shop.Serve(0, 120, And(OfRelease(shop.usual(), "latest"), {NewError(1, "latest")}), shop.usual());
  EXPECT_EQ(shop.Last(deploy).state, VerdictState::kRegressed);
}

TEST(ErrorDeploys, AServiceWithoutALogIsFoundBadAndNeverProvedHealthy) {
  const std::vector<ErrorSource> usual = UsualErrors(20);
  TrackedShop bad(8, 0, usual);
  bad.Remember();
  bad.Serve(-60, 0, usual);
  const Deploy regressed = bad.Deployed();
  bad.Serve(0, 200, And(usual, {NewError()}));
  EXPECT_EQ(bad.Last(regressed).state, VerdictState::kRegressed);
  TrackedShop good(9, 0, usual);
  good.Remember();
  good.Serve(-60, 0, usual);
  const Deploy undecided = good.Deployed();
  good.Serve(0, 901, usual);
  EXPECT_EQ(good.Last(undecided).state, VerdictState::kInconclusive);
  EXPECT_EQ(good.Last(undecided).reason, kOnlyErrorEvents);
}

TEST(ErrorDeploys, AServiceThatJustBeganToTellOfItsErrorsIsAPersonsCase) {
  TrackedShop shop(10, kRequests, UsualErrors(kRequests), true);
  shop.Remember("mail", kRequests);
  std::mt19937_64 random(1);
  shop.loop().RestoreHistory("shop",
                             DrawHistory(Steady(kRequests, 0), TrackedShop::kFinish - 7200,
                                         HistoryBlockStart(TrackedShop::kFinish - 60), random),
                             {});
  shop.Serve(-60, 0, {}, shop.usual());
  const Deploy deploy = shop.Deployed();
  shop.Serve(0, 600, shop.usual(), shop.usual());
  EXPECT_EQ(shop.Last(deploy).state, VerdictState::kRegressed);
  ASSERT_THAT(shop.sink().decisions, testing::Not(IsEmpty()));
  EXPECT_EQ(shop.sink().decisions[0].kind, DecisionKind::kTriage) << "the SDK may have come with this deploy";
}

TEST(ErrorDeploys, BeforeAnythingIsKnownOfErrorsNothingIsNew) {
  TrackedShop shop(11, kRequests, UsualErrors(kRequests));
  std::mt19937_64 random(1);
  shop.loop().RestoreHistory("shop",
                             DrawHistory(Steady(kRequests, 0), TrackedShop::kFinish - 7200,
                                         HistoryBlockStart(TrackedShop::kFinish - 60), random),
                             {});
  shop.Serve(-60, 0, {});
  const Deploy deploy = shop.Deployed();
  shop.Serve(0, 300, shop.usual());
  EXPECT_EQ(shop.Last(deploy).state, VerdictState::kHealthy);
}

TEST(ErrorDeploys, ADeployThatIsToldOfLateIsJudgedAsIfInTime) {
  const auto judge = [](int64_t told_after) {
    TrackedShop shop(12, kRequests, UsualErrors(kRequests), true);
    shop.Remember();
    shop.Serve(-60, 0, shop.usual(), shop.usual());
    const std::vector<ErrorSource> sent = And(shop.usual(), {NewError()});
    shop.Serve(0, told_after, sent, shop.usual());
    const Deploy deploy = shop.Deployed();
    shop.Serve(told_after, 700, sent, shop.usual());
    return shop.Last(deploy);
  };
  const Verdict in_time = judge(0);
  const Verdict late = judge(600);
  EXPECT_EQ(in_time.state, VerdictState::kRegressed);
  EXPECT_EQ(late.state, in_time.state);
  EXPECT_EQ(late.at_ns, in_time.at_ns);
  ASSERT_EQ(late.evidence.size(), in_time.evidence.size());
  EXPECT_EQ(late.evidence[0].e_value, in_time.evidence[0].e_value);
}

TEST(ErrorDeploys, HowSecondsAreBatchedChangesNothing) {
  const auto judge = [](int64_t batch) {
    TrackedShop shop(18, kRequests, UsualErrors(kRequests), true);
    shop.TellSessions(5, 0.001);
    shop.Remember();
    shop.Serve(-60, 0, shop.usual(), shop.usual());
    const Deploy deploy = shop.Deployed();
    shop.SealEvery(batch);
    shop.Serve(0, 300, And(shop.usual(), {NewError(0.3)}), shop.usual());
    return shop.Last(deploy);
  };
  const Verdict each = judge(1);
  ASSERT_EQ(each.state, VerdictState::kRegressed);
  for (const int64_t batch : {7, 60, 300}) {
    const Verdict batched = judge(batch);
    EXPECT_EQ(batched.at_ns, each.at_ns) << batch;
    EXPECT_EQ(batched.evidence[0].e_value, each.evidence[0].e_value) << batch;
  }
}

TEST(ErrorDeploys, AfterARestartOldGroupsAreKnownAndTheNewOneIsFoundFromThenOn) {
  TrackedShop shop(13, kRequests, UsualErrors(kRequests), true);
  shop.Remember();
  // Before the restart the new group came up, and the watch was told of.
  ErrorGroupRecord begun;
  begun.service = "shop";
  begun.fingerprint = begun.origin = kNewGroup;
  begun.first_seen_ns = (TrackedShop::kFinish + 1) * kSecondNs;
  begun.last_seen_ns = (TrackedShop::kFinish + 20) * kSecondNs;
  begun.events = 20;
  shop.loop().RestoreErrorGroup(begun);
  Verdict watching;
  const Deploy deploy = DeployOf("shop", TrackedShop::kFinish - 20, TrackedShop::kFinish, TrackedShop::kHead);
  watching.deploy_id = deploy.id;
  watching.service = "shop";
  watching.reason = "watch_started";
  watching.at_ns = TrackedShop::kFinish * kSecondNs;
  shop.loop().RestoreDeploy(deploy, watching, std::nullopt);
  shop.Serve(40, 200, And(shop.usual(), {NewError()}), shop.usual());
  const Verdict verdict = shop.Last(deploy);
  ASSERT_EQ(verdict.state, VerdictState::kRegressed);
  ASSERT_THAT(verdict.errors, SizeIs(1));
  EXPECT_EQ(verdict.errors[0].first_seen_ns, begun.first_seen_ns);
  EXPECT_GE(verdict.evidence[0].onset_ns, (TrackedShop::kFinish + 40) * kSecondNs) << "seconds before are gone";
}

TEST(ErrorDeploys, FailedRequestsThatDecideAreToldTogetherWithTheNewErrors) {
  TrackedShop shop(14, kRequests, UsualErrors(kRequests), true);
  shop.Remember();
  shop.Serve(-60, 0, shop.usual(), shop.usual());
  const Deploy deploy = shop.Deployed();
  shop.Serve(0, 400, And(shop.usual(), {NewError(0.06)}), shop.usual(), 0.2);
  const Verdict verdict = shop.Last(deploy);
  EXPECT_EQ(verdict.reason, "errors_above_null");
  ASSERT_THAT(verdict.errors, testing::Not(IsEmpty()));
  EXPECT_EQ(verdict.errors[0].fingerprint, kNewGroup);
}

TEST(ErrorDeploys, ARollbackHasRecoveredOnceTheErrorStops) {
  for (const bool mended : {true, false}) {
    SCOPED_TRACE(mended);
    TrackedShop shop(15, kRequests, UsualErrors(kRequests), true);
    shop.Remember();
    shop.Serve(-60, 0, shop.usual(), shop.usual());
    shop.Deployed();
    const std::vector<ErrorSource> bad = And(shop.usual(), {NewError()});
    shop.Serve(0, 120, bad, shop.usual());
    ASSERT_THAT(shop.sink().triggers, SizeIs(1));
    shop.loop().OnRevertPrepared(shop.sink().triggers[0].id, "feedface0000");
    const int64_t reverted = TrackedShop::kFinish + 120;
    shop.scenario().Register(DeployOf("shop", reverted - 10, reverted, "feedface0000"));
    shop.Serve(120, 600, mended ? shop.usual() : bad, shop.usual());
    ASSERT_THAT(shop.sink().recoveries, testing::Not(IsEmpty()));
    EXPECT_EQ(shop.sink().recoveries.back().state, mended ? RecoveryState::kRecovered : RecoveryState::kNotRecovered);
  }
}

TEST(ErrorDeploys, AFollowUpFindsAnErrorThatBeginsAnHourLater) {
  TrackedShop shop(16, kRequests, UsualErrors(kRequests), true);
  shop.Remember();
  shop.Serve(-60, 0, shop.usual(), shop.usual());
  const Deploy deploy = shop.Deployed();
  shop.Serve(0, 2750, shop.usual(), shop.usual());
  EXPECT_EQ(shop.Last(deploy).state, VerdictState::kHealthy);
  shop.Serve(2750, 3601, And(shop.usual(), {NewError()}), shop.usual());
  EXPECT_EQ(shop.Last(deploy).state, VerdictState::kRegressed);
  EXPECT_EQ(shop.Last(deploy).reason, "new_errors");
}

TEST(ErrorDeploys, AGroupThatIsLearnedOfLateIsNotNew) {
  TrackedShop shop(17, kRequests, UsualErrors(kRequests), true);
  shop.Remember();
  shop.Serve(-60, 0, shop.usual(), shop.usual());
  const Deploy deploy = shop.Deployed();
  shop.Serve(0, 10, shop.usual(), shop.usual());
  // A phone that was in a tunnel for hours.
  shop.SendOne("shop", TrackedShop::kFinish - 7200, NewError());
  shop.Serve(10, 300, And(shop.usual(), {NewError()}), shop.usual());
  EXPECT_EQ(shop.Last(deploy).state, VerdictState::kHealthy);
}

}  // namespace
}  // namespace revertd
