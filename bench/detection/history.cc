#include "bench/detection/history.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "analysis/analysis_loop.h"
#include "base/check.h"
#include "base/service_table.h"

namespace revertd::bench {
namespace {

constexpr int64_t kDay = 20'000 * 86'400;  // simulations tell time from here; a multiple of an hour
constexpr int64_t kDaySeconds = 86'400;

class HistorySink final : public PartialSink {
 public:
  void OnHistoryBlock(std::string_view service, const HistoryBlock& block) override {
    blocks[std::string(service)].push_back(block);
  }
  void OnShadow(std::string_view service, int64_t start_second, std::string_view result) override {
    if (service != kTarget) return;
    const std::optional<ShadowResult> decoded = DecodeShadow(start_second, result);
    REVERTD_CHECK(decoded.has_value());
    shadows.push_back(*decoded);
  }

  std::map<std::string, std::vector<HistoryBlock>> blocks;
  std::vector<ShadowResult> shadows;
};

// A service's climate and draws, as they pass.
struct Path {
  ClimatePath climate;
  Random random;
};

// Passes [from, to) through the real loop second by second; the blocks and the target's shadow deploys are added to the
// history. `control`: nullptr where there is none.
void Calibrate(const Traffic& traffic, const TrialSettings& settings, int64_t from, int64_t to, Path& target,
               Path* control, History* history) {
  const Config config = ConfigOf(settings);
  ServiceTable services(4);
  HistorySink sink;
  AnalysisLoop loop(
      config, services, [](const Deploy&) { return GateFacts{}; }, &sink);
  loop.RestoreHistory(kTarget, history->target, {});
  if (control != nullptr) loop.RestoreHistory(kControl, history->control, {});
  Window window;
  const ServiceId target_id = services.Intern(kTarget), control_id = services.Intern(kControl);
  const auto feed = [&](ServiceId service, int64_t second, Path& path) {
    window.service = service;
    window.second = second;
    window.by_age = DrawSecond(traffic, path.climate.Next(), {}, path.random);
    loop.OnWindow(window);
  };
  for (int64_t second = from; second < to; ++second) {
    feed(target_id, second, target);
    if (control != nullptr) feed(control_id, second, *control);
    loop.SealedThrough(second);
  }
  loop.Finish();
  history->target.insert(history->target.end(), sink.blocks[kTarget].begin(), sink.blocks[kTarget].end());
  history->control.insert(history->control.end(), sink.blocks[kControl].begin(), sink.blocks[kControl].end());
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
  Path target{ClimatePath(cell.noise, from, SeedOf(seed, kTargetClimate)), Random(SeedOf(seed, kTargetDraws))};
  const bool shared = cell.control == ControlKind::kShared;
  Path control{ClimatePath(cell.noise, from, SeedOf(seed, shared ? kTargetClimate : kControlClimate)),
               Random(SeedOf(seed, kControlDraws))};
  const bool has_control = cell.control != ControlKind::kNone;
  history.target = DrawHistory(traffic, from, calibrated_from, target.climate, target.random);
  if (has_control) history.control = DrawHistory(traffic, from, calibrated_from, control.climate, control.random);
  if (calibrated_from < history.end_second) {
    Calibrate(traffic, settings, calibrated_from, history.end_second, target, has_control ? &control : nullptr,
              &history);
  }
  return history;
}

}  // namespace revertd::bench
