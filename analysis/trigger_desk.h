// TriggerDesk: asks the gate about a verdict when it is due and writes the trigger before the decision is told.
//
// One thread, the analysis thread. Invariants: 1. a decision to act or propose is told only after its trigger was
// written; 2. a trigger that is known already is never decided about again, so a restart cannot act twice. One that a
// release has is that release's only for as long as it answers for the service: a release that died on its way back
// leaves what it had not undone yet, and the gate decides about that as about any other, under the same id.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "analysis/deploy_registry.h"
#include "analysis/gate.h"
#include "base/sinks.h"
#include "base/trigger.h"
#include "config/config.h"

namespace revertd {

inline constexpr int64_t kAskAgainSeconds = 10;  // of log time, while a hold may pass

// What one open watch has been decided so far.
struct DecisionTrack {
  std::optional<Decision> told;
  std::optional<VerdictState> asked_for;  // the verdict that `told` answers
  int64_t next_ask_second = 0;
  bool trigger_unwritten = false;  // the store failed; asked again every second
};

class TriggerDesk {
 public:
  using ReadGateFacts = std::function<GateFacts(const Deploy& deploy)>;
  TriggerDesk(const Config& config, const DeployRegistry& registry, ReadGateFacts facts, AnalysisSink* sink);

  // Once a second for every watch whose verdict is regressed or ambiguous.
  void Step(const DeployRecord& record, const Verdict& verdict, int64_t second, DecisionTrack* track);

  void Know(const RollbackTrigger& trigger);
  const RollbackTrigger* Find(std::string_view id) const;
  // A release meant to undo it, and nobody else has been told to.
  bool IsInRelease(const Deploy& deploy) const;

 private:
  bool Due(const Verdict& verdict, int64_t second, const DecisionTrack& track) const;
  std::optional<RollbackBefore> RollbackBeforeOf(const DeployRecord& record) const;
  std::string ServedBefore(const DeployRecord& record) const;
  std::string BaseOf(const DeployRecord& record) const;
  bool BaseIsUnclear(const DeployRecord& record) const;
  const RollbackTrigger* FindOf(const Deploy& deploy) const;
  Decision Decide(const DeployRecord& record, const Verdict& verdict) const;
  bool WriteTrigger(const DeployRecord& record, const Verdict& verdict, const Decision& decision);

  const Config& config_;
  const DeployRegistry& registry_;
  ReadGateFacts facts_;
  AnalysisSink* sink_;
  std::map<std::string, RollbackTrigger, std::less<>> triggers_;  // a few a day: the gate's limits bound it
};

}  // namespace revertd
