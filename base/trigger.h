// RollbackTrigger: a repo-scoped intent to undo what one deploy brought. Its id is the idempotency key of everything
// that follows: the journal's rows, the revert commit's trailer, the revert's own deploy.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/verdict.h"

namespace revertd {

enum class TriggerState {
  kPending,    // the executor may act
  kProposed,   // waits for a person's `trigger approve`
  kDismissed,  // a person said no
  kInRelease,  // a release under way carries it out itself, as a part of its own way back
};
std::string_view NameOf(TriggerState state);
std::optional<TriggerState> TriggerStateNamed(std::string_view name);

// Of decisions to propose: by the mode; or what would have been pushed, but the deploy is no longer young, or told
// another base than what served before it.
inline constexpr std::string_view kModePropose = "mode_propose";
inline constexpr std::string_view kTooOldToPush = "deploy_too_old_to_push";
inline constexpr std::string_view kBaseUnclear = "base_unclear";
inline constexpr std::array kProposalReasons = {kModePropose, kTooOldToPush, kBaseUnclear};

struct RollbackTrigger {
  std::string id;
  std::string deploy_id;  // empty for a person's own `revertd revert`
  std::string service;
  std::string repo;
  std::string base;  // exclusive end of the range to undo; empty: the head's first parent
  std::string head;  // the guilty revision
  TriggerState state = TriggerState::kPending;
  std::string reason;     // the decision's reason, or "asked by a person"
  TimeNs created_ns = 0;  // also the revert commit's date, so that doing it twice gives the same commit
  Evidence evidence;      // empty signal for a person's own rollback
};

// "SERVICE-HEAD8-UNIXSECONDS" of the deploy's start: the same deploy judged twice gives the same id.
std::string MakeTriggerId(std::string_view service, std::string_view head, TimeNs deploy_start_ns);

}  // namespace revertd
