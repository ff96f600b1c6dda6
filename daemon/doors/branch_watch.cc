#include "daemon/doors/branch_watch.h"

#include <algorithm>

#include "actions/git.h"
#include "analysis/deploy_registry.h"
#include "base/strings.h"

namespace revertd {
namespace {

bool IsAsked(const RepoConfig& repo) {
  return std::find(repo.deploys_from.begin(), repo.deploys_from.end(), DeploySource::kBranch) !=
         repo.deploys_from.end();
}

std::string BranchOf(const RepoConfig& repo) { return "branch " + repo.branch + " of the repo " + repo.name; }

}  // namespace

BranchWatch::BranchWatch(const Config& config) : config_(config) {
  for (const RepoConfig& repo : config_.repos) {
    if (IsAsked(repo)) repos_[repo.name] = {.repo = &repo, .head = {}, .rest = repo.branch_poll};
  }
}

void BranchWatch::Restore(const std::vector<Deploy>& deploys) {
  for (const Deploy& deploy : deploys) {
    const auto asked = repos_.find(deploy.repo);
    if (asked != repos_.end() && IsRevision(deploy.head)) asked->second.head = deploy.head;
  }
}

std::vector<const RepoConfig*> BranchWatch::Due(TimeNs now) const {
  std::vector<const RepoConfig*> due;
  for (const auto& [name, asked] : repos_) {
    // A wall clock that was set back must not silence a repo for as long as it was ahead.
    if (asked.due_ns <= now || asked.due_ns - now > asked.rest) due.push_back(asked.repo);
  }
  return due;
}

std::optional<DurationNs> BranchWatch::RestFor(TimeNs now) const {
  std::optional<DurationNs> rest;
  for (const auto& [name, asked] : repos_) {
    const DurationNs own = std::clamp<DurationNs>(asked.due_ns - now, 0, asked.rest);
    rest = std::min(rest.value_or(own), own);
  }
  return rest;
}

DeployNews BranchWatch::OnAnswer(const RepoConfig& repo, const Head& head, TimeNs now) {
  Asked& asked = repos_.at(repo.name);
  DeployNews news;
  if (!head.ok()) {
    asked.rest = std::max(repo.branch_poll, std::min(2 * asked.rest, kBackOffMax));
    asked.due_ns = now + asked.rest;
    news.words = TellTrouble(&asked, Trouble::kUnreachable,
                             Printable(MessageOf(head.status())) + "; it is asked again, pushes to it are seen late");
    return news;
  }
  asked.rest = repo.branch_poll;
  asked.due_ns = now + asked.rest;
  if (!head->has_value()) {
    news.words =
        TellTrouble(&asked, Trouble::kNoBranch, BranchOf(repo) + " is not there: nothing tells of its deploys");
    return news;
  }
  news.words = TellTrouble(&asked, Trouble::kNone, BranchOf(repo) + " is read again");
  const std::string& seen = **head;
  // The head before may be an abbreviation that somebody told: then it is the same one, and known in full from now on.
  if (!asked.head.empty() && !SameRevision(asked.head, seen)) news.deploys = DeploysOf(repo, asked.head, seen, now);
  asked.head = seen;
  return news;
}

std::string BranchWatch::TellTrouble(Asked* asked, Trouble trouble, const std::string& words) {
  if (asked->trouble == trouble) return {};
  asked->trouble = trouble;
  return words;
}

std::vector<Deploy> BranchWatch::DeploysOf(const RepoConfig& repo, const std::string& base, const std::string& head,
                                           TimeNs now) const {
  std::vector<Deploy> deploys;
  for (const ServiceConfig& service : config_.services) {
    if (service.repo != repo.name) continue;
    deploys.push_back({.id = MakeDeployId(service.name, now),
                       .service = service.name,
                       .repo = repo.name,
                       .base = base,
                       .head = head,
                       .start_ns = now,
                       .finish_ns = now,
                       .finish_guessed = true,
                       .kind = DeployKind::kRelease,
                       .trigger_id = {}});
  }
  return deploys;
}

}  // namespace revertd
