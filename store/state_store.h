// StateStore: state.db, what the sidecar knows and decided: deploys, history, verdicts, decisions, triggers,
// recoveries, and its own status. The sidecar is its one writer; any process may read; any process may add rows to
// `inbox`, the one table that others write (commands to a running sidecar).
//
// Thread contract: one object, one thread. Open another one for another thread or process: SQLite (WAL,
// synchronous=FULL) keeps them apart.
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
#include "base/deploy.h"
#include "base/error_event.h"
#include "base/event.h"
#include "base/sinks.h"
#include "base/status.h"
#include "base/trigger.h"
#include "base/verdict.h"

namespace revertd {

class Database;

// A command to the running sidecar. Rows are taken in order and deleted once their effect is durable.
struct InboxMessage {
  enum class Kind {
    kDeployStart,   // deploy: all but finish, or a whole one
    kDeployFinish,  // deploy.id, deploy.finish_ns
    // It was begun and did not come to be: deploy.id, or where that is empty deploy.service and deploy.head;
    // deploy.finish_ns = when; text = why.
    kDeployAbandon,
    kRevertPrepared,  // trigger_id, text = the revert commit's SHA: a deploy of it is that trigger's revert
    kTriggerApprove,  // trigger_id, text = who
    kTriggerDismiss,  // trigger_id, text = why
    // trigger, written to the triggers table as it is: a person's own rollback (pending); what a release undoes itself
    // (in_release); what of a release shall stay (dismissed). No message carries evidence: to one in_release the inbox
    // adds that of the service's newest verdict on the deploy of its head, where that is regressed.
    kRevertAsked,
    kEvent,  // event: what a door was told, to be kept and shown
    // A release that is under way answers for a service, or goes on to: deploy.service, text = the release's id,
    // deploy.finish_ns = until when (at most kChargeMax from when it is taken up); 0: it is over.
    kReleaseCharge,
  };
  int64_t id = 0;
  Kind kind = Kind::kDeployStart;
  Deploy deploy;
  RollbackTrigger trigger;
  Event event;
  std::string trigger_id;
  std::string text;
};

// A release under way that answers for a service: while it does, the sidecar itself undoes nothing of it.
struct Charge {
  std::string service = {};
  std::string release = {};
  TimeNs until_ns = 0;  // it ends by itself then, unless the release says again that it goes on
};
// A release may be killed and never say that it is over: by then the sidecar acts again by itself. Long enough for a
// runner that is started again, or that git or a slow program keeps from saying so.
inline constexpr DurationNs kChargeMax = 10 * kMinuteNs;
// Of one that was written by a clock which was ahead nobody knows when it ends. Twice the longest, so that a small step
// back leaves a living release its charge until it says again that it goes on.
inline bool Holds(const Charge& charge, TimeNs now) {
  return charge.until_ns > now && charge.until_ns - now <= 2 * kChargeMax;
}

// How far back history goes: seconds for an onset and a control, blocks for the baseline.
inline constexpr int64_t kHistorySecondsKept = 30 * 60;
inline constexpr int64_t kHistoryBlocksKeptSeconds = 14 * 24 * 3600;

// Events are kept as long as the blocks, so that a record of a deploy and its history end together, and at most so
// many: a verdict's text is a few kilobytes, so that a flood of deliveries from outside fills some hundred megabytes,
// not the disk.
inline constexpr int64_t kEventsKeptMax = 100'000;
// Of one deploy or trigger; the newest. A commit that is tested by a thousand jobs has more, and nobody reads them.
inline constexpr int kEventsReadMax = 1000;

// Blocks of errors and of sessions: what analysis compares with goes back a day, and the hour is pruning's own.
inline constexpr int64_t kErrorHistorySecondsKept = 25 * 3600;
// Of one service, the newest: twice what analysis knows of one, so that all are read that a day may bring.
inline constexpr int kErrorGroupsReadMax = 1000;

struct ServiceHistory {
  std::string service;
  std::vector<HistoryBlock> blocks;   // oldest first
  std::vector<SecondCounts> seconds;  // oldest first; the newest 30 minutes
};

// A minute of a service as analysis encoded it; the store does not look inside.
struct StoredMinute {
  std::string service;
  int64_t start_second = 0;
  std::string bytes;
};

// What a shadow deploy showed, the same.
struct StoredShadow {
  std::string service;
  int64_t start_second = 0;
  std::string result;
};

class StateStore {
 public:
  enum class Access { kReadOnly, kInboxOnly, kOwner };

