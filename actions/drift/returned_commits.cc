#include "actions/drift/returned_commits.h"

#include <utility>

#include "actions/revert_plan.h"
#include "base/strings.h"

namespace revertd {

std::optional<std::string> BroughtBackBy(const UndoneCommit& undone, const BranchHolds& holds) {
  if (!holds.commit) return std::nullopt;
  if (!holds.revert) return undone.commit;
  const GitCommit* by = FindStandingRevert(holds.since_revert, undone.revert);
  return by == nullptr ? std::nullopt : std::optional<std::string>(by->sha);
}

// Another service's deploy brings the whole branch too, and says nothing of this one. Nor does a rollback's.
bool EndsLock(const Deploy& deploy, const UndoneCommit& undone) {
  return !undone.has_post_mortem && deploy.kind == DeployKind::kRelease && deploy.service == undone.service &&
         deploy.repo == undone.repo && deploy.start_ns > undone.undone_ns && IsRevision(deploy.head);
}

DriftFinding ReturnedCommit(const UndoneCommit& undone, const std::string& by, std::string_view branch) {
  const std::string how = by == undone.commit ? "without its revert " + undone.revert : "by " + by;
  const std::string_view whose =
      undone.has_post_mortem ? "which was rolled back for " : "which a release rolled back for ";
  const std::string_view lock =
      undone.has_post_mortem ? " and whose post-mortem is open" : " and which no deploy has brought again";
  DriftFinding finding;
  finding.kind = drift::kReturnedCommit;
  finding.subject = Printable(undone.repo);
  finding.key = DriftKey(finding.kind, undone.repo, undone.trigger_id);
  finding.text = Printable(undone.commit + ", " + std::string(whose) + undone.service + std::string(lock) +
                           ", is back on " + std::string(branch) + " of " + undone.repo + ", " + how);
  finding.facts = {{"trigger", Printable(undone.trigger_id)}, {"commit", undone.commit}, {"how", how}};
  finding.area = RollbacksArea(undone.repo);
  finding.service = undone.service;
  finding.repo = undone.repo;
  finding.commit = undone.commit;
  return finding;
}

}  // namespace revertd
