#include "bench/detection/trial.h"

#include <span>
#include <vector>

#include "analysis/analysis_loop.h"
#include "base/check.h"
#include "base/service_table.h"

namespace revertd::bench {
namespace {

constexpr int64_t kHourSeconds = 3'600;
constexpr int64_t kDeploySeconds = 10;  // from start to finish: the old version serves
constexpr int64_t kOutageWithin = 300;  // an outage begins within these seconds after the finish

class OutcomeSink final : public PartialSink {
 public:
  explicit OutcomeSink(int64_t first_second) : first_second_(first_second) {}
  void OnVerdict(const Verdict& verdict) override {
    const int64_t seconds = FloorToSecond(verdict.at_ns) - first_second_;
    outcome.calibrated = verdict.calibrated;
    for (const Evidence& evidence : verdict.evidence) outcome.control_usable |= !evidence.control.empty();
    if (verdict.state == VerdictState::kRegressed) outcome.regressed_second = seconds;
    if (verdict.state == VerdictState::kAmbiguous) outcome.ambiguous_second = seconds;
    if (verdict.state == VerdictState::kHealthy) outcome.healthy = true;
  }
  Status OnTrigger(const RollbackTrigger&) override {
    outcome.acted = true;
    return OkStatus();
  }
  bool regressed() const { return outcome.regressed_second != kNever; }

  Outcome outcome;