  // kOwner creates the file and its folder where missing and migrates the schema; it holds an advisory lock on
  // "FILE.lock" for as long as it lives, so a second sidecar on the same state gets a clear error. The others fail
  // with NotFound where there is no file.
  static StatusOr<std::unique_ptr<StateStore>> Open(const std::string& path, Access access);
  ~StateStore();

  // Owner. Rows of one Write* call are one transaction; WriteHistory is called every few seconds with what gathered.
  // Repeating a call with the same facts changes nothing; a deploy, second or block written again is replaced.
  // The Write* calls of `writes` are one transaction instead: all of it is durable, or nothing and the first failure.
  Status Together(const std::function<Status()>& writes);
  Status WriteDeploy(const Deploy& deploy);
  // `positions`, where given, take the place of those written before, in the same transaction as the history that they
  // belong to: after a kill the two agree. So do `minutes`, which hold the same seconds; one written again is replaced.
  Status WriteHistory(const std::vector<std::pair<std::string, SecondCounts>>& seconds,
                      const std::vector<std::pair<std::string, HistoryBlock>>& blocks,
                      const std::optional<std::vector<FilePosition>>& positions = std::nullopt,
                      const std::vector<StoredMinute>& minutes = {});
  Status WriteShadows(const std::vector<StoredShadow>& shadows);
  Status WriteVerdict(const Verdict& verdict);  // every change of state is kept
  // A group told again is replaced; one told without a sample leaves the sample that is kept.
  Status WriteErrorGroup(const ErrorGroupRecord& group);
  Status WriteErrorHistory(const std::vector<ErrorBlock>& errors, const std::vector<SessionBlock>& sessions);
  Status WriteFollowUp(
      const FollowUp& follow_up);  // told once: the first of its deploy and time stays; no evidence, no errors
  Status WriteDecision(const Decision& decision);
  // Durable (fsynced) before it returns. Same id: no change, but that any other takes the place of one in_release,
  // which somebody else has then taken over.
  Status WriteTrigger(const RollbackTrigger& trigger);
  // A person's word. NotFound where there is no such trigger. The trigger keeps the decision's reason; `reason` is
  // read by ReadTriggerChanges.
  Status WriteTriggerState(std::string_view trigger_id, TriggerState state, std::string_view reason);
  Status WriteRecovery(const Recovery& recovery);
  Status WriteRevertPrepared(std::string_view trigger_id, std::string_view sha);
  Status WriteCharge(const Charge& charge);              // replaces that of its service; until_ns 0 deletes it
  Status WriteStatus(std::string_view json);             // the sidecar's own state, one row, for `revertd status`
  Status WriteEvents(const std::vector<Event>& events);  // one whose key is known already is left out
  // How far the owner has read something of another's.
  Status WriteCursor(std::string_view name, int64_t value);
  // What a part of the owner must know again after a restart; the store does not look inside.
  Status WriteNote(std::string_view name, std::string_view bytes);
  // Deletes seconds older than 30 minutes, blocks of errors and sessions older than 25 hours, blocks, minutes, shadow
  // deploys, events and groups of errors (by their newest event) older than 14 days before `now_ns`, and events beyond
  // the newest kEventsKeptMax; these in steps, so that no other process waits long.
  Status Prune(TimeNs now_ns);

