// ExecutorHost: everything of one executor, wired together: stores, git, forges, commands, messages and records. The
// sidecar runs one on a thread of its own, `revertd execute` as the whole process.
//
// Thread contract: Open on any thread; everything else, destruction included, on the one that calls RunOnce. It starts
// threads of its own for commands and messages, which its destruction ends.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "actions/action_loop.h"
#include "actions/command_runner.h"
#include "actions/drift/drift_desk.h"
#include "actions/git_program.h"
#include "actions/http_client.h"
#include "actions/lock_watch.h"
#include "actions/notifier.h"
#include "actions/post_mortem_desk.h"
#include "actions/revert_executor.h"
#include "actions/teller.h"
#include "base/clock.h"
#include "base/status.h"
#include "config/config.h"
#include "daemon/output.h"
#include "daemon/watchdog/trouble_teller.h"
#include "store/executor_store.h"
#include "store/state_store.h"

namespace revertd {

class ExecutorHost final : public ExecutorEvents {
 public:
  // clock, events: outlive it. fault_point: where crash tests kill the process; empty in production. wake: called from
  // other threads when a message's answer waits.
  ExecutorHost(const Config& config, Clock* clock, EventPrinter* events, std::string fault_point,
               std::function<void()> wake);
  ~ExecutorHost() override;

  // Opens both stores; executor.db is refused where another executor has it, state.db where no sidecar has made it yet.
  Status Open();
  // true: something advanced, call again at once. What failed is said on stderr, once, and tried again.
  bool RunOnce();
  // Gives messages that are under way up to `limit` to end; for the last words of a stop.
  void LetMessagesOut(DurationNs limit);

 private:
  struct Parts;
  void OnStep(const ExecutorEvent& event) override;
  std::unique_ptr<DriftDesk> MakeDriftDesk(ExecutorStore* journal, Notifier* notifier);
  void GiveSign();
  void SayOnce(const Status& status, std::string* told);
  void PrintDelivery(const DeliveryEnd& end);

  const Config config_;
  Clock* const clock_;
  EventPrinter* const events_;
  const std::string fault_point_;
  const std::function<void()> wake_;
  std::unique_ptr<Parts> parts_;  // once open
  bool told_what_was_lost_ = false;
  std::string actions_told_;  // the newest failure of each, so that it is said once
  std::string teller_told_;
  std::string notifier_told_;
  std::string desk_told_;
  std::string locks_told_;
  std::string drift_told_;
  std::string troubles_told_;
  std::string sign_told_;
  TimeNs next_sign_ns_ = 0;  // monotonic
};

}  // namespace revertd
