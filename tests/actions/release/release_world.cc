#include "tests/actions/release/release_world.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>

#include "base/check.h"
#include "base/strings.h"

namespace revertd {
namespace {

constexpr int kTurnsMax = 200'000;
constexpr DurationNs kTurn = 5 * kSecondNs;

ReleaseStep MergeStep(const std::string& service) {
  ReleaseStep step;
  step.name = step.service = service;
  step.promote.source = "main";
  return step;
}

CommandConfig Shell(const std::string& script) { return {.argv = {"sh", "-c", script}}; }

Evidence ManyErrors() {
  Evidence evidence;
  evidence.signal = "errors";
  evidence.before = 0.001;
  evidence.before_null = 0.00125;
  evidence.after = 0.05;
  evidence.after_low = 0.04;
  evidence.n_after = 2000;
  evidence.x_after = 100;
  return evidence;
}

// What the runner waits for, and nobody but the machine itself ends.
bool IsMachinesOwn(const std::string& why) {
  for (const char* own : {"command_running", "verifying", "asking_whether_done", "asking_whether_undone",
                          "asking_production", "deploying", "health_unknown", "condition_unknown"}) {
    if (why == own) return true;
  }
  return false;
}

class LastWaiting final : public ReleaseEvents {
 public:
  explicit LastWaiting(std::vector<std::string>* dropped) : dropped_(dropped) {}
  void OnRow(const ReleaseEvent&) override {}
  void OnWaiting(const ReleaseTask&, const TaskWaiting& waiting) override { last = waiting; }
  void OnDropped(const std::string& words) override { dropped_->push_back(words); }
  TaskWaiting last;

