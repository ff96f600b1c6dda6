// ReleaseHost: everything that one release runs with, wired together; ReleasePlanner: what a plan asks with, for
// reading alone.
//
// Thread contract: one thread each. The host starts threads of its own for commands, health checks and messages, which
// its destruction ends.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "actions/git_program.h"
#include "actions/http_client.h"
#include "actions/release/release_dry_run.h"
#include "actions/release/release_plan.h"
#include "actions/release/release_runner.h"
#include "base/clock.h"
#include "base/status.h"
#include "config/config.h"
#include "config/release.h"
#include "store/executor_store.h"
#include "store/state_store.h"

namespace revertd {

class ReleasePlanner {
 public:
  // All outlive it. A store that nobody has made yet is none. stop: true ends what git and services are asked; may be
  // null.
  ReleasePlanner(const Config& config, Clock* clock, const std::atomic<bool>* stop);

  StatusOr<ReleasePlan> Plan(const ReleaseFile& file);
  // true: everything that can be tried now went well.
  StatusOr<bool> DryRun(const ReleaseFile& file, const ReleasePlan& plan, const DryRunAccept& accept);

 private:
  Status OpenStores();
  PlanTools ToolsFor(const ReleaseFile& file);

  const Config& config_;
  Clock* const clock_;
  std::unique_ptr<StateStore> state_;
  std::unique_ptr<ExecutorStore> executor_;
  GitProgram git_;
  CurlHttpClient http_;
  RunningRevision running_;
};

class ReleaseHost {
 public:
  // All outlive it. fault_point: where crash tests kill the process; empty in production. wake: called from other
  // threads when a message's answer waits. say: words for people, on the caller's thread. stop: as ReleasePlanner's.
  ReleaseHost(const Config& config, Clock* clock, std::string fault_point, std::function<void()> wake,
              std::function<void(const std::string& words)> say, const std::atomic<bool>* stop);
  ~ReleaseHost();

  // Takes the environment's lock and opens the stores. FailedPrecondition: a release of it runs already, and its name.
  Status Open(const std::string& environment);
  ExecutorStore* journal();

  // The release is in the journal and has not ended. `file`, `events`: outlive the host.
  void Start(const ReleaseFile& file, ReleaseEvents* events, bool retries_halted);
  StatusOr<ReleaseRunner::Progress> RunOnce();
  // Gives messages up to `limit` to end, those too that are tried again; is_enough ends it sooner.
  void LetMessagesOut(DurationNs limit, const std::function<bool()>& is_enough);

 private:
  struct Parts;
  void PumpMessages();
  Status WhoRuns(const std::string& environment, const Status& refusal) const;

  const Config& config_;
  Clock* const clock_;
  const std::string fault_point_;
  const std::function<void()> wake_;
  const std::function<void(const std::string& words)> say_;
  const std::atomic<bool>* const stop_;
  std::unique_ptr<Parts> parts_;  // once open
};

}  // namespace revertd
