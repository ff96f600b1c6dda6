// ExecutorStore: executor.db, what the executor did: the journal of every side effect, begun before and finished after
// it. The executor is its one writer; any process may read.
//
// Thread contract: one object, one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/status.h"

namespace revertd {

class Database;

// One step of one trigger. finished_ns = 0: begun and not known to be finished.
struct JournalRow {
  std::string trigger_id;
  std::string step;  // "accepted", "planned", ...
  TimeNs begun_ns = 0;
  TimeNs finished_ns = 0;
  std::string outcome;  // "done" or a named reason
  std::string detail;   // what a later step or a person needs: a SHA, an error
};

class ExecutorStore {
 public:
  enum class Access { kReadOnly, kOwner };
  // As StateStore::Open, with its own "FILE.lock".
  static StatusOr<std::unique_ptr<ExecutorStore>> Open(const std::string& path, Access access);
  ~ExecutorStore();

  // Owner; durable before they return. Begin of a step that is begun already changes nothing (its begun_ns stays);
  // Finish of a step that was never begun is FailedPrecondition; Finish again replaces what the first said, so a step
  // that failed and was tried again ends with its last outcome.
  Status Begin(std::string_view trigger_id, std::string_view step, TimeNs at_ns);
  Status Finish(std::string_view trigger_id, std::string_view step, TimeNs at_ns, std::string_view outcome,
                std::string_view detail);

  StatusOr<std::vector<JournalRow>> ReadJournal(std::string_view trigger_id) const;  // in the order first begun
  StatusOr<std::optional<JournalRow>> ReadStep(std::string_view trigger_id, std::string_view step) const;
  StatusOr<std::vector<std::string>> ReadTriggerIds() const;
  // Rows of `step` finished with `outcome` at or after `since_ns`: for the limits per day.
  StatusOr<int64_t> CountFinished(std::string_view step, std::string_view outcome, TimeNs since_ns) const;

 private:
  explicit ExecutorStore(std::unique_ptr<Database> database);
  std::unique_ptr<Database> database_;
};

}  // namespace revertd
