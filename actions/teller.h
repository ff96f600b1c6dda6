// Teller: turns what the executor does, and what the sidecar decides, into notices for people and rows of the audit
// trail. The words are notices.h's, the sending is notifier.h's.
//
// Thread contract: the executor's thread. Invariants: 1. a notice is told once (its key and event), however often its
// step is told; 2. what a kill kept from being told is told after the start: steps from the journal, decisions from
// where the cursor stands; 3. nothing here can fail a step: a failure is answered, and tried again.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "actions/notices.h"
#include "actions/notifier.h"
#include "actions/revert_executor.h"
#include "base/status.h"
#include "store/executor_store.h"
#include "store/state_store.h"

namespace revertd {

// What a step's notice is made of, beside its event.
struct StepFacts {
  RollbackTrigger trigger;
  std::optional<Recovery> recovery;
  bool touched = false;  // production may have been changed before this step: a drain or a version command ran
};
// The notice of a step, where there is one to tell.
std::optional<Notice> NoticeOf(const ExecutorEvent& event, const StepFacts& facts, const NoticeContext& context);

class Teller {
 public:
  // Steps that are older than this at a start are history: whoever was not told of them has seen the graph.
  static constexpr DurationNs kToldAgainMax = 2 * kHourNs;
  static constexpr int kDecisionsPerCall = 64;
  static constexpr DurationNs kDecisionsEvery = kSecondNs;

  // All must outlive it.
  Teller(const StateStore* state, ExecutorStore* journal, Notifier* notifier, const Clock* clock)
      : state_(state), journal_(journal), notifier_(notifier), clock_(clock) {}

  Status OnStep(const ExecutorEvent& event);
  // Once, at the start.
  Status TellWhatWasLost();
  // Decisions that are new in state.db: each becomes a row of the audit trail, and those that no trigger speaks for a
  // notice.
  Status TakeDecisions();

 private:
  Status Take(int64_t row, const Decision& decision);
  StatusOr<std::optional<Notice>> NoticeOfDecision(const Decision& decision, const NoticeContext& context) const;
  StatusOr<NoticeContext> ContextAt(TimeNs at_ns) const;
  StatusOr<int64_t> DecisionsCursor() const;

  const StateStore* const state_;
  ExecutorStore* const journal_;
  Notifier* const notifier_;
  const Clock* const clock_;
  TimeNs next_look_ns_ = 0;
};

}  // namespace revertd
