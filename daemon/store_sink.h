// StoreSink: what analysis tells, and what doors tell beside it, written to state.db and printed as events. A row and
// its event are one transaction: whoever reads the events misses nothing that is there, and sees nothing that is not.
//
// A write that fails is kept and tried again in order, so that a locked database or a full disk for a minute loses
// nothing; the backlog is bounded, and beyond it the oldest write is dropped and counted. Triggers never wait there:
// OnTrigger answers the failure and analysis asks again.
//
// Thread contract: the analysis thread alone.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/event.h"
#include "base/sinks.h"
#include "daemon/output.h"
#include "store/state_store.h"

namespace revertd {

class StoreSink final : public AnalysisSink {
 public:
  static constexpr size_t kBacklogMax = 10'000;  // writes; at one per deploy event, days of a database that is away

  // Groups that changed since they were written last: some tens of services' all, and with their samples some tens of
  // megabytes. They are written early then; one beyond while the database is away is not kept until it changes again,
  // and counted.
  static constexpr size_t kGroupsWaitingMax = 4096;

  // trigger_written wakes the executor; called after the trigger is durable.
  StoreSink(StateStore* store, EventPrinter* events, std::function<void()> trigger_written);

  void OnSecond(std::string_view service, const SecondCounts& counts) override;
  void OnHistoryBlock(std::string_view service, const HistoryBlock& block) override;
  void OnShadow(std::string_view service, int64_t start_second, std::string_view result) override;
  void OnErrorGroup(const ErrorGroupRecord& group) override;  // takes the place of the same one that waits
  void OnErrorBlock(const ErrorBlock& block) override;
  void OnSessionBlock(const SessionBlock& block) override;
  void OnDeploy(const Deploy& deploy) override;
  void OnVerdict(const Verdict& verdict) override;
  void OnFollowUp(const FollowUp& follow_up) override;
  void OnDecision(const Decision& decision) override;
  Status OnTrigger(const RollbackTrigger& trigger) override;
  void OnRecovery(const Recovery& recovery) override;

  void OnEvent(const Event& event);  // of a door; one whose key is known already is no event
  void OnMinute(std::string_view service, int64_t start_second, std::string_view bytes);

  // Where followed files are to be read again from once what was told so far is written.
  void SetPositions(std::vector<FilePosition> positions) { positions_ = std::move(positions); }
  // Writes the verdicts that were told: they wait for it, so that one and its trigger are one transaction.
  void WriteVerdicts() { DrainBacklog(); }
  // Writes the seconds, blocks, positions, minutes and groups of errors that gathered, and what waits in the backlog.
  void Flush(TimeNs now);
  // Whether everything told so far is durable, but for history since the last Flush.
  bool durable() const { return backlog_.empty(); }
  uint64_t writes_dropped() const { return writes_dropped_; }
  const std::string& failure() const { return failure_; }  // why the newest write was not taken; empty: it was

 private:
  using Write = std::function<Status()>;
  bool HasGathered() const;
  Write TakeGathered();
  Status WriteErrorGroups();
  void WriteGroupsAlone();
  // Prints the event; what writes it together with its row.
  Write Told(Write write, Event event);
  void Keep(Write write);
  void WriteOrKeep(Write write);
  void DrainBacklog();

  StateStore* const store_;
  EventPrinter* const events_;
  const std::function<void()> trigger_written_;
  std::vector<std::pair<std::string, SecondCounts>> seconds_;
  std::vector<std::pair<std::string, HistoryBlock>> blocks_;
  std::vector<StoredMinute> minutes_;
  std::vector<ErrorBlock> error_blocks_;
  std::vector<SessionBlock> session_blocks_;
  std::map<std::pair<std::string, uint64_t>, ErrorGroupRecord> error_groups_;  // by service and fingerprint
  std::optional<std::vector<FilePosition>> positions_;
  std::deque<Write> backlog_;
  std::string failure_;
  uint64_t writes_dropped_ = 0;
  TimeNs pruned_at_ = 0;
};

}  // namespace revertd
