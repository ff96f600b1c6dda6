// Shadow deploys as they are played on live traffic: when, on what, and what is left of them.
#include "analysis/shadow_desk.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "analysis/draw.h"
#include "tests/analysis/scenario.h"

namespace revertd {
namespace {

constexpr int64_t kHour = 3600;
constexpr int64_t kShadow = 900;
const ShadowSettings kSettings{.margins = {}, .horizon_seconds = kShadow, .value_needed = 5714};

using Results = std::vector<std::pair<std::string, ShadowResult>>;

class Desk {
 public:
  Desk()
      : desk_(kSettings, graph_,
              [this](std::string_view service, const ShadowResult& result) { results.emplace_back(service, result); }) {
  }

  // `seconds` of 20 requests a second and one error in a hundred, told in batches.
  void Feed(const std::string& service, int64_t seconds, int64_t batch = 60) {
    for (const int64_t end = next_ + seconds; next_ < end; ++next_) {
      SecondCounts counts;
      counts.second = next_;
      counts.by_age.requests[0] = static_cast<uint32_t>(DrawPoisson(20, random_));
      counts.by_age.errors[0] = static_cast<uint32_t>(DrawPoisson(0.2, random_));
      series_[service].Append(counts);
      if ((next_ + 1) % batch == 0) desk_.SealedThrough(next_, series_, registry_);
    }
  }
  void RegisterDeploy(const Deploy& deploy) { ASSERT_TRUE(registry_.Register(deploy).ok()); }
  int64_t now() const { return next_; }
  Calibration CalibrationAt(std::string_view service, int64_t second) const {
    return desk_.CalibrationOf(service, second);
  }
  void Restore(const Results& before) {
    for (const auto& [service, result] : before) desk_.Restore(service, result);
  }

  Results results;

