#include "actions/drift/unexplained_commits.h"

#include <algorithm>
#include <map>
#include <utility>

#include "actions/trailers.h"
#include "base/strings.h"

namespace revertd {

std::vector<size_t> UnexplainedCommits(const LineFacts& facts) {
  std::vector<bool> explained(facts.line.size(), false);
  size_t judged = 0;  // places below this one
  for (const DeployedPlaces& deploy : facts.deploys) {
    judged = std::max(judged, deploy.head + 1);
    const size_t end = std::min(deploy.base.value_or(deploy.head + 1), explained.size());
    for (size_t place = deploy.head; place < end; ++place) explained[place] = true;
  }
  std::vector<size_t> found;
  bool is_old = true;  // this one and all that it stands upon
  for (size_t place = facts.line.size(); place-- > 0;) {
    const GitCommit& commit = facts.line[place];
    const DurationNs age = facts.now_ns - commit.committed_ns;
    const bool is_of_the_future = age <= -facts.grace;
    const bool is_young = age < facts.grace && !is_of_the_future;
    is_old = is_old && (commit.committed_ns < facts.since_ns || is_of_the_future);
    if (place >= judged || (is_old && !is_of_the_future)) continue;
    if (!explained[place] && !is_young && !facts.is_ours(commit)) found.push_back(place);
  }
  return found;
}

std::vector<DeployedWords> DeployedOf(const std::vector<Deploy>& deploys, std::string_view repo, TimeNs since_ns) {
  std::vector<DeployedWords> words;
  std::map<std::string_view, std::string_view> newest;  // head by service
  for (const Deploy& deploy : deploys) {
    if (deploy.repo != repo || !IsRevision(deploy.head)) continue;
    const std::string_view before = std::exchange(newest[deploy.service], deploy.head);
    if (deploy.start_ns < since_ns && deploy.finish_ns < since_ns) continue;
    DeployedWords deployed = {deploy.head, {}};
    for (std::string_view base : {std::string_view(deploy.base), before}) {
      if (IsRevision(base)) deployed.bases.emplace_back(base);
    }
    words.push_back(std::move(deployed));
  }
  return words;
}

std::vector<std::string> OwnTrailers(std::string_view message) {
  std::vector<std::string> ids;
  for (std::string_view line : Split(message, '\n')) {
    for (std::string_view name : {kTriggerTrailer, kReleaseTrailer}) {
      if (line.starts_with(name)) ids.emplace_back(Trim(line.substr(name.size())));
    }
  }
  return ids;
}

}  // namespace revertd
