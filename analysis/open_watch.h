// OpenWatch: a deploy under observation: the fold that judges it, what it reads, and what was told of it so far.
//
// One thread, the analysis thread. Reading (here) is apart from judging (deploy_watch.h, recovery_watch.h) so that the
// judges stay folds over numbers.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "analysis/attribution.h"
#include "analysis/callee_watch.h"
#include "analysis/deploy_registry.h"
#include "analysis/deploy_watch.h"
#include "analysis/part_series.h"
#include "analysis/recovery_watch.h"
#include "analysis/routes.h"
#include "analysis/rules.h"
#include "analysis/saturation.h"
#include "analysis/shadow_desk.h"
#include "analysis/trigger_desk.h"
#include "analysis/watched_errors.h"

namespace revertd {

// What a service's windows count beside the service.
struct ServiceParts {
  PartSeries routes;
  PartSeries cohorts;
};
using PartsByService = std::map<std::string, ServiceParts, std::less<>>;

struct OpenWatch {
  DeployRecord* record = nullptr;
  const Series* series = nullptr;         // of the deployed service,
  const ServiceParts* parts = nullptr;    // and of its routes and cohorts
  int64_t next_second = 0;                // the next one to fold
  std::optional<DeployWatch> release;     // of a release,
  std::optional<ServiceSignals> signals;  // what it is judged by,
  Routes routes;                          // its routes,
  ControlGroup controls;                  // and compared with
  Crowd crowd;                            // that would fill any queue
  std::vector<SignalSecond> seconds;      // of the plan's signals, filled anew each second
  std::optional<ErrorsRule> rule;         // its owner's own,
  CalleeWatch callees;                    // those that it calls,
  std::optional<WatchedErrors> errors;    // and its errors as a tracker is told of them
  DecisionTrack decisions;
  std::optional<RecoveryWatch> recovery;  // of a revert,
  Evidence undone_for;                    // and what it was rolled back for; no signal: errors,
  bool undone_by_second = false;          // error events, counted against seconds: no requests are known,
  std::string undone_for_check;           // or the health check of that name
};

// Everything that a watch is built from; lives as long as the loop.
struct WatchSources {
  const Config& config;
  const SeriesByService& series;
  PartsByService& parts;  // of services that nothing was counted of, one more is made
  DeployRegistry& registry;
  const CallGraph& graph;
  const TriggerDesk& triggers;
  const ShadowDesk& shadows;
  const Rollups* rollups;  // nullptr: only errors are judged
  SignalsMemo& memo;
  ErrorBook& errors;

  ErrorSources error_sources() const { return {errors, series, registry, graph}; }
};

// What deploys are judged by and shadow deploys are played with, by the configuration.
ShadowSettings JudgingSettings(const DetectConfig& detect);

// The service's series must exist.
OpenWatch OpenFor(DeployRecord* record, const WatchSources& sources);
// A release judged once more over the `observe` seconds from `first_second` on, hours after its finish. `value_factor`:
// how many times the e-values of its own watch are needed.
OpenWatch OpenFollowUp(DeployRecord* record, int64_t first_second, double value_factor, const WatchSources& sources);
// Folds watch->next_second and moves on.
void Fold(const WatchSources& sources, OpenWatch* watch);

}  // namespace revertd
