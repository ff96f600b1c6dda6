#include "daemon/release/release_host.h"

#include <utility>

#include "actions/command_runner.h"
#include "actions/process.h"
#include "daemon/commands.h"
#include "daemon/executor_parts.h"
#include "daemon/release/release_book.h"

namespace revertd {

ReleasePlanner::ReleasePlanner(const Config& config, Clock* clock, const std::atomic<bool>* stop)
    : config_(config),
      clock_(clock),
      git_(FolderOf(config), OwnEnvironment(), clock, GitTimeLimits{.stop = stop}),
      running_(&http_, WithoutSecretVariables(OwnEnvironment(), config), stop) {}

Status ReleasePlanner::OpenStores() {
  auto state = StateStore::Open(config_.state, StateStore::Access::kReadOnly);
  if (!state.ok() && !absl::IsNotFound(state.status())) return state.status();
  if (state.ok()) state_ = *std::move(state);
  auto executor = ExecutorStore::Open(ExecutorDatabaseOf(config_), ExecutorStore::Access::kReadOnly);
  if (!executor.ok() && !absl::IsNotFound(executor.status())) return executor.status();
  if (executor.ok()) executor_ = *std::move(executor);
  return OkStatus();
}

PlanTools ReleasePlanner::ToolsFor(const ReleaseFile& file) {
  return {&config_, &file, state_.get(), executor_.get(), &git_, ForgesBy(&http_), OwnEnvironment()};
}

StatusOr<ReleasePlan> ReleasePlanner::Plan(const ReleaseFile& file) {
  REVERTD_RETURN_IF_ERROR(OpenStores());
  return PlanRelease(ToolsFor(file), clock_->Now());
}

StatusOr<bool> ReleasePlanner::DryRun(const ReleaseFile& file, const ReleasePlan& plan, const DryRunAccept& accept) {
  const DryRunTools tools = {ToolsFor(file), &running_, AskHealthForReal(),
                             WithoutSecretVariables(OwnEnvironment(), config_)};
  return RunDryRelease(tools, plan, clock_->Now(), accept);
}

// In the order of their making: what stands below uses what stands above.
struct ReleaseHost::Parts {
  std::unique_ptr<ExecutorStore> journal;
  std::unique_ptr<StateStore> state;
  std::unique_ptr<GitProgram> git;
  std::unique_ptr<HttpClient> http;
  std::unique_ptr<RunningRevision> running;
  std::unique_ptr<CommandRunner> commands;
  std::unique_ptr<Notifier> notifier;
  std::unique_ptr<ReleaseRunner> runner;  // once started
  std::string told;                       // the newest failure of the messages, so that it is said once
};

ReleaseHost::ReleaseHost(const Config& config, Clock* clock, std::string fault_point, std::function<void()> wake,
                         std::function<void(const std::string& words)> say, const std::atomic<bool>* stop)
    : config_(config),
      clock_(clock),
      fault_point_(std::move(fault_point)),
      wake_(std::move(wake)),
      say_(std::move(say)),
      stop_(stop) {}

ReleaseHost::~ReleaseHost() = default;

ExecutorStore* ReleaseHost::journal() { return parts_->journal.get(); }

// The lock's own words name a file and a process; people look for a release.
Status ReleaseHost::WhoRuns(const std::string& environment, const Status& refusal) const {
  const auto running = FindOpenRelease(config_, environment);
  const std::string who = running.ok() ? "release " + running->id : "a release";
  return FailedPrecondition(who + " of " + environment + " runs already: " + std::string(MessageOf(refusal)));
}

Status ReleaseHost::Open(const std::string& environment) {
  auto journal = ExecutorStore::Open(ReleaseDatabaseOf(config_, environment), ExecutorStore::Access::kOwner);
  if (absl::IsFailedPrecondition(journal.status())) return WhoRuns(environment, journal.status());
  if (!journal.ok()) return journal.status();
  auto state = StateStore::Open(config_.state, StateStore::Access::kInboxOnly);
  if (!state.ok()) return Annotate(state.status(), "a release needs the sidecar's state");
  auto parts = std::make_unique<Parts>();
  parts->journal = *std::move(journal);
  parts->state = *std::move(state);
  parts->git = std::make_unique<GitProgram>(FolderOf(config_), OwnEnvironment(), clock_, GitTimeLimits{.stop = stop_});
  parts->http = std::make_unique<CurlHttpClient>();
  const std::vector<std::string> environment_of_commands = WithoutSecretVariables(OwnEnvironment(), config_);
  parts->running = std::make_unique<RunningRevision>(parts->http.get(), environment_of_commands, stop_);
  parts->commands = std::make_unique<CommandRunner>(environment_of_commands);
  parts->notifier = std::make_unique<Notifier>(config_, parts->journal.get(),
                                               PartsForTelling(*clock_, wake_, [say = say_](const DeliveryEnd& end) {
                                                 if (!end.delivered) say(WordsOfUndelivered(end));
                                               }));
  parts_ = std::move(parts);
  return OkStatus();
}

void ReleaseHost::Start(const ReleaseFile& file, ReleaseEvents* events, bool retries_halted) {
  const ReleaseTools tools = {&config_,
                              &file,
                              parts_->state.get(),
                              parts_->journal.get(),
                              parts_->git.get(),
                              parts_->running.get(),
                              parts_->commands.get(),
                              ForgesBy(parts_->http.get()),
                              clock_};
  parts_->runner = std::make_unique<ReleaseRunner>(tools, parts_->notifier.get(), events, KillAt(fault_point_));
  if (retries_halted) parts_->runner->RetryHalted();
  // What an earlier process wrote and did not live to tell goes out before anything more is done.
  PumpMessages();
}

StatusOr<ReleaseRunner::Progress> ReleaseHost::RunOnce() {
  auto progress = parts_->runner->RunOnce();
  PumpMessages();
  return progress;
}

void ReleaseHost::PumpMessages() {
  const Status told = parts_->notifier->Pump(clock_->Now());
  const std::string words = told.ok() ? "" : std::string(MessageOf(told));
  if (!words.empty() && words != parts_->told) say_(words);
  parts_->told = words;
}

void ReleaseHost::LetMessagesOut(DurationNs limit, const std::function<bool()>& is_enough) {
  const TimeNs end = clock_->Monotonic() + limit;
  while (parts_->notifier->has_pending() && clock_->Monotonic() < end && !is_enough()) {
    clock_->SleepFor(20 * kMillisecondNs);
    if (!parts_->notifier->Pump(clock_->Now()).ok()) return;
  }
}

}  // namespace revertd
