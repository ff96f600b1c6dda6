// DriftKnowledge: what the sidecar's and the executors' databases say of deploys and of commits that are our own. Read
// at once and before the remotes are asked: what is on a branch by then was known here before.
//
// Thread contract: any thread; opens the databases read only, and closes them before it answers.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "actions/drift/returned_commits.h"
#include "base/deploy.h"
#include "base/status.h"
#include "config/config.h"

namespace revertd {

// What a release undid is locked out until a deploy brings it again: most of it forever, so that there is a limit.
inline constexpr size_t kReleaseUndoneMax = 100;

struct DriftKnowledge {
  Status state;  // not ok: state.db is there and cannot be read: nothing is known of deploys
  bool has_state = false;
  std::vector<Deploy> deploys;                 // all, oldest first
  std::set<std::string, std::less<>> own_ids;  // of triggers and releases: what our commits are signed with
  // Whose post-mortem is open; and what releases undid, whatever became of it, of each environment the newest
  // kReleaseUndoneMax.
  std::vector<UndoneCommit> undone;
  bool undone_cut = false;  // there were more
  Status rollbacks;         // not ok: `undone` is not whole
  // Databases that are there and could not be read: (name, why). While there are any, who made a commit that says it is
  // ours is not known.
  std::vector<std::pair<std::string, std::string>> unread;
};

// STATE_FOLDER/executor.db and STATE_FOLDER/releases/*.db; one that is not there has nothing to say.
DriftKnowledge ReadDriftKnowledge(const Config& config, const std::string& state_folder);

}  // namespace revertd
