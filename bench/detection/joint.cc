#include "bench/detection/joint.h"

#include <algorithm>

namespace revertd::bench {
namespace {

enum SeedPart : uint64_t { kHistory, kTrial };

struct NamedPace {
  std::string_view name;
  double slowest_share;
};
// The slowest requests take twice as long: so many of them that the quantile doubles and the next lower one hardly
// moves.
constexpr NamedPace kPaces[] = {{"p99", 0.05}, {"p90", 0.25}, {"p50", 1}};
constexpr double kWorse[] = {5, 20};

JointCell Slower(JointCell cell, const NamedPace& pace) {
  cell.pace = {.all = 1, .slowest = kSlower, .slowest_share = pace.slowest_share};
  cell.pace_name = pace.name;
  return cell;
}

// What a mode asks of one kind of traffic.
void AddCells(JointMode mode, const JointCell& cell, std::vector<JointCell>* cells) {
  if (cell.traffic.noise.diurnal && mode != JointMode::kHealthy) return;
  JointCell asked = cell;
  switch (mode) {
    case JointMode::kLatency:
      for (const NamedPace& pace : kPaces) cells->push_back(Slower(cell, pace));
      return;
    case JointMode::kWarmUp:
      asked.warms_up = true;
      cells->push_back(asked);
      return;
    case JointMode::kHealthy: cells->push_back(cell); return;
    case JointMode::kOverlap:
      asked.has_neighbour = true;
      for (const double effect : kWorse) {
        asked.traffic.effect = effect;
        cells->push_back(asked);
      }
      return;
    case JointMode::kRecovery:
      if (cell.traffic.control == ControlKind::kNone) return;
      asked.is_reverted = true;
      for (const bool recovers : {true, false}) {
        asked.recovers = recovers;
        for (const double effect : kWorse) {
          asked.traffic.effect = effect;
          cells->push_back(asked);
        }
        asked.traffic.effect = 1;
        cells->push_back(Slower(asked, kPaces[0]));
      }
      return;
  }
}

JointResult Sum(JointMode mode, const JointCell& cell, const std::vector<JointOutcome>& outcomes) {
  JointResult result;
  result.mode = mode;
  result.cell = cell;
  result.runs = static_cast<int64_t>(outcomes.size());
  for (const JointOutcome& outcome : outcomes) {
    const bool regressed = outcome.regressed_second != kNever;
    result.regressed += regressed ? 1 : 0;
    result.acted += outcome.acted ? 1 : 0;
    result.ambiguous += !regressed && outcome.ambiguous_second != kNever ? 1 : 0;
    result.neighbour_regressed += outcome.neighbour_regressed ? 1 : 0;
    result.neighbour_ambiguous += !outcome.neighbour_regressed && outcome.neighbour_ambiguous ? 1 : 0;
    if (!outcome.signal.empty()) ++result.signals[outcome.signal];
    result.fired_seconds.push_back(outcome.FiredSecond());
    result.regressed_seconds.push_back(outcome.regressed_second);
    if (!outcome.recovery) continue;
    ++result.recovery[*outcome.recovery];
    result.recovery_seconds.push_back(outcome.recovery_second);
  }
  for (auto* seconds : {&result.fired_seconds, &result.regressed_seconds, &result.recovery_seconds}) {
    std::sort(seconds->begin(), seconds->end());
  }
  return result;
}

uint64_t SeedOfText(uint64_t seed, const std::string& text) {
  for (const char c : text) seed = SeedOf(seed, static_cast<unsigned char>(c));
  return seed;
}

}  // namespace

std::string_view NameOf(JointMode mode) {
  switch (mode) {
    case JointMode::kLatency: return "latency";
    case JointMode::kWarmUp: return "warm-up";
    case JointMode::kHealthy: return "joint";
    case JointMode::kRecovery: return "recovery";
    case JointMode::kOverlap: return "overlap";
  }
  return "";
}

int64_t JointResult::wrong_recoveries() const {
  const auto found = recovery.find(cell.recovers ? RecoveryState::kNotRecovered : RecoveryState::kRecovered);
  return found == recovery.end() ? 0 : found->second;
}

Grid JointGrid() {
  return {{*NoiseModelNamed("binomial"), *NoiseModelNamed("AR(1)"), *NoiseModelNamed("diurnal")},
          {20, 500},
          {0.001},
          {ControlKind::kNone, ControlKind::kShared}};
}

std::vector<JointCell> JointCells(JointMode mode, const Grid& grid) {
  std::vector<JointCell> cells;
  for (const Cell& traffic : DelayCells(grid, {1})) {
    JointCell cell;
    cell.traffic = traffic;
    AddCells(mode, cell, &cells);
  }
  return cells;
}

std::vector<JointResult> RunJoint(JointMode mode, const std::vector<JointCell>& cells, const RunSettings& given) {
  RunSettings settings = given;
  settings.trial.live_seconds = std::max(settings.trial.live_seconds, kJointLiveSeconds);
  std::vector<std::vector<JointOutcome>> outcomes(cells.size(),
                                                  std::vector<JointOutcome>(static_cast<size_t>(settings.runs)));
  ForEachShare(cells.size(), settings, [&](const RunShare& share) {
    const JointCell& cell = cells[share.cell];
    const uint64_t seed = SeedOfText(settings.seed, std::string(NameOf(mode)) + Describe(cell));
    const History history = DrawHistory(cell.traffic, settings.trial, SeedOf(SeedOf(seed, kHistory), share.history));
    for (size_t run = share.begin; run < share.end; ++run) {
      outcomes[share.cell][run] = RunJointTrial(cell, settings.trial, history, SeedOf(SeedOf(seed, kTrial), run));
    }
  });
  std::vector<JointResult> results;
  for (size_t i = 0; i < cells.size(); ++i) results.push_back(Sum(mode, cells[i], outcomes[i]));
  return results;
}

}  // namespace revertd::bench
