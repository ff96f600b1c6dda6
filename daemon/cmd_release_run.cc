// `revertd release plan|run|resume`: a release is planned, and carried out in the foreground by this process.
#include <unistd.h>

#include <atomic>
#include <optional>

#include "config/load_release.h"
#include "daemon/commands.h"
#include "daemon/output.h"
#include "daemon/release/release_book.h"
#include "daemon/release/release_host.h"
#include "daemon/release/release_screen.h"
#include "daemon/release/release_view.h"
#include "daemon/signals.h"
#include "daemon/wake_up.h"

namespace revertd {
namespace {

constexpr DurationNs kPoll = 200 * kMillisecondNs;   // production has no bell
constexpr DurationNs kLastWordsMax = 2 * kSecondNs;  // where a signal asked for the end
// Nobody else tells what this process has to say: a channel that fails once is tried again.
constexpr DurationNs kLastMessagesMax = 2 * kMinuteNs;

Status Print(const std::vector<std::string>& lines) {
  OutputWriter out(STDOUT_FILENO);
  for (const std::string& line : lines) REVERTD_RETURN_IF_ERROR(out.Line(line));
  return out.Flush();
}

void SayRefusals(const ReleasePlan& plan) {
  for (const PlanProblem& problem : plan.refusals) {
    Say("refused" + (problem.step.empty() ? "" : " at " + problem.step) + ": " + problem.reason +
        (problem.detail.empty() ? "" : ": " + problem.detail));
  }
}

// An id is used once, whatever the environment: it names deploys and commits.
Status CheckUnknown(const Config& config, const std::string& id) {
  const auto known = FindRelease(config, id);
  if (absl::IsNotFound(known.status())) return OkStatus();
  if (!known.ok()) return known.status();
  return InvalidArgument("release " + id + " of " + known->environment + " is known already" +
                         (known->ended_ns == 0 ? ", and has not ended: resume or abort it"
                                               : " (" + known->outcome + "): give this one another name"));
}

// The release of the same environment that has not ended; empty: there is none.
StatusOr<std::string> OpenReleaseOf(const ExecutorStore& journal) {
  const auto releases = journal.ReadReleases();
  if (!releases.ok()) return releases.status();
  for (const ReleaseRecord& release : *releases) {
    if (release.ended_ns == 0) return release.id;
  }
  return std::string();
}

// The loop of a process that carries a release out.
class ReleaseLoop {
 public:
  ReleaseLoop(const Config& config, const ReleaseFile& file)
      : file_(file),
        host_(
            config, &clock_, FaultPointFromEnvironment(), [this] { wake_.Notify(); },
            [this](const std::string& words) { Tell(words); }, &stop_) {}

  // Before anything else that starts a thread. From here on a signal asks the loop to stop.
  Status Open() {
    SignalWaiter::BlockSignals();
    signals_.emplace([this] {
      stop_.store(true);
      wake_.Notify();
    });
    return host_.Open(file_.environment);
  }
  bool is_stopped() const { return stop_.load(); }
  const std::atomic<bool>* stop() const { return &stop_; }
  ExecutorStore* journal() { return host_.journal(); }

  // The release is in the journal.
  StatusOr<ExitCode> Run(bool retries_halted) {
    const auto record = journal()->ReadRelease(file_.id);
    if (!record.ok()) return record.status();
    if (!record->has_value()) return Internal("release " + file_.id + " is not in its journal");
    screen_.emplace(file_, **record, journal(), &clock_);
    host_.Start(file_, &*screen_, retries_halted);
    while (!stop_.load()) {
      const auto progress = host_.RunOnce();
      screen_->Draw();
      if (!progress.ok()) TellOnce(progress.status());
      if (progress.ok() && *progress == ReleaseRunner::Progress::kAdvanced) continue;
      if (progress.ok() && *progress == ReleaseRunner::Progress::kHalted) {
        host_.LetMessagesOut(kLastMessagesMax, [this] { return stop_.load() || HasWord(); });
        // Who answers a message meanwhile is heard.
        if (!HasWord()) return Halted(**record);
        continue;
      }
      if (progress.ok() && *progress == ReleaseRunner::Progress::kEnded) return Ended();
      wake_.Wait(kPoll);
    }
    host_.LetMessagesOut(kLastWordsMax, [] { return false; });
    Tell("stopped; nothing is undone. It goes on with: revertd release resume " + file_.id);
    return ExitCode::kBadNews;
  }

 private:
  void Tell(const std::string& words) {
    if (screen_) {
      screen_->Tell(words);
    } else {
      Say(words);
    }
  }
  bool HasWord() {
    const auto commands = journal()->Peek(1);
    return commands.ok() && !commands->empty();
  }
  void TellOnce(const Status& status) {
    const std::string words(MessageOf(status));
    if (words != said_) Tell(words);
    said_ = words;
  }

  ExitCode Halted(const ReleaseRecord& record) {
    screen_->DrawLast(record);
    Tell("halted: a person decides. It is tried again with: revertd release resume " + file_.id +
         "; given up with: revertd release abort " + file_.id);
    return ExitCode::kBadNews;
  }