 private:
  std::vector<std::string>* const dropped_;
};

}  // namespace

std::vector<std::string> Only(const std::vector<std::string>& rows, std::string_view part) {
  std::vector<std::string> found;
  std::ranges::copy_if(rows, std::back_inserter(found),
                       [part](const std::string& row) { return row.find(part) != std::string::npos; });
  return found;
}

ReleaseWorld::ReleaseWorld() {
  config.state = sandbox.state_directory + "/state.db";
  config.guard.kill_switch = sandbox.state_directory + "/kill-switch";
  ChannelConfig desk;
  desk.name = "desk";
  desk.url = "http://127.0.0.1:9";
  config.notify.push_back(desk);
  MakeRepo("payments", {"payments"});
  MakeRepo("catalog", {"catalog"});
  MakeRepo("web", {"cart", "front"});
  const std::string schema = sandbox.root + "/schema";
  const std::string log = sandbox.root + "/commands";

  ReleaseStep migration;
  migration.name = "schema";
  migration.promote.by = PromoteBy::kCommand;
  migration.promote.version = "0042";
  migration.promote.command = Shell("echo up >> " + log + " && touch " + schema);
  migration.promote.verify = Shell("test -e " + schema);
  migration.inverse.by = InverseBy::kCommand;
  migration.inverse.command = Shell("echo down >> " + log + " && rm " + schema);
  migration.inverse.verify = Shell("test ! -e " + schema);
  migration.guard.verdict = false;

  file.id = "prices";
  file.environment = "production";
  file.stages = {{.name = "database", .needs = {}, .steps = {migration}},
                 {.name = "core", .needs = {"database"}, .steps = {MergeStep("payments"), MergeStep("catalog")}},
                 {.name = "baskets", .needs = {"core"}, .steps = {MergeStep("cart")}},
                 {.name = "edge", .needs = {"baskets"}, .steps = {MergeStep("front")}, .soak = 5 * kMinuteNs}};
  Step("cart").promote.revision = sandbox.GitIn(Remote("web"), {"rev-parse", "main~1"});
}

// production has every service at v1; main has one more commit for each, v2.
void ReleaseWorld::MakeRepo(const std::string& name, const std::vector<std::string>& services) {
  const std::string clone = sandbox.root + "/clone-" + name;
  sandbox.GitIn(sandbox.root, {"init", "--quiet", "--bare", "--initial-branch=production", Remote(name)});
  sandbox.GitIn(sandbox.root, {"init", "--quiet", "--initial-branch=production", clone});
  for (const std::string& service : services) WriteFile(clone + "/" + service, "v1\n");
  sandbox.GitIn(clone, {"add", "--all"});
  sandbox.GitIn(clone, {"commit", "--quiet", "--message=first"});
  sandbox.GitIn(clone, {"checkout", "--quiet", "-b", "main"});
  for (const std::string& service : services) {
    WriteFile(clone + "/" + service, "v2\n");
    sandbox.GitIn(clone, {"commit", "--quiet", "--all", "--message=" + service + " v2"});
  }
  sandbox.GitIn(clone, {"push", "--quiet", Remote(name), "production", "main"});
  RepoConfig repo;
  repo.name = name;
  repo.url = "file://" + Remote(name);
  config.repos.push_back(repo);
  for (const std::string& service : services) AddService(service, name);
}

void ReleaseWorld::AddService(const std::string& name, const std::string& repo) {
  ServiceConfig service;
  service.name = name;
  service.repo = repo;
  service.mode = Mode::kPush;
  HealthCheckConfig check;
  check.name = "pays";
  check.url = "http://127.0.0.1:9/";
  service.health.checks.push_back(check);
  config.services.push_back(service);
}

ReleaseStage& ReleaseWorld::Stage(const std::string& name) {
  for (ReleaseStage& stage : file.stages) {
    if (stage.name == name) return stage;
  }
  REVERTD_CHECK(false);
  return file.stages.front();
}

ReleaseStep& ReleaseWorld::Step(const std::string& name) {
  for (ReleaseStage& stage : file.stages) {
    for (ReleaseStep& step : stage.steps) {
      if (step.name == name) return step;
    }
  }
  REVERTD_CHECK(false);
  return file.stages.front().steps.front();
}

std::unique_ptr<ExecutorStore> ReleaseWorld::OpenJournal(ExecutorStore::Access access) {
  std::filesystem::create_directories(std::filesystem::path(JournalPath()).parent_path());
  auto journal = ExecutorStore::Open(JournalPath(), access);
  EXPECT_TRUE(journal.ok()) << MessageOf(journal.status());
  return journal.ok() ? *std::move(journal) : nullptr;
}

void ReleaseWorld::TakeDeploy(StateStore* state, const InboxMessage& message) {
  ASSERT_TRUE(state->WriteDeploy(message.deploy).ok());
  if (!message.deploy.finished() || message.deploy.id.ends_with("-undone")) return;
  const Deploy& deploy = message.deploy;
  if (message.deploy.id.ends_with("-rollback")) {
    Recovery recovery;
    recovery.trigger_id = message.deploy.id.substr(0, message.deploy.id.rfind('-'));
    recovery.deploy_id = message.deploy.id;
    recovery.service = deploy.service;
    recovery.state = RecoveryState::kRecovered;
    ASSERT_TRUE(state->WriteRecovery(recovery).ok());
    return;
  }
  const auto said = verdicts.find(deploy.service);
  WriteVerdict(state, deploy, said == verdicts.end() ? VerdictState::kHealthy : said->second);
}

void ReleaseWorld::WriteVerdict(StateStore* state, const Deploy& deploy, VerdictState said) {
  Verdict verdict;
  verdict.deploy_id = deploy.id;
  verdict.service = deploy.service;
  verdict.state = said;
  verdict.reason = "played";
  verdict.at_ns = clock.Now();
  if (said != VerdictState::kHealthy) verdict.evidence.push_back(ManyErrors());
  ASSERT_TRUE(state->WriteVerdict(verdict).ok());
}

void ReleaseWorld::Tell(const std::string& service, VerdictState state, const std::string& deploy_id) {
  const bool runs = sidecar_ != nullptr;
  if (!runs) sidecar_ = *StateStore::Open(config.state, StateStore::Access::kOwner);
  Deploy deploy;
  deploy.id = deploy_id.empty() ? ReleaseDeployId(file.id, service) : deploy_id;
  deploy.service = service;
  if (!deploy_id.empty()) {
    deploy.start_ns = deploy.finish_ns = runs ? clock.Now() : clock.Now() - kHourNs;
    ASSERT_TRUE(sidecar_->WriteDeploy(deploy).ok());
  }
  clock.SleepFor(kSecondNs);
  WriteVerdict(sidecar_.get(), deploy, state);
  if (!runs) sidecar_.reset();
}

void ReleaseWorld::PlaySidecar(StateStore* state) {
  const auto messages = state->Peek(1000);
  ASSERT_TRUE(messages.ok()) << MessageOf(messages.status());
  for (const InboxMessage& message : *messages) {
    switch (message.kind) {
      case InboxMessage::Kind::kDeployStart: TakeDeploy(state, message); break;
      case InboxMessage::Kind::kRevertPrepared:
        ASSERT_TRUE(state->WriteRevertPrepared(message.trigger_id, message.text).ok());
        break;
      case InboxMessage::Kind::kRevertAsked: ASSERT_TRUE(state->WriteTrigger(message.trigger).ok()); break;
      case InboxMessage::Kind::kReleaseCharge:
        ASSERT_TRUE(state->WriteCharge({message.deploy.service, message.text, message.deploy.finish_ns}).ok());
        break;
      default: break;
    }
    ASSERT_TRUE(state->Done(message.id).ok());
  }
}

ReleaseRunner::Progress ReleaseWorld::Run(const FaultPoint& fault_point, bool retries_halted) {
  auto sidecar = StateStore::Open(config.state, StateStore::Access::kOwner);
  EXPECT_TRUE(sidecar.ok()) << MessageOf(sidecar.status());
  sidecar_ = *std::move(sidecar);
  const ReleaseRunner::Progress progress = RunBeside(fault_point, retries_halted);
  sidecar_.reset();
  return progress;
}

ReleaseRunner::Progress ReleaseWorld::RunBeside(const FaultPoint& fault_point, bool retries_halted) {
  using Progress = ReleaseRunner::Progress;
  auto state = StateStore::Open(config.state, StateStore::Access::kInboxOnly);
  const auto journal = OpenJournal(ExecutorStore::Access::kOwner);
  EXPECT_TRUE(state.ok() && journal != nullptr);
  const auto known = journal->ReadRelease(file.id);
  EXPECT_TRUE(known.ok());
  if (!known->has_value()) {
    EXPECT_TRUE(journal->BeginRelease({file.id, file.environment, file.text, clock.Now()}).ok());
  }
  GitProgram git = sandbox.MakeGit(&clock);
  CurlHttpClient http;
  RunningRevision running(&http, sandbox.Environment());
  CommandRunner commands(sandbox.Environment());
  NotifierParts telling;
  telling.make_http = [] { return std::make_unique<CurlHttpClient>(); };
  Notifier notifier(config, journal.get(), std::move(telling));
  LastWaiting events(&dropped);
  const ReleaseTools tools = {&config,  &file,     state->get(), journal.get(), &git,
                              &running, &commands, open_forge,   &clock};
  const AskHealth ask = [this](const std::string& service, const HealthCheckConfig& check, TimeNs now) {
    const auto said = health.find(service);
    const HealthLevel level = said == health.end() ? HealthLevel::kOk : said->second;
    return HealthResult{.service = service, .check = check.name, .level = level, .reason = "played", .at_ns = now};
  };
  ReleaseRunner runner(tools, &notifier, &events, fault_point, ask);
  if (retries_halted) runner.RetryHalted();
  for (int turn = 0; turn < kTurnsMax; ++turn) {
    // A copy: it may take itself away.
    if (const auto call = before_turn) call(events.last.why);
    events.last = {};
    const auto progress = runner.RunOnce();
    PlaySidecar(sidecar_.get());
    if (!progress.ok()) {
      clock.SleepFor(kTurn);
      continue;
    }
    if (*progress == Progress::kHalted || *progress == Progress::kEnded) return *progress;
    if (*progress == Progress::kAdvanced) continue;
    if (events.last.for_a_person && !before_turn) return *progress;
    if (!IsMachinesOwn(events.last.why)) clock.SleepFor(kTurn);
  }
  ADD_FAILURE() << "the release has no end; it waits for " << events.last.why << " " << events.last.detail;
  return Progress::kWaiting;
}

int ReleaseWorld::RunInChild(const std::string& fault) {
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    Run([&fault](std::string_view name) {
      if (name == fault) kill(getpid(), SIGKILL);
    });
    std::fflush(nullptr);
    _exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int wait_status = 0;
  while (waitpid(child, &wait_status, 0) < 0 && errno == EINTR) continue;
  return wait_status;
}

void ReleaseWorld::Say(ExecutorCommand::Kind kind, const std::string& name) {
  const auto journal = OpenJournal(ExecutorStore::Access::kCommandsOnly);
  ExecutorCommand command;
  command.kind = kind;
  command.subject = file.id;
  command.name = name;
  command.author = "ada";
  EXPECT_TRUE(journal->Post(command).ok());
}

std::vector<std::string> ReleaseWorld::Rows() {
  const auto journal = OpenJournal(ExecutorStore::Access::kReadOnly);
  const auto rows = journal->ReadJournal(file.id);
  EXPECT_TRUE(rows.ok());
  std::vector<std::string> shown;
  for (const JournalRow& row : *rows) shown.push_back(row.step + " " + (row.finished_ns == 0 ? "-" : row.outcome));
  return shown;
}

JournalRow ReleaseWorld::Row(const std::string& name) {
  const auto row = OpenJournal(ExecutorStore::Access::kReadOnly)->ReadStep(file.id, name);
  EXPECT_TRUE(row.ok() && row->has_value()) << name;
  return **row;
}

std::string ReleaseWorld::Production(const std::string& repo, const std::string& name) {
  return sandbox.GitIn(Remote(repo), {"show", "production:" + name});
}

std::vector<std::string> ReleaseWorld::History(const std::string& repo) {
  std::vector<std::string> subjects;
  const std::string text = sandbox.GitIn(Remote(repo), {"log", "--first-parent", "--format=%s", "production"});
  for (std::string_view line : Split(text, '\n')) subjects.emplace_back(line);
  return subjects;
}

std::vector<std::string> ReleaseWorld::Commands() {
  std::vector<std::string> lines;
  const std::string text = ReadFile(sandbox.root + "/commands");
  for (std::string_view line : Split(Trim(text), '\n')) lines.emplace_back(line);
  return lines;
}

std::vector<std::string> ReleaseWorld::Told() {
  const auto journal = OpenJournal(ExecutorStore::Access::kReadOnly);
  const auto deliveries = journal->ReadDeliveries("release:" + file.id);
  EXPECT_TRUE(deliveries.ok());
  std::vector<std::string> events;
  for (const Delivery& delivery : *deliveries) events.push_back(delivery.event);
  return events;
}

std::vector<std::string> ReleaseWorld::Audited(std::string_view kind) {
  const auto journal = OpenJournal(ExecutorStore::Access::kReadOnly);
  std::vector<std::string> texts;
  const Status read = journal->ReadAudit([&](const AuditRow& row) {
    if (row.kind == kind) texts.push_back(row.text);
    return OkStatus();
  });
  EXPECT_TRUE(read.ok()) << read;
  return texts;
}

std::optional<ReleaseRecord> ReleaseWorld::Record() {
  const auto journal = OpenJournal(ExecutorStore::Access::kReadOnly);
  auto record = journal->ReadRelease(file.id);
  EXPECT_TRUE(record.ok());
  return *record;
}

std::vector<RollbackTrigger> ReleaseWorld::Triggers() {
  auto state = StateStore::Open(config.state, StateStore::Access::kReadOnly);
  EXPECT_TRUE(state.ok());
  auto triggers = (*state)->ReadTriggers();
  EXPECT_TRUE(triggers.ok());
  return *std::move(triggers);
}

std::optional<Charge> ReleaseWorld::ChargeOf(const std::string& service) {
  auto state = StateStore::Open(config.state, StateStore::Access::kReadOnly);
  EXPECT_TRUE(state.ok());
  auto charge = (*state)->ReadCharge(service);
  EXPECT_TRUE(charge.ok());
  return *charge;
}

}  // namespace revertd
