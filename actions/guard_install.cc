#include "actions/guard_install.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include "actions/git_settings.h"
#include "actions/git_words.h"
#include "actions/process.h"
#include "base/strings.h"

namespace revertd {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kHookMode = 0755;
constexpr char kPushOptions[] = "receive.advertisePushOptions";
// So that removing takes away what installing brought, and no more.
constexpr char kPushOptionsOurs[] = "revertd.guardSetPushOptions";

// Without GitArguments: they say that there are no hooks, and where those are is what we ask.
StatusOr<ProcessResult> RunGit(const std::string& folder, std::vector<std::string> arguments,
                               const std::vector<std::string>& environment) {
  ProcessSpec spec;
  spec.program = "git";
  spec.arguments = std::move(arguments);
  spec.working_directory = folder;
  spec.environment = GitEnvironment(environment);
  return RunProcess(spec);
}

// What git printed, without the last end of line: a path may hold anything else.
StatusOr<std::string> AskGit(const std::string& folder, std::vector<std::string> arguments,
                             const std::vector<std::string>& environment) {
  StatusOr<ProcessResult> result = RunGit(folder, std::move(arguments), environment);
  if (!result.ok()) return result.status();
  if (result->exit_code != 0) return InvalidArgument(folder + ": " + WhyIn(result->standard_error, RepoConfig{}));
  std::string answer = std::move(result->standard_output);
  if (answer.ends_with('\n')) answer.pop_back();
  return answer;
}

// Empty: not set. What git cannot read of its configuration it has said before.
StatusOr<std::string> ReadSetting(const std::string& folder, std::vector<std::string> arguments,
                                  const std::vector<std::string>& environment) {
  arguments.insert(arguments.begin(), {"config"});
  StatusOr<ProcessResult> result = RunGit(folder, std::move(arguments), environment);
  if (!result.ok()) return result.status();
  return result->exit_code == 0 ? std::string(Trim(result->standard_output)) : std::string();
}

Status WriteSetting(const std::string& folder, std::vector<std::string> arguments,
                    const std::vector<std::string>& environment) {
  arguments.insert(arguments.begin(), {"config", "--local"});
  StatusOr<ProcessResult> result = RunGit(folder, std::move(arguments), environment);
  if (!result.ok()) return result.status();
  if (result->exit_code == 0) return OkStatus();
  return Unavailable("setting " + std::string(kPushOptions) + " in " + folder + ": " +
                     WhyIn(result->standard_error, RepoConfig{}));
}

// A folder of hooks for every repository would guard every repository.
Status CheckHooksAreItsOwn(const GuardedRepository& repository, const std::vector<std::string>& environment) {
  const auto scope = ReadSetting(repository.folder, {"--show-scope", "--get", "core.hooksPath"}, environment);
  if (!scope.ok()) return scope.status();
  if (!scope->starts_with("global") && !scope->starts_with("system")) return OkStatus();
  return InvalidArgument(repository.hooks_folder +
                         " holds the hooks of every repository (core.hooksPath is set for the user or the machine): "
                         "give this one its own with git config --local core.hooksPath FOLDER");
}

Status Failed(std::string_view doing, const std::string& path, int error) {
  return Unavailable("cannot " + std::string(doing) + " " + path + ": " + std::generic_category().message(error));
}

bool Stands(const std::string& path) {
  std::error_code ignored;
  return fs::exists(fs::symlink_status(path, ignored));
}

StatusOr<std::string> ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file.is_open() || file.bad()) return Unavailable("cannot read " + path);
  return text.str();
}

StatusOr<GuardFinding> FindGuard(const std::string& folder, GuardHook wanted) {
  GuardFinding finding;
  finding.path = folder + "/" + wanted.name;
  finding.is_chained = Stands(finding.path + std::string(kBeforeGuard));
  finding.wanted = std::move(wanted);
  if (!Stands(finding.path)) return finding;
  finding.state = GuardState::kForeign;
  std::error_code ignored;
  if (!fs::is_regular_file(finding.path, ignored)) return finding;  // a dead link, or a link to a folder
  const StatusOr<std::string> text = ReadText(finding.path);
  if (!text.ok()) return text.status();
  finding.version = GuardVersionOf(*text);
  if (!finding.version) return finding;
  struct stat found {};
  const bool is_ready =
      ::lstat(finding.path.c_str(), &found) == 0 && S_ISREG(found.st_mode) && (found.st_mode & ALLPERMS) == kHookMode;
  finding.state = is_ready && *text == finding.wanted.text ? GuardState::kCurrent : GuardState::kChanged;
  return finding;
}