  StatusOr<ExitCode> Ended() {
    host_.LetMessagesOut(kLastMessagesMax, [this] { return stop_.load(); });
    const auto record = journal()->ReadRelease(file_.id);
    if (!record.ok()) return record.status();
    screen_->DrawLast(**record);
    Tell("release " + file_.id + ": " + (*record)->outcome);
    return (*record)->outcome == kDone ? ExitCode::kDone : ExitCode::kBadNews;
  }

  const ReleaseFile& file_;
  SystemClock clock_;
  WakeUp wake_;
  std::atomic<bool> stop_{false};
  std::string said_;                     // the newest failure of a turn
  std::optional<ReleaseScreen> screen_;  // while it runs; the host speaks through it
  ReleaseHost host_;
  std::optional<SignalWaiter> signals_;
};

StatusOr<ExitCode> DryRun(const Config& config, const ReleaseFile& file) {
  SystemClock clock;
  ReleasePlanner planner(config, &clock, nullptr);
  const auto plan = planner.Plan(file);
  if (!plan.ok()) return plan.status();
  REVERTD_RETURN_IF_ERROR(Print(PlanJson(file, *plan)));
  const auto well = planner.DryRun(file, *plan, [](const std::string& json) { return PrintLine(json); });
  if (!well.ok()) return well.status();
  SayRefusals(*plan);
  return *well && plan->refusals.empty() ? ExitCode::kDone : ExitCode::kBadNews;
}

StatusOr<ExitCode> RunNew(const Config& config, const ReleaseFile& file) {
  REVERTD_RETURN_IF_ERROR(CheckUnknown(config, file.id));
  ReleaseLoop loop(config, file);
  REVERTD_RETURN_IF_ERROR(loop.Open());
  const auto open = OpenReleaseOf(*loop.journal());
  if (!open.ok()) return open.status();
  if (!open->empty()) {
    Say("release " + *open + " of " + file.environment + " has not ended: resume or abort it");
    return ExitCode::kBadNews;
  }
  SystemClock clock;
  ReleasePlanner planner(config, &clock, loop.stop());
  const auto plan = planner.Plan(file);
  // What was cut short is refused too, and by no fault of the release.
  if (loop.is_stopped()) {
    Say("stopped before it began");
    return ExitCode::kBadNews;
  }
  if (!plan.ok()) return plan.status();
  if (!plan->refusals.empty()) {
    SayRefusals(*plan);
    return ExitCode::kBadNews;
  }
  for (const PlanProblem& problem : plan->warnings) {
    Say("warning" + (problem.step.empty() ? "" : " " + problem.step) + ": " + problem.reason + ": " + problem.detail);
  }
  REVERTD_RETURN_IF_ERROR(loop.journal()->BeginRelease({file.id, file.environment, file.text, clock.Now()}));
  return loop.Run(false);
}

StatusOr<ExitCode> Resume(const Config& config, const ReleaseOptions& options) {
  const auto record = options.id.empty() ? FindOpenRelease(config, options.environment)
                                         : FindRelease(config, options.id, options.environment);
  if (!record.ok()) return AsUsage(record.status());
  if (record->ended_ns != 0) return InvalidArgument("release " + record->id + " has ended: " + record->outcome);
  const auto file = ParseKept(*record, config);
  if (!file.ok()) return file.status();
  ReleaseLoop loop(config, *file);
  REVERTD_RETURN_IF_ERROR(loop.Open());
  return loop.Run(true);
}

}  // namespace

ExitCode ReleasePlanCommand(const ReleaseOptions& options) {
  const auto config = ConfigOrFail(options.config);
  if (!config.ok()) return Fail(config.status());
  const auto file = LoadRelease(options.file, *config);
  if (!file.ok()) return Fail(file.status());
  SystemClock clock;
  ReleasePlanner planner(*config, &clock, nullptr);
  const auto plan = planner.Plan(*file);
  if (!plan.ok()) return Fail(plan.status());
  const Status printed = Print(options.json ? PlanJson(*file, *plan) : PlanText(*file, *plan));
  if (!printed.ok()) return Fail(printed);
  return plan->refusals.empty() ? ExitCode::kDone : ExitCode::kBadNews;
}

ExitCode ReleaseRunCommand(const ReleaseOptions& options) {
  const auto config = ConfigOrFail(options.config);
  if (!config.ok()) return Fail(config.status());
  const auto file = LoadRelease(options.file, *config);
  if (!file.ok()) return Fail(file.status());
  const auto code = options.dry_run ? DryRun(*config, *file) : RunNew(*config, *file);
  return code.ok() ? *code : Fail(code.status());
}

ExitCode ReleaseResumeCommand(const ReleaseOptions& options) {
  const auto config = ConfigOrFail(options.config);
  if (!config.ok()) return Fail(config.status());
  const auto code = Resume(*config, options);
  return code.ok() ? *code : Fail(code.status());
}

}  // namespace revertd
