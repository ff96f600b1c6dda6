#include "daemon/doors/deploys_of.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include "base/strings.h"
#include "daemon/doors/path_glob.h"
#include "daemon/doors/repository_url.h"

namespace revertd {
namespace {

using Services = std::vector<const ServiceConfig*>;

bool IsSameWord(std::string_view a, std::string_view b) { return ToLower(a) == ToLower(b); }

bool Lists(const std::vector<std::string>& words, std::string_view word) {
  return std::any_of(words.begin(), words.end(), [&](const std::string& item) { return IsSameWord(item, word); });
}

// Which repository is told of: what the URLs name, and the bare path on any of their hosts.
std::vector<RepositoryUrl> RepositoriesOf(const Told& told) {
  std::vector<RepositoryUrl> named;
  for (const std::string& url : told.urls) named.push_back(ReadRepositoryUrl(url));
  if (told.repository.empty()) return named;
  const std::string path = ReadRepositoryUrl(told.repository).path;
  bool has_host = false;
  for (size_t i = told.urls.size(); i-- > 0;) {
    if (named[i].host.empty()) continue;
    has_host = true;
    named.push_back({.host = named[i].host, .path = path});
  }
  if (!has_host) named.push_back({.host = "", .path = path});
  return named;
}

bool IsOf(const RepoConfig& repo, const std::vector<RepositoryUrl>& named) {
  const RepositoryUrl url = ReadRepositoryUrl(repo.url);
  // The forge's repository is a path on whatever host.
  const RepositoryUrl on_forge = {.host = "", .path = repo.forge ? ReadRepositoryUrl(repo.forge->repository).path : ""};
  return std::any_of(named.begin(), named.end(), [&](const RepositoryUrl& one) {
    return IsSameRepository(one, url) || IsSameRepository(one, on_forge);
  });
}

// Several repos of the configuration may be branches or environments of one repository. Those of the told branch first.
std::vector<const RepoConfig*> ReposOf(const Told& told, const Config& config) {
  const std::vector<RepositoryUrl> named = RepositoriesOf(told);
  std::vector<const RepoConfig*> repos;
  for (const RepoConfig& repo : config.repos) {
    if (IsOf(repo, named)) repos.push_back(&repo);
  }
  std::stable_partition(repos.begin(), repos.end(),
                        [&](const RepoConfig* repo) { return repo->branch == told.branch; });
  return repos;
}

std::optional<DeploySource> SourceOf(ToldKind kind) {
  switch (kind) {
    case ToldKind::kPush: return DeploySource::kPush;
    case ToldKind::kMerge: return DeploySource::kMerge;
    case ToldKind::kRelease: return DeploySource::kRelease;
    case ToldKind::kPipeline: return DeploySource::kPipeline;
    case ToldKind::kDeployment: return DeploySource::kDeployment;
    default: return std::nullopt;
  }
}

std::string WhyNotListed(const Told& told, const RepoConfig& repo) {
  const auto source = SourceOf(told.kind);
  const auto& listed = repo.deploys_from;
  if (source && std::find(listed.begin(), listed.end(), *source) != listed.end()) return {};
  return std::string(NameOf(told.kind)) + "_is_no_deploy_here";
}

// Made, queued or waiting for an approval: what serves is as it was, and may be so for hours.
bool IsToCome(const Told& told) { return told.state == "pending" || told.state == "created"; }

enum class Course { kEnded, kBegun, kAbandoned, kNeither };

Course CourseOf(const Told& told) {
  if (told.kind != ToldKind::kDeployment || told.state == "success") return Course::kEnded;
  if (told.state == "running") return Course::kBegun;
  for (const std::string_view gone : {"failure", "error", "cancelled"}) {
    if (told.state == gone) return Course::kAbandoned;
  }
  return Course::kNeither;
}

// What the kind, the reference and the state alone say; empty: nothing against it.
std::string WhyNone(const Told& told) {
  switch (told.kind) {
    case ToldKind::kPing: return "a_ping";
    case ToldKind::kOther: return "none_of_ours";
    case ToldKind::kCheck: return "a_check";
    case ToldKind::kReview: return told.state == "closed" ? "not_merged" : "a_review";
    case ToldKind::kRelease: return told.state == "published" ? "" : "not_published";
    case ToldKind::kDeployment:
      // GitHub says so of the deployment before, once there is another one: it served, and well.
      if (told.state == "inactive") return "inactive";
      if (IsToCome(told)) return "not_begun";
      return CourseOf(told) == Course::kNeither ? "not_ended" : "";
    case ToldKind::kPush:
      if (!told.tag.empty()) return "a_tag";
      if (told.state == "deleted") return "branch_deleted";
      break;
    case ToldKind::kPipeline:
      if (!told.tag.empty()) return "a_tag";
      if (IsToCome(told) || told.state == "running") return "not_ended";
      if (told.state != "success") return "ended_badly";
      break;
    case ToldKind::kMerge: break;
  }
  return told.commit.empty() ? "no_commit" : "";
}

bool IsOnABranch(ToldKind kind) {
  return kind == ToldKind::kPush || kind == ToldKind::kMerge || kind == ToldKind::kPipeline;
}

Deploy DeployOf(const Told& told, const ServiceConfig& service, TimeNs now_ns) {
  const TimeNs at_ns = told.at_ns != 0 ? told.at_ns : now_ns;
  Deploy deploy;
  deploy.service = service.name;
  deploy.repo = service.repo;
  deploy.head = told.commit;
  if (!told.is_forced) deploy.base = told.base;
  deploy.start_ns = at_ns;
  if (told.kind == ToldKind::kDeployment && told.started_ns != 0) deploy.start_ns = told.started_ns;
  if (CourseOf(told) == Course::kEnded) deploy.finish_ns = told.finished_ns != 0 ? told.finished_ns : at_ns;
  deploy.finish_guessed = deploy.finished() && told.kind != ToldKind::kDeployment;
  if (deploy.finished()) deploy.start_ns = std::min(deploy.start_ns, deploy.finish_ns);
  return deploy;
}

bool Touches(const Told& told, const ServiceConfig& service) {
  if (told.kind != ToldKind::kPush || !told.all_paths || service.paths.empty()) return true;
  return std::any_of(told.paths.begin(), told.paths.end(), [&](const std::string& path) {
    return std::any_of(service.paths.begin(), service.paths.end(),
                       [&](const std::string& glob) { return GlobMatch(glob, path); });
  });
}

// A forge's word: of the services of one repository. `why` is set where there are none.
Services ServicesOfRepo(const Told& told, const RepoConfig& repo, const Config& config, std::string* why) {
  const bool asks_environment = told.kind == ToldKind::kDeployment && !Lists(repo.environments, told.environment);
  Services services;
  *why = "no_service_of_repo";
  for (const ServiceConfig& service : config.services) {
    if (service.repo != repo.name) continue;
    if (asks_environment && !Lists(service.known_as, told.environment)) {
      *why = "another_environment";
    } else if (!Touches(told, service)) {
      *why = "touches_no_service";
    } else {
      services.push_back(&service);
    }
  }
  return services;
}

ToldDeploys ToldOfRepo(const Told& told, const RepoConfig& repo, const Config& config, TimeNs now_ns) {
  ToldDeploys answer;
  answer.repo = repo.name;
  answer.not_a_deploy = WhyNone(told);
  if (answer.not_a_deploy.empty() && IsOnABranch(told.kind) && told.branch != repo.branch) {
    answer.not_a_deploy = "another_branch";
  }
  if (answer.not_a_deploy.empty()) answer.not_a_deploy = WhyNotListed(told, repo);
  if (!answer.not_a_deploy.empty()) return answer;
  std::string why;
  for (const ServiceConfig* service : ServicesOfRepo(told, repo, config, &why)) {
    answer.deploys.push_back(DeployOf(told, *service, now_ns));
  }
  if (answer.deploys.empty()) answer.not_a_deploy = why;
  answer.abandoned = !answer.deploys.empty() && CourseOf(told) == Course::kAbandoned;
  return answer;
}

// Of all repos that it fits; where one of them has the told branch, only of those that have it.
ToldDeploys ToldByForge(const Told& told, const Config& config, TimeNs now_ns) {
  const std::vector<const RepoConfig*> repos = ReposOf(told, config);
  ToldDeploys answer;
  answer.not_a_deploy = "unknown_repo";
  bool is_of_branch = false;
  for (const RepoConfig* repo : repos) {
    if (is_of_branch && repo->branch != told.branch) break;
    ToldDeploys one = ToldOfRepo(told, *repo, config, now_ns);
    if (answer.repo.empty() || (answer.deploys.empty() && !one.deploys.empty())) {
      answer = std::move(one);
    } else {
      std::move(one.deploys.begin(), one.deploys.end(), std::back_inserter(answer.deploys));
    }
    is_of_branch = !answer.deploys.empty() && repo->branch == told.branch;
  }
  return answer;
}

// The names that a delivery tool gives: projects where it is Sentry, and without them the part of "shop-api@2.4.1".
std::vector<std::string_view> NamesOf(const Told& told) {
  if (told.source != "sentry") return {told.name};
  if (!told.name.empty()) return Split(told.name, ',');
  const size_t at = told.version.rfind('@');
  if (at == std::string::npos) return {};
  return {std::string_view(told.version).substr(0, at)};
}

// Why a tool's word is no deploy of a service that it names; empty: it is one.
std::string WhyNotOf(const Told& told, const ServiceConfig& service, const Config& config) {
  const RepoConfig without_repo;  // the defaults are what a service without a repo goes by
  const RepoConfig* repo = config.FindRepo(service.repo);
  if (repo == nullptr) repo = &without_repo;
  if (std::string why = WhyNotListed(told, *repo); !why.empty()) return why;
  const bool environment_fits = told.environment.empty() || Lists(repo->environments, told.environment) ||
                                Lists(service.known_as, told.environment);
  return environment_fits ? "" : "another_environment";
}

// A tool names services, whatever repositories they are of.
ToldDeploys ToldByTool(const Told& told, const Config& config, TimeNs now_ns) {
  ToldDeploys answer;
  const std::vector<std::string_view> names = NamesOf(told);
  const std::vector<RepositoryUrl> named = RepositoriesOf(told);
  std::string why = "none_of_ours";
  for (const ServiceConfig& service : config.services) {
    const bool is_named = std::any_of(names.begin(), names.end(), [&](std::string_view name) {
      return !name.empty() && (IsSameWord(service.name, name) || Lists(service.known_as, name));
    });
    if (!is_named) continue;
    if (answer.repo.empty()) answer.repo = service.repo;
    why = WhyNone(told);
    if (why.empty()) why = WhyNotOf(told, service, config);
    if (!why.empty()) continue;
    Deploy deploy = DeployOf(told, service, now_ns);
    const RepoConfig* repo = config.FindRepo(service.repo);
    // By its name here it is called by those whom the API told of it (sentry-cli).
    const bool is_of_repo = repo != nullptr && (told.repository == repo->name || IsOf(*repo, named));
    if (!named.empty() && !is_of_repo) deploy.head = deploy.base = "";
    answer.deploys.push_back(std::move(deploy));
  }
  if (answer.deploys.empty()) answer.not_a_deploy = why;
  answer.abandoned = !answer.deploys.empty() && CourseOf(told) == Course::kAbandoned;
  return answer;
}

}  // namespace

ToldDeploys DeploysOf(const Told& told, const Config& config, TimeNs now_ns) {
  const bool by_tool = told.source == "flux" || told.source == "argocd" || told.source == "sentry";
  const bool of_no_repo = told.kind == ToldKind::kPing || told.kind == ToldKind::kOther;
  if (!of_no_repo) return by_tool ? ToldByTool(told, config, now_ns) : ToldByForge(told, config, now_ns);
  ToldDeploys answer;
  if (const auto repos = ReposOf(told, config); !repos.empty()) answer.repo = repos.front()->name;
  answer.not_a_deploy = WhyNone(told);
  return answer;
}

}  // namespace revertd
