// LockWatch: while the post-mortem of a rollback is open, the commit that was undone is locked out: a deploy that
// brings it back (an older version without the revert, or one that reverts the revert) is told to people at once.
//
// Thread contract: the executor's thread. Asks git only where a rollback's post-mortem is open and a deploy is new.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actions/git.h"
#include "actions/notifier.h"
#include "base/deploy.h"
#include "config/config.h"
#include "store/executor_store.h"
#include "store/state_store.h"

namespace revertd {

// Its row of the audit trail, with the deploy for its subject, and what people are told.
inline constexpr std::string_view kRevertedCommitDeployedAgain = "reverted_commit_deployed_again";

class LockWatch {
 public:
  static constexpr DurationNs kLookEvery = 2 * kSecondNs;
  // Deploys may be told of late: those that began in this time are looked at, each once.
  static constexpr DurationNs kToldLate = kHourNs;
  static constexpr DurationNs kRetryWait = kMinuteNs;  // where git could not tell

  // All must outlive it.
  LockWatch(const Config* config, const StateStore* state, ExecutorStore* journal, Git* git, Notifier* notifier,
            const Clock* clock)
      : config_(config), state_(state), journal_(journal), git_(git), notifier_(notifier), clock_(clock) {}

  // Short where nothing is due. What failed is looked at again by a later call, and keeps no other from being looked
  // at.
  Status RunOnce();

 private:
  struct Lock {
    RollbackTrigger trigger;
    std::string revert;      // full SHA, on the branch
    TimeNs reverted_ns = 0;  // what began to be deployed before could not hold it
  };
  StatusOr<std::vector<Lock>> ReadLocks() const;
  Status Look(const Deploy& deploy, const std::vector<Lock>& locks);
  // What brings it back; nullopt: the deploy does not hold it.
  StatusOr<std::optional<std::string>> BringsBack(const RepoConfig& repo, const Deploy& deploy, const Lock& lock);
  Status Tell(const Deploy& deploy, const Lock& lock, std::string_view how);

  const Config* const config_;
  const StateStore* const state_;
  ExecutorStore* const journal_;
  Git* const git_;
  Notifier* const notifier_;
  const Clock* const clock_;
  TimeNs next_look_ns_ = 0;
  std::map<std::string, TimeNs, std::less<>>
      looked_;  // by deploy, of the last hour: when it is looked at again; 0: never
};

}  // namespace revertd
