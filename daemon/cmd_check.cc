// `revertd check`: configuration, kernel, state, git and remotes tested without acting.
#include <unistd.h>

#include <filesystem>
#include <optional>

#include "actions/dry_run.h"
#include "actions/forge.h"
#include "actions/git_program.h"
#include "actions/guards.h"
#include "actions/process.h"
#include "actions/revert_executor.h"
#include "base/json_writer.h"
#include "base/strings.h"
#include "config/secrets.h"
#include "daemon/commands.h"
#include "daemon/log_input.h"
#include "daemon/memory_bound.h"
#include "daemon/output.h"
#include "ingest/event_loop.h"
#include "ingest/source_set.h"
#include "ingest/unix_queue.h"
#include "store/executor_store.h"
#include "store/state_store.h"

namespace revertd {
namespace {

struct CheckRow {
  std::string what;
  bool ok = true;
  std::string words;
};

CheckRow CheckKernel() {
  std::string why_not;
  OpenEventLoop(/*allow_uring=*/true, &why_not);
  return {"io_uring", true, why_not.empty() ? "used" : "not used (" + why_not + "); poll() and read() instead"};
}

CheckRow CheckState(const Config& config) {
  const std::string folder = FolderOf(config);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return {"state", false, "cannot make the folder " + folder + ": " + error.message()};
  if (::access(folder.c_str(), W_OK) != 0) return {"state", false, "cannot write in " + folder};
  // A state that is there must be one that `run` can open.
  if (std::filesystem::exists(config.state, error)) {
    const auto state = StateStore::Open(config.state, StateStore::Access::kReadOnly);
    if (!state.ok()) return {"state", false, std::string(MessageOf(state.status()))};
  }
  if (std::filesystem::exists(ExecutorDatabaseOf(config), error)) {
    const auto journal = ExecutorStore::Open(ExecutorDatabaseOf(config), ExecutorStore::Access::kReadOnly);
    if (!journal.ok()) return {"state", false, std::string(MessageOf(journal.status()))};
  }
  return {"state", true, config.state};
}

std::string Megabytes(uint64_t bytes) { return std::to_string((bytes + 999'999) / 1'000'000) + " MB"; }

CheckRow CheckMemory(const Config& config) {
  const MemoryBound bound = MemoryBoundOf(config);
  return {"memory", true,
          "at most " + Megabytes(bound.memory()) + " for " + std::to_string(config.limits.services) +
              " services (windows " + Megabytes(bound.ring) + ", names " + Megabytes(bound.names) + ", history " +
              Megabytes(bound.series) + ", roll-ups " + Megabytes(bound.rollups) + "), and " + Megabytes(bound.disk) +
              " on disk; only services with traffic take any"};
}

// What the kernel's queue means for a unix datagram source, where it means anything.
std::string UnixQueueWords() {
  const std::optional<int64_t> length = UnixQueueLength();
  const std::string warning = length ? UnixQueueWarning(*length) : "";
  return warning.empty() ? "" : "; " + warning;
}

// Whether the source could be opened. A running sidecar may hold a socket: it is not bound here, only looked at.
CheckRow CheckSource(const SourceConfig& source) {
  const std::string what = "source " + NameOf(source);
  const bool is_errors = source.format == kSentryFormat;
  if (const auto format = FormatOrAuto(is_errors ? "auto" : source.format); !format.ok()) {
    return {what, false, std::string(MessageOf(format.status()))};
  }
  std::error_code error;
  if (source.kind == SourceConfig::Kind::kFile) {
    if (!std::filesystem::exists(source.path, error)) return {what, true, "does not exist yet: run waits for it"};
    if (::access(source.path.c_str(), R_OK) != 0) return {what, false, "cannot be read by this user"};
    return {what, true, "can be read"};
  }
  if (source.kind == SourceConfig::Kind::kSyslog && source.listen.is_unix()) {
    const std::string folder = std::filesystem::path(source.listen.path).parent_path().string();
    if (::access(folder.c_str(), W_OK) != 0) return {what, false, "no socket can be made in " + folder};
    if (source.listen.is_datagram()) return {what, true, "format " + source.format + UnixQueueWords()};
  }
  return {what, true, "format " + source.format};
}

CheckRow CheckKillSwitch(const Config& config) {
  switch (ReadKillSwitch(config.guard.kill_switch)) {
    case KillSwitch::kOff: return {"kill switch", true, "off (" + config.guard.kill_switch + " does not exist)"};
    case KillSwitch::kOn: return {"kill switch", true, "ON: " + config.guard.kill_switch + " exists, nothing acts"};
    case KillSwitch::kUnreadable: break;
  }
  return {"kill switch", false, config.guard.kill_switch + " cannot be read: counts as on"};
}

CheckRow CheckRepo(const RepoConfig& repo, Git* git) {
  const std::string what = "repo " + repo.name;
  const auto remote = CheckRemote(repo, git);
  if (!remote.ok()) return {what, false, std::string(MessageOf(remote.status()))};
  if (remote->branch_head.empty()) return {what, false, "the remote has no branch " + repo.branch};
  if (!remote->push_allowed) return {what, false, "a push to " + repo.branch + " would be refused: " + remote->detail};
  return {what, true, repo.branch + " is at " + remote->branch_head + ", a push would be taken"};
}

// Whether the token opens the repository: a question about a branch that nobody has.
CheckRow CheckForge(const RepoConfig& repo, HttpClient* http) {
  const std::string what = "forge of " + repo.name;
  const auto forge = MakeForge(*repo.forge, http);
  if (!forge.ok()) return {what, false, std::string(MessageOf(forge.status()))};
  const auto found = (*forge)->FindByBranch("revertd/check");
  if (!found.ok()) return {what, false, Printable(MessageOf(found.status()))};
  return {what, true, std::string(NameOf(repo.forge->kind)) + " shows the pull requests of " + repo.forge->repository};
}

// Whether its program is there; it is not written to.
CheckRow CheckChannel(const ChannelConfig& channel) {
  const std::string what = "channel " + channel.name;
  if (channel.command.given()) {
    const Status status = CheckProgram(channel.command.argv.front(), OwnEnvironment());
    if (!status.ok()) return {what, false, std::string(MessageOf(status))};
  }
  return {what, true, std::string(NameOf(channel.kind)) + ", not written to"};
}

CheckRow CheckSecret(const NamedSecret& secret) {
  const auto value = ReadSecret(*secret.where);
  return {"secret " + secret.name, value.ok(), value.ok() ? "can be read" : std::string(MessageOf(value.status()))};
}

std::vector<CheckRow> CheckAll(const Config& config) {
  std::vector<CheckRow> rows = {
      {"configuration", true,
       std::to_string(config.services.size()) + " services, " + std::to_string(config.repos.size()) + " repos"},
      CheckKernel(),
      CheckMemory(config),
      CheckState(config),
      CheckKillSwitch(config)};
  for (const SourceConfig& source : config.sources) rows.push_back(CheckSource(source));
  SystemClock clock;
  GitProgram git(FolderOf(config), OwnEnvironment(), &clock);
  if (const auto version = git.Version(); version.ok()) {
    rows.push_back({"git", true, *version});
    for (const RepoConfig& repo : config.repos) rows.push_back(CheckRepo(repo, &git));
  } else {
    rows.push_back({"git", false, std::string(MessageOf(version.status()))});
  }
  CurlHttpClient http;
  for (const RepoConfig& repo : config.repos) {
    if (repo.forge) rows.push_back(CheckForge(repo, &http));
  }
  for (const ChannelConfig& channel : config.notify) rows.push_back(CheckChannel(channel));
  for (const NamedSecret& secret : SecretsOf(config)) rows.push_back(CheckSecret(secret));
  return rows;
}

Status PrintRow(const CheckRow& row) {
  if (IsTerminal(STDOUT_FILENO)) {
    std::string line = (row.ok ? "ok      " : "FAILED  ") + row.what;
    line.append(line.size() < 24 ? 24 - line.size() : 1, ' ');
    return PrintLine(line + row.words);
  }
  JsonWriter json;
  json.BeginObject().Field("check", row.what).Field("ok", row.ok).Field("detail", row.words);
  return PrintLine(json.EndObject().text());
}

}  // namespace

ExitCode CheckCommand(const std::string& config_path, bool list_fault_points) {
  if (list_fault_points) {
    for (const std::string& name : FaultPointNames()) {
      if (const Status status = PrintLine(name); !status.ok()) return Fail(status);
    }
    return ExitCode::kDone;
  }
  const auto config = ConfigOrFail(config_path);
  if (!config.ok()) return Fail(config.status());
  bool all_ok = true;
  for (const CheckRow& row : CheckAll(*config)) {
    all_ok = all_ok && row.ok;
    if (const Status status = PrintRow(row); !status.ok()) return Fail(status);
  }
  return all_ok ? ExitCode::kDone : ExitCode::kWorldFailed;
}

}  // namespace revertd
