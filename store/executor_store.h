// ExecutorStore: executor.db, what the executor did: the journal of every side effect, begun before and finished after
// it; the audit trail; what people were told; the post-mortem records; the releases. The executor is its one writer;
// any process may read, and may add rows to `commands`, the one table that others write. The process that runs a
// release is an executor too, with a file of its own for its environment.
//
// Thread contract: one object, one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "store/audit.h"

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

// One message to one channel. ended_ns = 0: still to be tried, at next_ns.
struct Delivery {
  int64_t id = 0;
  std::string channel;  // ChannelConfig::name
  std::string key;      // with `event` unique within the channel: told once
  std::string event;
  std::string notice;  // JSON (actions/notice.h)
  TimeNs created_ns = 0;
  int64_t tries = 0;
  TimeNs next_ns = 0;
  TimeNs ended_ns = 0;
  std::string outcome;  // "delivered", or why it was given up
};

// How a channel does, by its messages and by what reaches for it.
struct ChannelState {
  bool failing = false;        // a message waits for another try, or the newest that ended was not delivered
  std::string outcome = {};    // why
  bool has_waiting = false;    // messages without an end
  int64_t untried = 0;         // id of the oldest that was not tried yet; 0: none
  std::string unreached = {};  // why it cannot be reached; empty: it can, or nobody knows yet
};

// The post-mortem record of one rollback. closed_ns = 0: open.
struct Incident {
  std::string trigger_id;
  std::string service;
  std::string owner;
  TimeNs opened_ns = 0;
  TimeNs due_ns = 0;
  TimeNs closed_ns = 0;
  std::string record;                                        // Markdown
  std::vector<std::pair<std::string, std::string>> answers;  // question, answer; by question
};

// One release of an environment; its steps are rows of the journal under its id.
struct ReleaseRecord {
  std::string id;
  std::string environment;
  std::string file;  // the release file's text
  TimeNs begun_ns = 0;
  TimeNs ended_ns = 0;       // 0: not ended
  std::string outcome = {};  // "done", or a named reason
};

// What another process asks of the executor. Rows are taken in order and deleted once their effect is durable.
struct ExecutorCommand {
  enum class Kind { kIncidentAnswer, kIncidentClose, kReleaseApprove, kReleaseAbort };
  int64_t id = 0;
  Kind kind = Kind::kIncidentAnswer;
  std::string subject;  // a trigger's id; of a release: its id
  // kIncidentAnswer: the question. kReleaseApprove: the step. kReleaseAbort: "keep" where what is promoted shall stay,
  // else empty.
  std::string name;
  std::string text;  // kIncidentAnswer: the answer. kReleaseAbort: why
  std::string author;
};

class ExecutorStore {
 public:
  enum class Access { kReadOnly, kCommandsOnly, kOwner };
  // As StateStore::Open, with its own "FILE.lock".
  static StatusOr<std::unique_ptr<ExecutorStore>> Open(const std::string& path, Access access);
  ~ExecutorStore();

  // Owner; durable before they return, and each with its row of the audit trail, or not at all. Begin of a step that is
  // begun already changes nothing (its begun_ns stays); Finish of a step that was never begun is FailedPrecondition;
  // Finish again replaces what the first said, so a step that failed and was tried again ends with its last outcome.
  Status Begin(std::string_view trigger_id, std::string_view step, TimeNs at_ns);
  Status Finish(std::string_view trigger_id, std::string_view step, TimeNs at_ns, std::string_view outcome,
                std::string_view detail);
  // A step that is finished is begun again at `at_ns`, without outcome and detail; it keeps its place in the order.
  // What it said stands in the audit trail. FailedPrecondition: it is not finished.
  Status Reopen(std::string_view trigger_id, std::string_view step, TimeNs at_ns, std::string_view why);

  StatusOr<std::vector<JournalRow>> ReadJournal(std::string_view trigger_id) const;  // in the order first begun
  StatusOr<std::optional<JournalRow>> ReadStep(std::string_view trigger_id, std::string_view step) const;
  StatusOr<std::vector<std::string>> ReadTriggerIds() const;
  // Rows of `step` finished with `outcome` at or after `since_ns`: for the limits per day.
  StatusOr<int64_t> CountFinished(std::string_view step, std::string_view outcome, TimeNs since_ns) const;

