// ReleaseRunner: carries one release through its tasks (release_tasks.h), each begun and finished in the journal of its
// environment, so that killed anywhere and started again it goes on and does nothing twice.
//
// Thread contract: one thread, that of the tools; commands and health checks run beside it. Invariants: 1. the row
// precedes the act; 2. what breaks a step is written down before the step is promoted; 3. once the row `breached` is
// there nothing is promoted any more, and people are told in the same transaction; 4. a step is undone only after every
// step that was begun after it is undone and verified; 5. no call waits for anything but git, a forge and the disk;
// 6. while it runs it renews the sidecar's word that it answers for its services (Charge), so that nobody else undoes
// them meanwhile, and takes it back at the end.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "actions/notices.h"
#include "actions/notifier.h"
#include "actions/release/deploy_tasks.h"
#include "actions/release/guard_windows.h"
#include "actions/release/promote_tasks.h"
#include "actions/release/release_events.h"
#include "actions/release/release_journal.h"
#include "actions/release/release_tasks.h"
#include "actions/release/release_tools.h"
#include "actions/release/reverse_tasks.h"
#include "actions/revert_executor.h"
#include "base/status.h"

namespace revertd {

class ReleaseRunner final : private ExecutorEvents {
 public:
  enum class Progress {
    kAdvanced,  // call again at once
    kWaiting,   // for time, production, or a person's word: call again soon
    kHalted,    // a task ended as it should not; a person decides
    kEnded,     // the release is over
  };
  // A release that lost its runner is the sidecar's again after the lease; it is renewed early enough that a slow git
  // does not cost it.
  static constexpr DurationNs kLease = kChargeMax;
  static constexpr DurationNs kRenewEvery = 20 * kSecondNs;
  static constexpr DurationNs kLastWords = 30 * kSecondNs;

  // `notifier`, `events`: outlive it. The release is in the journal (ExecutorStore::BeginRelease) and has not ended.
  ReleaseRunner(const ReleaseTools& tools, Notifier* notifier, ReleaseEvents* events, const FaultPoint& fault_point,
                AskHealth ask_health = AskHealthForReal());

  // A task that halted the release is tried once more. Before the first RunOnce.
  void RetryHalted() { retries_halted_ = true; }
  // At most one task. A failed status: this try failed and a later call tries again; the journal is as before.
  StatusOr<Progress> RunOnce();

 private:
  struct Retry {
    int tries = 0;
    TimeNs next_ns = 0;
  };

  void OnStep(const ExecutorEvent& event) override;
  NoticeContext Context() const;

  Status TakeCommands();
  // false: nothing waits for such a word.
  StatusOr<bool> Take(const ExecutorCommand& command);
  StatusOr<bool> Approve(const ExecutorCommand& command);
  StatusOr<bool> Abort(const ExecutorCommand& command);
  Status Drop(const ExecutorCommand& command);
  // The row that a person's word finishes; true.
  StatusOr<bool> FinishBy(const ExecutorCommand& command, std::string_view row, const Finished& finished,
                          const std::function<Status()>& more = {});
  Status KeepFromTheSidecar(const std::vector<const ReleaseStep*>& steps, const std::string& why);
  // true: the release goes back.
  StatusOr<bool> BreakWhatBroke(const std::vector<DoubtedStep>& doubted);
  Status Break(const ReleaseBreach& breach, const Verdict* verdict);
  Status TellBreach(const ReleaseBreach& breach, const Verdict* verdict);

  StatusOr<Progress> Turn(const ReleaseTask& task);
  StatusOr<TaskAnswer> Act(const ReleaseTask& task);
  StatusOr<TaskAnswer> ActBack(const ReleaseTask& task, TimeNs begun_ns, bool may_be_done);
  // What holds up promotions and soaks alone.
  std::optional<TaskWaiting> WhyNotFurther(const ReleaseTask& task) const;
  StatusOr<TaskAnswer> Soak(const ReleaseStage& stage, TimeNs begun_ns) const;
  StatusOr<TaskAnswer> Settle(TimeNs begun_ns);
  std::string PinOf(const ReleaseStep& step) const;
  ReverseOrder PromotedOrder(const ReleaseStep& step) const;
  StatusOr<ReverseOrder> OrderOf(const ReleaseStep& step) const;
  StatusOr<Progress> AfterFailure(const ReleaseTask& task, const Status& status);
  Status Conclude(const ReleaseTask& task, const Finished& finished);
  StatusOr<Progress> Halt(const ReleaseStanding& standing);
  StatusOr<Progress> End(const ReleaseStanding& standing);
  Status TellWaiting(const ReleaseTask& task, const TaskWaiting& waiting);
  Status Charge(TimeNs until_ns);

  const ReleaseTools tools_;
  Notifier* const notifier_;
  ReleaseEvents* const events_;
  ReleaseJournal journal_;
  GuardWindows windows_;
  PromoteTasks promote_;
  DeployTasks deploy_;
  ReverseTasks reverse_;
  bool retries_halted_ = false;
  std::vector<DoubtedStep> doubted_;                   // of this turn
  std::set<std::string, std::less<>> retried_;         // halted rows that are tried again
  std::set<std::string, std::less<>> told_;            // what people were told to do
  std::map<std::string, Retry, std::less<>> retries_;  // by row
  TimeNs renew_ns_ = 0;
};

}  // namespace revertd
