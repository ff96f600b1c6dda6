#include "bench/detection/history.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "analysis/analysis_loop.h"
#include "base/check.h"
#include "base/service_table.h"

namespace revertd::bench {
namespace {

constexpr int64_t kDay = 20'000 * 86'400;  // simulations tell time from here; a multiple of an hour
constexpr int64_t kDaySeconds = 86'400;

class HistorySink final : public AnalysisSink {
 public:
  void OnSecond(std::string_view, const SecondCounts&) override {}
  void OnHistoryBlock(std::string_view, const HistoryBlock& block) override { blocks.push_back(block); }
  void OnShadow(std::string_view, int64_t start_second, std::string_view result) override {
    const std::optional<ShadowResult> decoded = DecodeShadow(start_second, result);
    REVERTD_CHECK(decoded.has_value());
    shadows.push_back(*decoded);
  }
  void OnDeploy(const Deploy&) override {}
  void OnVerdict(const Verdict&) override {}
  void OnDecision(const Decision&) override {}
  void OnRecovery(const Recovery&) override {}
  Status OnTrigger(const RollbackTrigger&) override { return OkStatus(); }

  std::vector<HistoryBlock> blocks;
  std::vector<ShadowResult> shadows;
};

// Passes [from, to) through the real loop second by second; its blocks and shadow deploys are added to the history.
void Calibrate(const Traffic& traffic, const TrialSettings& settings, int64_t from, int64_t to, ClimatePath& climate,
               Random& random, History* history) {
  const Config config = ConfigOf(settings);
  ServiceTable services(4);
  HistorySink sink;
  AnalysisLoop loop(
      config, services, [](std::string_view) { return GateFacts{}; }, &sink);
  loop.RestoreHistory(kTarget, history->target, {});
  Window window;
  window.service = services.Intern(kTarget);
  for (int64_t second = from; second < to; ++second) {
    window.second = second;
    window.by_age = DrawSecond(traffic, climate.Next(), {}, random);
    loop.OnWindow(window);
    loop.SealedThrough(second);
  }
  loop.Finish();
  history->target.insert(history->target.end(), sink.blocks.begin(), sink.blocks.end());
  history->shadows = std::move(sink.shadows);
}

}  // namespace

std::string_view NameOf(ControlKind kind) {
  switch (kind) {
    case ControlKind::kNone: return "none";
    case ControlKind::kShared: return "same climate";
    case ControlKind::kOwn: return "own climate";
  }
  return "";
}

Config ConfigOf(const TrialSettings& settings) {
  Config config;
  config.repos.push_back({kTarget, "file:///repo", "production"});
  ServiceConfig target;
  target.name = kTarget;
  target.repo = kTarget;
  target.mode = Mode::kPush;
  ServiceConfig control;
  control.name = kControl;
  config.services = {target, control};
  config.detect.observe = settings.observe_seconds * kSecondNs;
  return config;
}

History DrawHistory(const Cell& cell, const TrialSettings& settings, uint64_t seed) {
  const Traffic traffic{cell.noise, cell.requests_per_second, cell.error_rate};
  History history;
  const auto blocks_of_a_day = static_cast<uint64_t>(kDaySeconds / kHistoryBlockSeconds);
  history.end_second = kDay + static_cast<int64_t>(SeedOf(seed, kTimeOfDay) % blocks_of_a_day) * kHistoryBlockSeconds;
  const int64_t from = history.end_second - settings.history_days * kDaySeconds;
  const int64_t calibrated_from = std::max(from, history.end_second - settings.calibration_days * kDaySeconds);
  ClimatePath climate(cell.noise, from, SeedOf(seed, kTargetClimate));
  Random random(SeedOf(seed, kTargetDraws));
  history.target = DrawHistory(traffic, from, calibrated_from, climate, random);
  if (calibrated_from < history.end_second) {
    Calibrate(traffic, settings, calibrated_from, history.end_second, climate, random, &history);
  }
  if (cell.control == ControlKind::kNone) return history;
  const bool shared = cell.control == ControlKind::kShared;
  ClimatePath control_climate(cell.noise, from, SeedOf(seed, shared ? kTargetClimate : kControlClimate));
  Random control_random(SeedOf(seed, kControlDraws));
  history.control = DrawHistory(traffic, from, history.end_second, control_climate, control_random);
  return history;
}

}  // namespace revertd::bench