int WriteAll(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno != EINTR) return errno;
    if (written > 0) text.remove_prefix(static_cast<size_t>(written));
  }
  return 0;
}

Status WriteBeside(const std::string& path, std::string_view text) {
  // A fixed name: what a kill leaves behind, the next writing takes away.
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, kHookMode);
  if (descriptor < 0) return Failed("write", path, errno);
  int error = WriteAll(descriptor, text);
  if (error == 0 && ::fchmod(descriptor, kHookMode) != 0) error = errno;  // whatever the umask
  if (error == 0 && ::fsync(descriptor) != 0) error = errno;
  if (::close(descriptor) != 0 && error == 0) error = errno;
  return error == 0 ? OkStatus() : Failed("write", path, error);
}

Status Move(const std::string& from, const std::string& to) {
  return std::rename(from.c_str(), to.c_str()) == 0 ? OkStatus() : Failed("move " + from + " to", to, errno);
}

// Ours lies ready before somebody else's steps aside, so that there is no hook for two renames and no longer.
Status PutInPlace(const GuardFinding& finding) {
  const std::string beside = finding.path + ".revertd-new";
  Status status = WriteBeside(beside, finding.wanted.text);
  if (status.ok() && finding.state == GuardState::kForeign) {
    status = Move(finding.path, finding.path + std::string(kBeforeGuard));
  }
  if (status.ok()) status = Move(beside, finding.path);
  if (!status.ok()) ::unlink(beside.c_str());
  return status;
}

Status MakeFolder(const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  std::error_code ignored;
  if (fs::is_directory(folder, ignored)) return OkStatus();
  return Failed("make the folder", folder, error ? error.value() : ENOTDIR);
}

Status CheckBranch(const GuardedRepository& repository, std::string_view branch,
                   const std::vector<std::string>& environment) {
  const std::string ref = "refs/heads/" + std::string(branch);
  const auto result = RunGit(repository.folder, {"check-ref-format", ref}, environment);
  if (!result.ok()) return result.status();
  return result->exit_code == 0 ? OkStatus() : InvalidArgument("\"" + Printable(branch) + "\" is no branch's name");
}

}  // namespace

std::string_view NameOf(GuardState state) {
  switch (state) {
    case GuardState::kCurrent: return "current";
    case GuardState::kChanged: return "changed";
    case GuardState::kMissing: return "missing";
    case GuardState::kForeign: return "foreign";
  }
  return "unknown";
}

StatusOr<GuardedRepository> FindGuardedRepository(const std::string& path,
                                                  const std::vector<std::string>& environment) {
  std::error_code ignored;
  if (!fs::is_directory(path, ignored)) return InvalidArgument(path + ": no such folder");
  const auto is_bare = AskGit(path, {"rev-parse", "--is-bare-repository"}, environment);
  if (!is_bare.ok()) return is_bare.status();
  GuardedRepository repository;
  repository.is_bare = *is_bare == "true";
  auto folder = AskGit(path, {"rev-parse", repository.is_bare ? "--absolute-git-dir" : "--show-toplevel"}, environment);
  if (!folder.ok()) return folder.status();
  repository.folder = *std::move(folder);
  // Asked from where git runs hooks: a core.hooksPath that is not absolute counts from there.
  const auto hooks = AskGit(repository.folder, {"rev-parse", "--git-path", "hooks"}, environment);
  if (!hooks.ok()) return hooks.status();
  repository.hooks_folder = (fs::path(repository.folder) / *hooks).lexically_normal().string();
  REVERTD_RETURN_IF_ERROR(CheckHooksAreItsOwn(repository, environment));
  auto origin = ReadSetting(repository.folder, {"--get", "remote.origin.url"}, environment);
  if (!origin.ok()) return origin.status();
  repository.origin = *std::move(origin);
  if (!repository.is_bare) return repository;
  const auto takes = ReadSetting(repository.folder, {"--type=bool", "--get", kPushOptions}, environment);
  if (!takes.ok()) return takes.status();
  repository.takes_push_options = *takes == "true";
  const auto ours = ReadSetting(repository.folder, {"--local", "--type=bool", "--get", kPushOptionsOurs}, environment);
  if (!ours.ok()) return ours.status();
  repository.push_options_ours = *ours == "true";
  return repository;
}

