// MirrorLock and the tidying of what a killed git leaves in a mirror: its *.lock files, half packs and our temporary
// work trees.
//
// Thread contract: any thread; the lock excludes other holders in this and every other process, and the kernel gives
// it back when its holder dies. Whoever holds it is the only one who runs a changing git in that mirror, so every lock
// file of git's own that it finds there is a dead one's.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/status.h"

namespace revertd {

// Where one repo's private things stand.
struct MirrorPaths {
  std::string mirror;      // STATE_DIR/mirrors/REPO.git
  std::string lock;        // STATE_DIR/mirrors/REPO.lock
  std::string work_trees;  // STATE_DIR/worktrees/REPO
};
MirrorPaths MirrorPathsOf(const std::string& state_directory, const std::string& repo_name);

class MirrorLock {
 public:
  // A dry run beside a running executor waits for its turn; longer than any git operation may last is a fault.
  static constexpr DurationNs kWaitMax = 2 * kMinuteNs;

  // Unavailable: somebody else held it for kWaitMax. FailedPrecondition: we are root, and the state folder is another
  // user's.
  static StatusOr<std::unique_ptr<MirrorLock>> Take(const MirrorPaths& paths, Clock* clock);
  MirrorLock(const MirrorLock&) = delete;
  MirrorLock& operator=(const MirrorLock&) = delete;
  ~MirrorLock();

 private:
  explicit MirrorLock(int descriptor) : descriptor_(descriptor) {}
  const int descriptor_;
};

// Caller holds the lock. Removes dead lock files of the mirror, packs that a killed fetch did not finish, and every
// work tree left behind.
void SweepMirror(const MirrorPaths& paths);

}  // namespace revertd
