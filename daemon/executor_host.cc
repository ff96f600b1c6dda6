#include "daemon/executor_host.h"

#include <utility>

#include "actions/drift/drift_scan.h"
#include "daemon/commands.h"
#include "daemon/event_json.h"
#include "daemon/executor_parts.h"
#include "daemon/watchdog/watchdog.h"

namespace revertd {

// In the order of their making: what stands below uses what stands above.
struct ExecutorHost::Parts {
  std::unique_ptr<StateStore> state;
  std::unique_ptr<ExecutorStore> journal;
  std::unique_ptr<GitProgram> git;
  std::unique_ptr<HttpClient> http;
  std::unique_ptr<CommandRunner> commands;
  std::unique_ptr<Notifier> notifier;
  std::unique_ptr<Teller> teller;
  std::unique_ptr<TroubleTeller> troubles;
  std::unique_ptr<LockWatch> locks;
  std::unique_ptr<DriftDesk> drift;
  std::unique_ptr<PostMortemDesk> desk;
  std::unique_ptr<RevertExecutor> executor;
  std::unique_ptr<ActionLoop> actions;
};

ExecutorHost::ExecutorHost(const Config& config, Clock* clock, EventPrinter* events, std::string fault_point,
                           std::function<void()> wake)
    : config_(config), clock_(clock), events_(events), fault_point_(std::move(fault_point)), wake_(std::move(wake)) {}

ExecutorHost::~ExecutorHost() = default;

Status ExecutorHost::Open() {
  auto journal = ExecutorStore::Open(ExecutorDatabaseOf(config_), ExecutorStore::Access::kOwner);
  if (!journal.ok()) return journal.status();
  auto state = StateStore::Open(config_.state, StateStore::Access::kInboxOnly);
  if (!state.ok()) return state.status();
  auto parts = std::make_unique<Parts>();
  parts->journal = *std::move(journal);
  parts->state = *std::move(state);
  parts->git = std::make_unique<GitProgram>(FolderOf(config_), OwnEnvironment(), clock_);
  parts->http = std::make_unique<CurlHttpClient>();
  parts->commands = std::make_unique<CommandRunner>(WithoutSecretVariables(OwnEnvironment(), config_));
  parts->notifier = std::make_unique<Notifier>(
      config_, parts->journal.get(),
      PartsForTelling(*clock_, wake_, [this](const DeliveryEnd& end) { PrintDelivery(end); }));
  parts->teller = std::make_unique<Teller>(parts->state.get(), parts->journal.get(), parts->notifier.get(), clock_);
  parts->troubles =
      std::make_unique<TroubleTeller>(parts->state.get(), parts->journal.get(), parts->notifier.get(), clock_);
  parts->locks = std::make_unique<LockWatch>(&config_, parts->state.get(), parts->journal.get(), parts->git.get(),
                                             parts->notifier.get(), clock_);
  parts->drift = MakeDriftDesk(parts->journal.get(), parts->notifier.get());
  PostMortemTools tools;
  tools.config = &config_;
  tools.state = parts->state.get();
  tools.executor = parts->journal.get();
  tools.git = parts->git.get();
  tools.state_folder = FolderOf(config_);
  tools.on_command = [this](const ExecutorEvent& event) { events_->Print(ToEvent(event)); };
  parts->desk = std::make_unique<PostMortemDesk>(std::move(tools));
  parts->executor = std::make_unique<RevertExecutor>(
      config_, parts->state.get(), parts->journal.get(), parts->git.get(), clock_, this, KillAt(fault_point_),
      ExecutorOutside{ForgesBy(parts->http.get()), parts->commands.get()});
  parts->actions =
      std::make_unique<ActionLoop>(config_, parts->state.get(), parts->journal.get(), parts->executor.get(), clock_);
  parts_ = std::move(parts);
  return OkStatus();
}

std::unique_ptr<DriftDesk> ExecutorHost::MakeDriftDesk(ExecutorStore* journal, Notifier* notifier) {
  DriftDesk::Scan scan;
  if (HasDriftToLookFor(config_)) {
    scan = [this](const std::atomic<bool>& stop) {
      return LookForDrift(config_, FolderOf(config_), OwnEnvironment(), clock_, &stop);
    };
  }
  return std::make_unique<DriftDesk>(config_.drift.every, std::move(scan), journal, notifier, clock_);
}

void ExecutorHost::SayOnce(const Status& status, std::string* told) {
  const std::string words = status.ok() ? "" : std::string(MessageOf(status));
  if (!words.empty() && words != *told) Say(words);
  *told = words;
}

void ExecutorHost::OnStep(const ExecutorEvent& event) {
  // One turn may take several steps of which each is slow.
  GiveSign();
  events_->Print(ToEvent(event));
  const Status told = parts_->teller->OnStep(event);
  SayOnce(told, &teller_told_);
  if (!told.ok()) told_what_was_lost_ = false;
  // Handed out now: the steps that follow wait for remotes.
  SayOnce(parts_->notifier->Pump(clock_->Now()), &notifier_told_);
  const Status noted = parts_->desk->OnStep(event);
  SayOnce(noted, &desk_told_);
  if (!noted.ok()) parts_->desk->LookThroughAgain();
}

void ExecutorHost::PrintDelivery(const DeliveryEnd& end) {
  events_->Print(ToEvent(end));
  if (!end.delivered) Say(WordsOfUndelivered(end));
}

// The sidecar sees that it changes; what it holds is for people.
void ExecutorHost::GiveSign() {
  const TimeNs monotonic = clock_->Monotonic();
  if (monotonic < next_sign_ns_) return;
  next_sign_ns_ = monotonic + kExecutorSignEvery;
  SayOnce(parts_->journal->WriteCursor(kExecutorSign, clock_->Now()), &sign_told_);
}

bool ExecutorHost::RunOnce() {
  GiveSign();
  const auto advanced = parts_->actions->RunOnce();
  SayOnce(advanced.status(), &actions_told_);
  if (!told_what_was_lost_) {
    const Status status = parts_->teller->TellWhatWasLost();
    told_what_was_lost_ = status.ok();
    SayOnce(status, &teller_told_);
  }
  SayOnce(parts_->teller->TakeDecisions(), &teller_told_);
  SayOnce(parts_->troubles->RunOnce(), &troubles_told_);
  SayOnce(parts_->notifier->Pump(clock_->Now()), &notifier_told_);
  // Two steps that follow each other at once wait for no record.
  if (advanced.ok() && *advanced) return true;
  SayOnce(parts_->desk->RunOnce(clock_->Now()), &desk_told_);
  SayOnce(parts_->locks->RunOnce(), &locks_told_);
  SayOnce(parts_->drift->RunOnce(), &drift_told_);
  return false;
}

void ExecutorHost::LetMessagesOut(DurationNs limit) {
  const TimeNs end = clock_->Now() + limit;
  while (parts_->notifier->under_way() != 0 && clock_->Now() < end) {
    clock_->SleepFor(10 * kMillisecondNs);
    if (!parts_->notifier->Pump(clock_->Now()).ok()) return;
  }
}

}  // namespace revertd
