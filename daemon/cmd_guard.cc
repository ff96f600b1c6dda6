// `revertd guard install|show|remove`: git hooks that keep people's commits off the production branch.
#include <filesystem>
#include <optional>

#include "actions/guard_install.h"
#include "actions/process.h"
#include "base/json_writer.h"
#include "base/strings.h"
#include "config/load.h"
#include "daemon/commands.h"
#include "daemon/doors/repository_url.h"
#include "daemon/output.h"

namespace revertd {
namespace {

// A clone is nobody's server: it may have no configuration, and needs none.
StatusOr<std::optional<Config>> ConfigIfAny(const GuardOptions& options) {
  std::error_code ignored;
  const bool is_needed = !options.config.empty() || !options.repo.empty();
  if (!is_needed && !std::filesystem::exists(kDefaultConfigPath, ignored)) return std::nullopt;
  StatusOr<Config> config = ConfigOrFail(options.config);
  if (!config.ok()) return config.status();
  return std::optional<Config>(*std::move(config));
}

StatusOr<std::string> BranchOfRepo(const Config& config, const std::string& name) {
  if (const RepoConfig* repo = config.FindRepo(name)) return repo->branch;
  std::vector<std::string_view> names;
  for (const RepoConfig& known : config.repos) names.push_back(known.name);
  const auto meant = Nearest(name, names);
  return InvalidArgument("--repo " + name + ": not in the configuration" +
                         (meant ? "; did you mean \"" + std::string(*meant) + "\"?" : ""));
}

// The branch of the configured repo that this one is, or was cloned from; "production" where there is none.
StatusOr<std::string> BranchByUrl(const Config& config, const GuardedRepository& repository) {
  const RepositoryUrl origin = ReadRepositoryUrl(repository.origin);
  const RepositoryUrl own = ReadRepositoryUrl(repository.folder);
  std::optional<std::string> branch;
  for (const RepoConfig& repo : config.repos) {
    const RepositoryUrl url = ReadRepositoryUrl(repo.url);
    const bool is_itself = url.host.empty() && IsSameRepository(url, own);
    if (!is_itself && !IsSameRepository(url, origin)) continue;
    if (branch && *branch != repo.branch) {
      return InvalidArgument("several repos of the configuration have the URL of " + repository.folder +
                             ": say which with --repo NAME or --branch NAME");
    }
    branch = repo.branch;
  }
  return branch.value_or(RepoConfig().branch);
}

StatusOr<std::string> BranchToGuard(const GuardOptions& options, const GuardedRepository& repository) {
  if (!options.branch.empty()) return options.branch;
  const StatusOr<std::optional<Config>> config = ConfigIfAny(options);
  if (!config.ok()) return config.status();
  if (!config->has_value()) return RepoConfig().branch;
  return options.repo.empty() ? BranchByUrl(**config, repository) : BranchOfRepo(**config, options.repo);
}

Status PrintSteps(const std::vector<GuardStep>& steps, bool is_dry_run) {
  for (const GuardStep& step : steps) {
    JsonWriter json;
    json.BeginObject().Field("step", step.what).Field("subject", step.subject);
    if (is_dry_run) json.Field("dry_run", true);
    REVERTD_RETURN_IF_ERROR(PrintLine(json.EndObject().text()));
  }
  return OkStatus();
}

void SayWhatIsGuarded(const GuardedRepository& repository, const std::string& branch, bool is_dry_run) {
  Say((is_dry_run ? "would guard " : "guards ") + Printable(branch) + " in " + Printable(repository.folder) +
      ", against accidents: malice is for the forge's protection of the branch");
  if (!repository.is_bare) return;
  Say("the way out is a push option, so receive.advertisePushOptions is " +
      std::string(repository.takes_push_options ? "left set" : "set") +
      ": git push -o revertd-override=\"the reason\"");
}

Status PrintFindings(const GuardedRepository& repository, const std::string& branch,
                     const std::vector<GuardFinding>& findings) {
  for (const GuardFinding& finding : findings) {
    JsonWriter json;
    json.BeginObject().Field("hook", finding.wanted.name).Field("branch", branch);
    json.Field("state", NameOf(finding.state));
    if (finding.version) json.Field("version", *finding.version);
    json.Field("chained", finding.is_chained).Field("path", finding.path);
    REVERTD_RETURN_IF_ERROR(PrintLine(json.EndObject().text()));
  }
  if (!repository.is_bare) return OkStatus();
  JsonWriter json;
  json.BeginObject().Field("setting", "receive.advertisePushOptions");
  json.Field("state", repository.takes_push_options ? "current" : "missing");
  return PrintLine(json.EndObject().text());
}

}  // namespace

ExitCode GuardInstallCommand(const GuardOptions& options) {
  const std::vector<std::string> environment = OwnEnvironment();
  const auto repository = FindGuardedRepository(options.path, environment);
  if (!repository.ok()) return Fail(repository.status());
  const auto branch = BranchToGuard(options, *repository);
  if (!branch.ok()) return Fail(branch.status());
  const auto steps = InstallGuard(*repository, *branch, environment, options.dry_run);
  if (!steps.ok()) return Fail(steps.status());
  if (const Status printed = PrintSteps(*steps, options.dry_run); !printed.ok()) return Fail(printed);
  SayWhatIsGuarded(*repository, *branch, options.dry_run);
  return ExitCode::kDone;
}

ExitCode GuardShowCommand(const GuardOptions& options) {
  const auto repository = FindGuardedRepository(options.path, OwnEnvironment());
  if (!repository.ok()) return Fail(repository.status());
  const auto branch = BranchToGuard(options, *repository);
  if (!branch.ok()) return Fail(branch.status());
  const auto findings = FindGuards(*repository, *branch);
  if (!findings.ok()) return Fail(findings.status());
  const Status printed = PrintFindings(*repository, *branch, *findings);
  if (!printed.ok()) return Fail(printed);
  bool is_whole = !repository->is_bare || repository->takes_push_options;
  for (const GuardFinding& finding : *findings) is_whole = is_whole && finding.state == GuardState::kCurrent;
  return is_whole ? ExitCode::kDone : ExitCode::kBadNews;
}

ExitCode GuardRemoveCommand(const GuardOptions& options) {
  const std::vector<std::string> environment = OwnEnvironment();
  const auto repository = FindGuardedRepository(options.path, environment);
  if (!repository.ok()) return Fail(repository.status());
  const auto steps = RemoveGuard(*repository, environment, options.dry_run);
  if (!steps.ok()) return Fail(steps.status());
  if (const Status printed = PrintSteps(*steps, options.dry_run); !printed.ok()) return Fail(printed);
  if (steps->empty()) Say("no hooks of ours stand in " + Printable(repository->hooks_folder));
  return ExitCode::kDone;
}

}  // namespace revertd