  // Any access.
  StatusOr<std::vector<Deploy>> ReadDeploys(TimeNs since_ns) const;  // started or finished since; oldest first
  StatusOr<std::optional<Deploy>> ReadDeploy(std::string_view id) const;
  StatusOr<std::optional<Deploy>> FindDeployOf(std::string_view service, std::string_view head) const;  // newest
  StatusOr<std::vector<ServiceHistory>> ReadHistory(TimeNs now_ns) const;
  // Of one service, those kept that start in [from, to), oldest first. Blocks outlive seconds.
  StatusOr<std::vector<SecondCounts>> ReadSeconds(std::string_view service, int64_t from, int64_t to) const;
  StatusOr<std::vector<HistoryBlock>> ReadBlocks(std::string_view service, int64_t from, int64_t to) const;
  StatusOr<std::optional<int64_t>> ReadNewestSecond() const;  // of any service's history
  // accept(start_second, bytes) for each minute that starts in [from, to), oldest first.
  Status ReadMinutes(std::string_view service, int64_t from, int64_t to,
                     const std::function<void(int64_t start_second, std::string_view bytes)>& accept) const;
  StatusOr<std::vector<StoredMinute>> ReadNewestMinutes() const;                     // the newest of each service
  Status ReadShadows(const std::function<void(const StoredShadow&)>& accept) const;  // oldest first
  // Groups with an event since then, newest first, at most kErrorGroupsReadMax, without samples. Of all services where
  // `service` is empty.
  StatusOr<std::vector<ErrorGroupRecord>> ReadErrorGroups(std::string_view service, TimeNs since_ns) const;
  StatusOr<std::optional<ErrorGroupRecord>> ReadErrorGroup(std::string_view service, uint64_t fingerprint) const;
  // All groups of all services with an event since then, newest first, without samples.
  Status ReadEveryErrorGroup(TimeNs since_ns, const std::function<void(const ErrorGroupRecord&)>& accept) const;
  Status ReadErrorBlocks(int64_t since_second, const std::function<void(const ErrorBlock&)>& accept) const;
  Status ReadSessionBlocks(int64_t since_second, const std::function<void(const SessionBlock&)>& accept) const;
  StatusOr<std::vector<FilePosition>> ReadFilePositions() const;                    // in the order written
  StatusOr<std::vector<Verdict>> ReadVerdicts(std::string_view deploy_id) const;    // oldest first
  StatusOr<std::vector<FollowUp>> ReadFollowUps(std::string_view deploy_id) const;  // by time
  StatusOr<std::vector<Decision>> ReadDecisions(std::string_view deploy_id) const;
  // Decisions of every deploy with their row's number, from the row after `row` on, oldest first.
  StatusOr<std::vector<std::pair<int64_t, Decision>>> ReadDecisionsAfter(int64_t row, int limit) const;
  StatusOr<std::vector<RollbackTrigger>> ReadTriggers() const;                                         // oldest first
  StatusOr<std::vector<std::string>> ReadTriggerIds(std::string_view repo, TriggerState state) const;  // oldest first
  StatusOr<int64_t> CountTriggers(std::string_view reason, TimeNs since_ns) const;
  StatusOr<std::optional<RollbackTrigger>> ReadTrigger(std::string_view id) const;
  StatusOr<std::vector<std::pair<TriggerState, std::string>>> ReadTriggerChanges(std::string_view id) const;
  StatusOr<std::optional<Recovery>> ReadRecovery(std::string_view trigger_id) const;  // the newest
  // (trigger, revert SHA) pairs of WriteRevertPrepared.
  StatusOr<std::vector<std::pair<std::string, std::string>>> ReadRevertsPrepared() const;
  StatusOr<std::optional<Charge>> ReadCharge(std::string_view service) const;  // also one that ran out
  StatusOr<std::optional<std::string>> ReadStatus() const;
  // In the order that they were kept: those after the one with that id; 0: all.
  StatusOr<std::vector<Event>> ReadEventsAfter(int64_t id, int limit) const;
  Status ReadEventsOfKind(std::string_view kind, const std::function<void(const Event&)>& accept) const;
  StatusOr<int64_t> ReadNewestEventId() const;  // 0: there is none
  // By the time of what they tell, oldest first. Of a deploy: its own, those of its trigger, and those of its commit
  // that are of no other deploy.
  StatusOr<std::vector<Event>> ReadEventsOfDeploy(const Deploy& deploy) const;
  StatusOr<std::vector<Event>> ReadEventsOfTrigger(std::string_view trigger_id) const;
  StatusOr<bool> HasEvent(std::string_view key) const;
  StatusOr<int64_t> ReadCursor(std::string_view name) const;  // 0: nothing yet
  StatusOr<std::optional<std::string>> ReadNote(std::string_view name) const;

  // Inbox. Post is for any access but kReadOnly, Done is the owner's.
  Status Post(const InboxMessage& message);
  StatusOr<std::vector<InboxMessage>> Peek(int limit) const;         // oldest first, nothing removed
  StatusOr<std::vector<InboxMessage>> PeekCharges(int limit) const;  // those of kReleaseCharge alone, the same
  Status Done(int64_t message_id);

 private:
  explicit StateStore(std::unique_ptr<Database> database);
  // Within a transaction.
  Status WriteMinuteRows(std::string_view doing, const std::vector<StoredMinute>& minutes);
  Status PruneMinutes(std::string_view doing, int64_t before);
  Status WriteVerdictErrors(std::string_view doing, int64_t verdict_id, const std::vector<NamedError>& errors);
  Status PruneErrors(std::string_view doing, TimeNs now_ns);
  Status ReadVerdictErrors(std::string_view deploy_id,
                           const std::function<void(int64_t verdict_id, NamedError error)>& accept) const;
  Status PruneEvents(TimeNs now_ns);  // in transactions of its own
  std::unique_ptr<Database> database_;
};

}  // namespace revertd