 private:
  int64_t first_second_;
};

// All seconds of a trial, drawn before anybody judges them.
struct Seconds {
  std::vector<AgeCounts> target;
  std::vector<AgeCounts> control;  // empty: none
};

Seconds DrawSeconds(const Cell& cell, const TrialSettings& settings, int64_t from, int64_t first_second,
                    uint64_t seed) {
  const Traffic traffic{cell.noise, cell.requests_per_second, cell.error_rate};
  const int64_t to = first_second + settings.observe_seconds;
  const int64_t outage_from =
      first_second + static_cast<int64_t>(SeedOf(seed, kOutage) % static_cast<uint64_t>(kOutageWithin));
  const bool shared = cell.control == ControlKind::kShared;
  ClimatePath climate(cell.noise, from, SeedOf(seed, kTargetClimate));
  ClimatePath control_climate(cell.noise, from, SeedOf(seed, shared ? kTargetClimate : kControlClimate));
  Random random(SeedOf(seed, kTargetDraws)), control_random(SeedOf(seed, kControlDraws));
  Seconds seconds;
  for (int64_t second = from; second < to; ++second) {
    const auto outage_at = [&](int64_t start) { return start >= outage_from ? cell.outage : 1.0; };
    const auto effect_at = [&](int64_t start) {
      return (start >= first_second ? cell.effect : 1.0) * outage_at(start);
    };
    seconds.target.push_back(DrawSecond(traffic, climate.Next(), {effect_at(second), effect_at(second - 1)}, random));
    if (cell.control == ControlKind::kNone) continue;
    seconds.control.push_back(
        DrawSecond(traffic, control_climate.Next(), {outage_at(second), outage_at(second - 1)}, control_random));
  }
  return seconds;
}

// Answers what the detector said of the deploy that finishes at first_second; `from` is the first of `seconds`.
Outcome Detect(const TrialSettings& settings, const History& history, const Seconds& seconds, int64_t from,
               int64_t first_second) {
  const Config config = ConfigOf(settings);
  ServiceTable services(4);
  const ServiceId target = services.Intern(kTarget), control = services.Intern(kControl);
  OutcomeSink sink(first_second);
  AnalysisLoop loop(
      config, services, [](const Deploy&) { return GateFacts{}; }, &sink);
  loop.RestoreHistory(kTarget, history.target, {});
  for (const ShadowResult& shadow : history.shadows) loop.RestoreShadow(kTarget, shadow);
  if (!seconds.control.empty()) loop.RestoreHistory(kControl, history.control, {});
  Window window;
  const auto feed = [&](ServiceId service, int64_t second, const AgeCounts& counts) {
    window.service = service;
    window.second = second;
    window.by_age = counts;
    loop.OnWindow(window);
  };
  const int64_t to = from + static_cast<int64_t>(seconds.target.size());
  for (int64_t second = from; second < to && !sink.regressed(); ++second) {
    const auto index = static_cast<size_t>(second - from);
    if (second == first_second - kDeploySeconds) {
      Deploy deploy;
      deploy.service = kTarget;
      deploy.id = deploy.head = "abcdef0";
      deploy.start_ns = second * kSecondNs;
      deploy.finish_ns = first_second * kSecondNs;
      REVERTD_CHECK(loop.OnDeploy(deploy).ok());
    }
    feed(target, second, seconds.target[index]);
    if (!seconds.control.empty()) feed(control, second, seconds.control[index]);
    if ((second - from + 1) % settings.batch_seconds == 0 || second + 1 == to) loop.SealedThrough(second);
  }
  if (!sink.regressed()) loop.Finish();
  return sink.outcome;
}

std::vector<RateCounts> AllOf(std::span<const AgeCounts> seconds) {
  std::vector<RateCounts> counts;
  for (const AgeCounts& second : seconds) counts.push_back(AllAges(second));
  return counts;
}

std::vector<RateCounts> OfTheNewVersion(std::span<const AgeCounts> seconds) {
  std::vector<RateCounts> counts;
  for (size_t i = 0; i < seconds.size(); ++i) {
    counts.push_back(StartedFrom(seconds[i], static_cast<int64_t>(i), 0));
  }
  return counts;
}

RateCounts LastHour(const History& history, std::span<const RateCounts> before) {
  RateCounts sum;
  const int64_t from = history.end_second + static_cast<int64_t>(before.size()) - kHourSeconds;
  for (auto block = history.target.rbegin(); block != history.target.rend() && block->start_second >= from; ++block) {
    sum += {block->requests, block->errors};
  }
  for (const RateCounts& second : before) sum += second;
  return sum;
}

}  // namespace

Outcome RunTrial(const Cell& cell, const TrialSettings& settings, const History& history, uint64_t seed) {
  const int64_t from = history.end_second;
  const int64_t first_second = from + settings.live_seconds + kDeploySeconds;
  const Seconds seconds = DrawSeconds(cell, settings, from, first_second, seed);
  Outcome outcome = Detect(settings, history, seconds, from, first_second);

  const auto finish = static_cast<size_t>(first_second - from);
  const std::span<const AgeCounts> target = seconds.target;
  const std::vector<RateCounts> after = OfTheNewVersion(target.subspan(finish));
  RateCounts sum;
  for (size_t i = 0; i < after.size(); ++i) {
    const auto elapsed = static_cast<int64_t>(i) + 1;
    sum += after[i];
    if (sum.errors >= 5 && outcome.fifth_error_second == kNever) outcome.fifth_error_second = elapsed;
    if (elapsed == outcome.regressed_second) outcome.regressed_requests = sum.requests;
  }
  outcome.rival_second.fill(kNever);
  if (!settings.judge_rivals) return outcome;
  // As for the detector, the deploy itself and the 30 s before it are no baseline.
  const std::vector<RateCounts> before =
      AllOf(target.first(static_cast<size_t>(settings.live_seconds - kSecondsBeforeDeployLeftOut)));
  std::vector<RateCounts> control;
  if (!seconds.control.empty()) control = OfTheNewVersion(std::span(seconds.control).subspan(finish));
  const RivalView view{LastHour(history, before), before, after, control, SeedOf(seed, kChecks)};
  for (size_t i = 0; i < kRivals.size(); ++i) outcome.rival_second[i] = kRivals[i].judge(view);
  return outcome;
}

}  // namespace revertd::bench
