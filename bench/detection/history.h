// History: the past of simulated services up to shortly before a deploy: blocks of requests and errors, and what shadow
// deploys on the newest days showed, told by the real analysis loop as seconds passed.
//
// Pure given the seed; any thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "analysis/shadow_deploy.h"
#include "bench/detection/traffic_model.h"
#include "config/config.h"

namespace revertd::bench {

inline constexpr char kTarget[] = "target";    // is deployed; mode push
inline constexpr char kControl[] = "control";  // is not

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
  int64_t calibration_days = 2;  // the newest of them, in which shadow deploys are played; 0: a cold start
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
  std::vector<ShadowResult> shadows;  // of the target
  int64_t end_second = 0;
};
History DrawHistory(const Cell& cell, const TrialSettings& settings, uint64_t seed);

Config ConfigOf(const TrialSettings& settings);

// What the seeds of a history's and a trial's parts are told apart by.
enum SeedPart : uint64_t { kTimeOfDay, kTargetClimate, kControlClimate, kTargetDraws, kControlDraws, kOutage, kChecks };

}  // namespace revertd::bench
