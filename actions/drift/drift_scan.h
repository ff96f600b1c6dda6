// DriftScan: one look at everything that the configuration names: repos, work trees, and what services say that they
// run; against what is known of deploys and rollbacks. What cannot be looked at hides nothing else, and is a finding.
//
// Thread contract: one object, one thread. Changes nothing but the private mirrors.
#pragma once

#include <atomic>
#include <map>
#include <string>
#include <vector>

#include "actions/drift/drift_finding.h"
#include "actions/drift/drift_knowledge.h"
#include "actions/drift/running_drift.h"
#include "actions/drift/work_tree.h"
#include "actions/git.h"
#include "actions/running_revision.h"
#include "base/clock.h"
#include "config/config.h"

namespace revertd {

// Deploys explain commits for so long; what is older is nobody's question.
inline constexpr DurationNs kDeploysLookedBack = 30 * 24 * kHourNs;
// Of unexplained commits of one repo, so many of the oldest are told one by one, and the rest together.
inline constexpr size_t kUnexplainedNamedMax = 10;

// All outlive the scan.
struct DriftTools {
  Git* git = nullptr;
  RunningRevision* running = nullptr;
  std::vector<std::string> environment = {};  // of this process, for git in work trees
  TimeNs now_ns = 0;
  const std::atomic<bool>* stop = nullptr;  // looked at between two questions; may be null
};

class DriftScan {
 public:
  DriftScan(const Config& config, const DriftKnowledge& knowledge, const DriftTools& tools)
      : config_(config), knowledge_(knowledge), tools_(tools) {}

  DriftReport Run();

 private:
  bool stopped() const { return tools_.stop != nullptr && tools_.stop->load(); }
  void TellWhatIsUnread();
  void LookAtRepo(const RepoConfig& repo);
  void LookAtLine(const RepoConfig& repo, const std::string& head);
  void TellUnexplained(const RepoConfig& repo, const std::vector<GitCommit>& commits);
  void LookAtRollbacks(const RepoConfig& repo, const std::string& head);
  StatusOr<bool> IsBackOnPurpose(const RepoConfig& repo, const std::string& head, const UndoneCommit& undone,
                                 const std::string& by);
  StatusOr<BranchHolds> ReadHolds(const RepoConfig& repo, const std::string& head, const UndoneCommit& undone);
  void LookAtDeployed(const RepoConfig& repo, const std::string& head);
  void LookAtWorkTree(const WorkTreeConfig& config);
  StatusOr<std::vector<GitCommit>> ReadAhead(WorkTree* work_tree, const WorkTreeFacts& facts, const RepoConfig& repo,
                                             const std::string& head);
  void LookAtService(const ServiceConfig& service);
  bool IsOurs(const GitCommit& commit) const;
  StatusOr<bool> Holds(const RepoConfig& repo, const std::string& head, const std::string& revision);

  const Config& config_;
  const DriftKnowledge& knowledge_;
  const DriftTools tools_;
  DriftReport report_;
  std::map<std::string, std::string, std::less<>> heads_;  // of the branch, by repo; of those that answered
};

// Whether the configuration names anything that could drift.
bool HasDriftToLookFor(const Config& config);
// The scan with everything that it needs, opened here: the databases of `state_folder`, the mirrors below it, git, and
// a client for what services say. stop: may be null.
DriftReport LookForDrift(const Config& config, const std::string& state_folder,
                         const std::vector<std::string>& environment, Clock* clock, const std::atomic<bool>* stop);

}  // namespace revertd
