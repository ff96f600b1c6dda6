// What is wrong with a work tree that production runs from, by what was read of it.
//
// Pure, any thread.
#pragma once

#include <cstddef>
#include <vector>

#include "actions/drift/drift_finding.h"
#include "actions/drift/work_tree.h"
#include "config/config.h"

namespace revertd {

// Of changed paths and of commits, so many are named.
inline constexpr size_t kDriftNamedMax = 10;

// The files and the HEAD, without the remote.
std::vector<DriftFinding> JudgeWorkTree(const WorkTreeFacts& facts, const RepoConfig& repo);
// ahead: commits of its HEAD that the remote branch does not hold, newest first, at most kDriftNamedMax + 1.
std::vector<DriftFinding> JudgeAhead(const WorkTreeFacts& facts, const RepoConfig& repo,
                                     const std::vector<GitCommit>& ahead);
DriftFinding UnreadableWorkTree(const WorkTreeConfig& work_tree, const Status& why);

}  // namespace revertd