StatusOr<std::vector<GuardFinding>> FindGuards(const GuardedRepository& repository, std::string_view branch) {
  std::vector<GuardFinding> findings;
  for (GuardHook& hook : MakeGuardHooks(repository.is_bare, branch)) {
    StatusOr<GuardFinding> finding = FindGuard(repository.hooks_folder, std::move(hook));
    if (!finding.ok()) return finding.status();
    findings.push_back(*std::move(finding));
  }
  return findings;
}

StatusOr<std::vector<GuardStep>> InstallGuard(const GuardedRepository& repository, std::string_view branch,
                                              const std::vector<std::string>& environment, bool is_dry_run) {
  REVERTD_RETURN_IF_ERROR(CheckBranch(repository, branch, environment));
  const auto findings = FindGuards(repository, branch);
  if (!findings.ok()) return findings.status();
  for (const GuardFinding& finding : *findings) {
    if (finding.state == GuardState::kForeign && finding.is_chained) {
      return FailedPrecondition(finding.path + " is not ours, and " + finding.path + std::string(kBeforeGuard) +
                                " is kept already: remove the one that is not wanted");
    }
  }
  if (!is_dry_run) REVERTD_RETURN_IF_ERROR(MakeFolder(repository.hooks_folder));
  std::vector<GuardStep> steps;
  for (const GuardFinding& finding : *findings) {
    if (finding.state == GuardState::kCurrent) {
      steps.push_back({"unchanged", finding.path});
      continue;
    }
    if (!is_dry_run) REVERTD_RETURN_IF_ERROR(PutInPlace(finding));
    if (finding.state == GuardState::kForeign) steps.push_back({"kept", finding.path + std::string(kBeforeGuard)});
    steps.push_back({finding.state == GuardState::kChanged ? "updated" : "written", finding.path});
  }
  if (!repository.is_bare || repository.takes_push_options) return steps;
  if (!is_dry_run) {
    REVERTD_RETURN_IF_ERROR(WriteSetting(repository.folder, {kPushOptionsOurs, "true"}, environment));
    REVERTD_RETURN_IF_ERROR(WriteSetting(repository.folder, {kPushOptions, "true"}, environment));
  }
  steps.push_back({"set", kPushOptions});
  return steps;
}

StatusOr<std::vector<GuardStep>> RemoveGuard(const GuardedRepository& repository,
                                             const std::vector<std::string>& environment, bool is_dry_run) {
  const auto findings = FindGuards(repository, "");  // of any branch: ours are known by their marker
  if (!findings.ok()) return findings.status();
  std::vector<GuardStep> steps;
  for (const GuardFinding& finding : *findings) {
    if (finding.state == GuardState::kForeign) {
      steps.push_back({"left", finding.path});
      continue;
    }
    if (finding.is_chained) {
      if (!is_dry_run) REVERTD_RETURN_IF_ERROR(Move(finding.path + std::string(kBeforeGuard), finding.path));
      steps.push_back({"restored", finding.path});
    } else if (finding.state != GuardState::kMissing) {
      if (!is_dry_run && ::unlink(finding.path.c_str()) != 0) return Failed("remove", finding.path, errno);
      steps.push_back({"removed", finding.path});
    }
  }
  if (!repository.push_options_ours) return steps;
  if (!is_dry_run) {
    REVERTD_RETURN_IF_ERROR(WriteSetting(repository.folder, {"--unset-all", kPushOptions}, environment));
    REVERTD_RETURN_IF_ERROR(WriteSetting(repository.folder, {"--unset-all", kPushOptionsOurs}, environment));
  }
  steps.push_back({"unset", kPushOptions});
  return steps;
}

}  // namespace revertd
