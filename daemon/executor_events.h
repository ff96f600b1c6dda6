// ExecutorTrail: what the executor did, taken over from its audit trail into the kept events, so that one list tells
// everything. Kept and streamed; the executor itself prints what it does.
//
// Thread contract: the analysis thread alone, which is the one writer of state.db.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/event.h"
#include "base/status.h"
#include "store/audit.h"
#include "store/executor_store.h"
#include "store/state_store.h"

namespace revertd {

// What a row's subject belongs to; empty: it is neither a trigger nor a deploy (a channel).
struct TrailSubject {
  std::string trigger_id;
  std::string deploy_id;
  std::string service;
  std::string repo;
};
// A step's begin and end are both "step", with "begun"; others have the row's kind. Pure, any thread.
Event EventOfAudit(const AuditRow& row, const TrailSubject& subject);

class ExecutorTrail {
 public:
  // Of one call: a rollback has some thirty rows, and a trail of years is taken over without holding up the watches.
  static constexpr int kRowsAtOnce = 200;

  explicit ExecutorTrail(StateStore* state) : state_(state) {}

  // Takes over what is new, oldest first; about once a second. How far it came is durable together with the events. Of
  // a trail that began anew (executor.db was moved away) every row is new.
  Status TakeOver(const ExecutorStore& executor, TimeNs now_ns);

 private:
  StatusOr<TrailSubject> SubjectOf(const std::string& subject) const;
  StatusOr<std::vector<Event>> EventsOf(const std::vector<AuditRow>& rows, TimeNs now_ns) const;

  StateStore* const state_;
  std::optional<int64_t> cursor_;  // the newest row taken over, once it was read
};

}  // namespace revertd