  // The audit trail. `text` is a JSON object.
  Status Audit(std::string_view kind, std::string_view subject, std::string_view text, TimeNs at_ns);
  StatusOr<AuditHead> ReadAuditHead() const;
  // Of the first row of that kind and subject; nullopt: there is none.
  StatusOr<std::optional<AuditHead>> FindAudit(std::string_view kind, std::string_view subject) const;
  Status ReadAudit(const std::function<Status(const AuditRow&)>& accept) const;  // in order of seq
  StatusOr<std::vector<AuditRow>> ReadAuditAfter(int64_t seq, int limit) const;  // the same
  // All that `body` writes, or nothing.
  Status Together(const std::function<Status()>& body);

  // Messages. Queue of what is known already (channel, key, event) changes nothing.
  Status QueueDelivery(const Delivery& delivery);
  StatusOr<std::vector<Delivery>> ReadDueDeliveries(TimeNs now_ns, int limit) const;  // oldest first
  StatusOr<std::vector<Delivery>> ReadDeliveries(std::string_view key) const;         // oldest first
  StatusOr<ChannelState> ReadChannel(std::string_view channel) const;
  // One more try was made. asked_to_wait: the channel itself said until when.
  Status RetryDelivery(int64_t id, TimeNs next_ns, std::string_view outcome, bool asked_to_wait);
  // What waits for another try at that channel is due at `now_ns`, unless the channel itself asked to wait.
  Status HurryDeliveries(std::string_view channel, TimeNs now_ns);
  Status EndDelivery(int64_t id, TimeNs at_ns, std::string_view outcome);

  // Channels that cannot be reached, and why. An empty `why`: it can.
  Status WriteUnreached(std::string_view channel, std::string_view why);
  StatusOr<std::vector<std::pair<std::string, std::string>>> ReadUnreached() const;  // channel, why; by channel

  // Post-mortem records. Open of one that is there changes nothing.
  Status OpenIncident(const Incident& incident);
  Status WriteIncidentRecord(std::string_view trigger_id, std::string_view markdown);
  Status AnswerIncident(std::string_view trigger_id, std::string_view question, std::string_view answer, TimeNs at_ns);
  Status CloseIncident(std::string_view trigger_id, TimeNs at_ns);
  StatusOr<std::vector<Incident>> ReadIncidents() const;      // oldest first
  StatusOr<std::vector<Incident>> ReadOpenIncidents() const;  // the same
  StatusOr<std::optional<Incident>> ReadIncident(std::string_view trigger_id) const;
  // The oldest open one of the service that was due before `now_ns`.
  StatusOr<std::optional<Incident>> FindOverdueIncident(std::string_view service, TimeNs now_ns) const;

  // Releases. Owner, and each change with its row of the audit trail, or not at all. Begin of an id that is there is
  // FailedPrecondition; End of one that is not there NotFound. End again with the same outcome changes nothing, with
  // another it is FailedPrecondition.
  Status BeginRelease(const ReleaseRecord& release);  // what it says of its end is not taken over
  Status EndRelease(std::string_view id, TimeNs at_ns, std::string_view outcome);
  StatusOr<std::vector<ReleaseRecord>> ReadReleases() const;  // oldest first
  StatusOr<std::optional<ReleaseRecord>> ReadRelease(std::string_view id) const;

  // Commands. Post is for any access but kReadOnly, Done is the owner's.
  Status Post(const ExecutorCommand& command);
  StatusOr<std::vector<ExecutorCommand>> Peek(int limit) const;  // oldest first, nothing removed
  Status Done(int64_t command_id);

  // How far the owner has read something of another's; 0: nothing yet.
  StatusOr<int64_t> ReadCursor(std::string_view name) const;
  Status WriteCursor(std::string_view name, int64_t value);

 private:
  explicit ExecutorStore(std::unique_ptr<Database> database);
  std::unique_ptr<Database> database_;
};

}  // namespace revertd