 private:
  SeriesByService series_;
  DeployRegistry registry_{kShadow};
  const CallGraph graph_{ScenarioConfig()};
  ShadowDesk desk_;
  std::mt19937_64 random_{20'261'121};
  int64_t next_ = kDay;
};

TEST(ShadowDesk, PlaysOneBehindTheOtherOnceAnHourIsKnown) {
  Desk desk;
  desk.Feed("shop", 4 * kHour);
  ASSERT_GE(desk.results.size(), 10U);
  EXPECT_LE(desk.results.size(), 12U);
  EXPECT_GE(desk.results.front().second.start_second, kDay + kHour);
  for (size_t i = 1; i < desk.results.size(); ++i) {
    EXPECT_EQ(desk.results[i].second.start_second - desk.results[i - 1].second.start_second, kShadow);
  }
}

TEST(ShadowDesk, ShowsTheSameHoweverSecondsWereBatched) {
  std::vector<std::string> shown[2];
  for (const int64_t batch : {1, 600}) {
    Desk desk;
    desk.Feed("shop", 3 * kHour, batch);
    for (const auto& [service, result] : desk.results) shown[batch == 1 ? 0 : 1].push_back(Encode(result));
  }
  EXPECT_FALSE(shown[0].empty());
  EXPECT_EQ(shown[0], shown[1]);
}

TEST(ShadowDesk, LeavesOutWhatADeployDisturbed) {
  Desk quiet;
  quiet.Feed("shop", 3 * kHour);
  const int64_t start = quiet.results.back().second.start_second;
  Desk disturbed;
  disturbed.Feed("shop", start + 60 - kDay);
  disturbed.RegisterDeploy(DeployOf("shop", start + 100, start + 130, "abc1234"));
  disturbed.Feed("shop", kDay + 3 * kHour - disturbed.now());
  ASSERT_EQ(disturbed.results.size() + 1, quiet.results.size());
  EXPECT_LT(disturbed.results.back().second.start_second, start);
}

TEST(ShadowDesk, ADeployIsJudgedByWhatWasOverBeforeIt) {
  Desk desk;
  desk.Feed("shop", kHour + (60 + 96) * kShadow + 2 * kShadow);
  const int64_t now = desk.now();
  ASSERT_TRUE(desk.CalibrationAt("shop", now).calibrated);
  EXPECT_EQ(desk.CalibrationAt("shop", now).shadows, static_cast<int64_t>(desk.results.size()));
  EXPECT_EQ(desk.CalibrationAt("shop", now - kShadow).shadows, static_cast<int64_t>(desk.results.size()) - 1);
  EXPECT_FALSE(desk.CalibrationAt("shop", kDay + 24 * kHour).calibrated);
  EXPECT_FALSE(desk.CalibrationAt("mail", now).calibrated);

  // Another process knows as much from what was told, as the store keeps it.
  Desk restarted;
  for (auto& [service, result] : desk.results) result = *DecodeShadow(result.start_second, Encode(result));
  restarted.Restore(desk.results);
  const Calibration after = restarted.CalibrationAt("shop", now);
  EXPECT_TRUE(after.calibrated);
  EXPECT_EQ(after.slow, desk.CalibrationAt("shop", now).slow);
  EXPECT_EQ(after.fast, desk.CalibrationAt("shop", now).fast);
}

TEST(ShadowDesk, KeepsAWeek) {
  Desk desk;
  Results many;
  for (int64_t i = 0; i < static_cast<int64_t>(kShadowsKept) + 50; ++i) {
    many.push_back({"shop", {.start_second = kDay + i * kShadow, .log_max = {}, .log_delay = {}}});
  }
  desk.Restore(many);
  EXPECT_EQ(desk.CalibrationAt("shop", kDay * 2).shadows, static_cast<int64_t>(kShadowsKept));
}

TEST(ShadowDesk, DamagedResultsAreNone) {
  EXPECT_FALSE(DecodeShadow(kDay, "").has_value());
  EXPECT_FALSE(DecodeShadow(kDay, std::string(125, 'x')).has_value());
  EXPECT_TRUE(DecodeShadow(kDay, std::string(126, 'x')).has_value()) << "of an older release";
  EXPECT_EQ(DecodeShadow(kDay, std::string(126, 'x'))->controlled, ControlledOutcome::kNoControl);
  EXPECT_EQ(DecodeShadow(kDay, std::string(127, '\2'))->controlled, ControlledOutcome::kHeldBack);
  EXPECT_FALSE(DecodeShadow(kDay, std::string(127, 'x')).has_value());
  EXPECT_FALSE(DecodeShadow(kDay, std::string(128, '\2')).has_value());
}

// What the quick settings beside a control are worth depends on whether the two suffer together.
TEST(ShadowDesk, IncidentsThatAControlSharesDoNotRefuteIt) {
  const auto record = [](bool shared) {
    Scenario scenario;
    std::mt19937_64 random(20'261'122);
    const int64_t end = kDay + kHour + (60 + 96) * kShadow;
    const auto incident = [](int64_t every) {
      return [every](int64_t second) { return second % every < 40 ? 0.1 : 0.002; };
    };
    const auto of = [&](const std::string& service, int64_t every) {
      return Draw(service, {[](int64_t) { return 100.0; }, incident(every), 0, false}, kDay, end, random);
    };
    const std::vector<Stream> streams = {of("shop", 7'200), of("mail", shared ? 7'200 : 6'100)};
    std::vector<ShadowResult> results;
    const CallGraph graph(scenario.config);
    ShadowDesk desk(kSettings, graph, [&](std::string_view service, const ShadowResult& result) {
      if (service == "shop") results.push_back(result);
    });
    SeriesByService series;
    const DeployRegistry registry(kShadow);
    for (int64_t second = kDay; second < end; ++second) {
      for (const Stream& stream : streams) {
        series[stream.service].Append(stream.seconds[static_cast<size_t>(second - kDay)]);
      }
      if ((second + 1) % 60 == 0) desk.SealedThrough(second, series, registry);
    }
    EXPECT_FALSE(results.empty());
    return Calibrate(results, kSettings.value_needed).controlled;
  };
  EXPECT_EQ(record(true), ControlledRecord::kEarned);
  EXPECT_EQ(record(false), ControlledRecord::kRefuted);
}

// Through the loop: a verdict says whether the service had earned its settings, and acts by them without a control.
TEST(ShadowDesk, ACalibratedServiceNeedsNoControlToBeRolledBack) {
  Scenario scenario;
  std::mt19937_64 random(20'261'121);
  const int64_t deploy_at = kDay + kHour + (60 + 96) * kShadow + 2 * kShadow;
  const TrafficModel model{[](int64_t) { return 50.0; },
                           [&](int64_t second) { return second >= deploy_at ? 0.05 : 0.001; }, 0, false};
  const std::vector<Stream> streams = {Draw("shop", model, kDay, deploy_at + kShadow, random)};
  scenario.Feed(streams, kDay, deploy_at, 60);
  const Deploy deploy = scenario.Register(DeployOf("shop", deploy_at - 5, deploy_at, "abc1234"));
  scenario.Feed(streams, deploy_at, deploy_at + kShadow);
  const Verdict* const verdict = scenario.sink.LastVerdict(deploy.id);
  ASSERT_NE(verdict, nullptr);
  EXPECT_EQ(verdict->state, VerdictState::kRegressed);
  EXPECT_TRUE(verdict->calibrated);
  EXPECT_TRUE(verdict->evidence.front().control.empty());
  ASSERT_TRUE(scenario.sink.Triggered());
  EXPECT_LE(verdict->at_ns - deploy.finish_ns, 20 * kSecondNs) << "cold settings alone would take 81 s";
}

}  // namespace
}  // namespace revertd
