// Trial: one simulated deploy before the real detector, through the doors that production uses: history restored,
// windows second by second, a deploy registered, verdicts and decisions taken from the sink. The rivals see the same.
//
// Pure given the seed; any thread, each trial with a loop of its own.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "bench/detection/rivals.h"
#include "bench/detection/traffic_model.h"

namespace revertd::bench {

// The control has the target's size and rates, no calls to or from it, and its own draws. Under kShared it has the
// target's climate too (the same drift and incidents), as un-deployed replicas would; under kOwn a climate of its own.
enum class ControlKind { kNone, kShared, kOwn };
std::string_view NameOf(ControlKind kind);

struct Cell {
  NoiseModel noise;
  double requests_per_second = 0;
  double error_rate = 0;
  double effect = 1;  // what the new version multiplies the error rate by
  double outage = 1;  // what an outage multiplies both services' error rates by, from some second after the finish on
  ControlKind control = ControlKind::kNone;
};

struct TrialSettings {
  int64_t history_days = 7;
  int64_t observe_seconds = int64_t{15} * 60;
  int64_t live_seconds = 960;  // before the deploy, fed as windows; a multiple of a history block
  int64_t batch_seconds = 1;   // sealed at a time; no answer may depend on it
  bool judge_rivals = true;
};

// The past of the services of a cell, up to live_seconds before the deploy. Several trials may share it, as deploys of
// one service do: they differ in everything from there on.
struct History {
  std::vector<HistoryBlock> target;
  std::vector<HistoryBlock> control;
  int64_t end_second = 0;
};
History DrawHistory(const Cell& cell, const TrialSettings& settings, uint64_t seed);

struct Outcome {
  int64_t regressed_second = kNever;  // seconds from the finish to the verdict, at whose end it stands
  int64_t regressed_requests = 0;     // of the new version until then
  int64_t ambiguous_second = kNever;
  int64_t fifth_error_second = kNever;
  bool acted = false;  // the gate wrote a trigger
  bool healthy = false;
  bool calibrated = false;
  bool control_usable = false;
  std::array<int64_t, kRivals.size()> rival_second{};
  friend bool operator==(const Outcome&, const Outcome&) = default;
};
Outcome RunTrial(const Cell& cell, const TrialSettings& settings, const History& history, uint64_t seed);

}  // namespace revertd::bench
