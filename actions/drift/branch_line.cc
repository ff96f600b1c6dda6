#include "actions/drift/branch_line.h"

#include <utility>

namespace revertd {

StatusOr<LineFacts> BranchLineReader::Read(std::string_view head, const std::vector<DeployedWords>& deploys) {
  StatusOr<std::vector<GitCommit>> line =
      git_->ReadCommits(*repo_, {.since = "", .until = std::string(head), .first_parents = true, .limit = kLineMax});
  if (!line.ok()) return line.status();
  line_ = *std::move(line);
  for (size_t place = 0; place < line_.size(); ++place) places_.emplace(line_[place].sha, place);
  LineFacts facts;
  for (const DeployedWords& deploy : deploys) {
    const StatusOr<Place> at = FindPlace(head, deploy.head);
    if (!at.ok()) return at.status();
    if (!at->has_value() || **at >= line_.size()) continue;
    DeployedPlaces places = {**at, std::nullopt};
    for (size_t i = 0; i < deploy.bases.size() && !places.base; ++i) {
      const StatusOr<Place> base = FindPlace(head, deploy.bases[i]);
      if (!base.ok()) return base.status();
      places.base = *base;
    }
    facts.deploys.push_back(places);
  }
  facts.line = std::move(line_);
  return facts;
}

StatusOr<BranchLineReader::Place> BranchLineReader::FindPlace(std::string_view head, const std::string& revision) {
  const auto known = places_.find(revision);
  if (known != places_.end()) return known->second;
  StatusOr<Place> place = AskPlace(head, revision);
  if (place.ok()) places_.emplace(revision, *place);
  return place;
}

StatusOr<BranchLineReader::Place> BranchLineReader::AskPlace(std::string_view head, const std::string& revision) {
  const StatusOr<std::optional<std::string>> sha = git_->FindCommit(*repo_, revision);
  if (!sha.ok()) return sha.status();
  if (!sha->has_value()) return Place();  // of another branch, or gone with a force-push
  const auto known = places_.find(**sha);
  if (known != places_.end()) return known->second;
  const StatusOr<std::vector<GitCommit>> newer =
      git_->ReadCommits(*repo_, {.since = **sha, .until = std::string(head), .first_parents = true, .limit = kLineMax});
  if (!newer.ok()) return newer.status();
  // The whole line, and it is whole: their histories do not meet.
  if (newer->size() == line_.size() && line_.size() < kLineMax) return Place();
  return Place(newer->size());
}

}  // namespace revertd
