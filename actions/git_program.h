// GitProgram: Git on top of the `git` program, so that the user's credentials, ssh and signing are honoured.
//
// Thread contract: one object, one thread; processes exclude one another by MirrorLock.
// Invariants: 1. only STATE_DIR/mirrors and STATE_DIR/worktrees are ever written, never a clone of the user's; 2. no
// hook, no fsmonitor, no automatic gc and no ext:: transport of any configuration runs; 3. no GIT_* variable of the
// caller reaches git; 4. every run has a time limit; 5. no work tree outlives the call that made it (or the next call,
// where the process was killed).
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "actions/git.h"
#include "actions/mirror.h"
#include "actions/process.h"

namespace revertd {

// A first fetch brings a whole history; everything else is small or local. What takes longer hangs. Only tests set
// others.
struct GitTimeLimits {
  DurationNs first_fetch = 10 * kMinuteNs;
  DurationNs fetch = 2 * kMinuteNs;  // each of the executor's tries may take as long
  DurationNs push = 2 * kMinuteNs;
  DurationNs ask_remote = kMinuteNs;
  DurationNs local = kMinuteNs;
  DurationNs work_tree = 5 * kMinuteNs;     // a checkout of a large tree
  const std::atomic<bool>* stop = nullptr;  // true: the time of every run is over
};

class GitProgram final : public Git {
 public:
  // environment: of this process (OwnEnvironment()); scrubbed here.
  GitProgram(std::string state_directory, const std::vector<std::string>& environment, Clock* clock,
             const GitTimeLimits& limits = {});

  StatusOr<std::string> Version() override;
  StatusOr<std::optional<std::string>> FetchBranch(const RepoConfig& repo) override;
  StatusOr<std::optional<std::string>> ReadRemoteBranch(const RepoConfig& repo) override;
  StatusOr<PushAnswer> Push(const RepoConfig& repo, std::string_view expected_head, std::string_view sha,
                            bool rehearse) override;
  StatusOr<std::optional<std::string>> FindCommit(const RepoConfig& repo, std::string_view revision) override;
  StatusOr<bool> IsAncestor(const RepoConfig& repo, std::string_view ancestor, std::string_view descendant) override;
  StatusOr<std::vector<GitCommit>> ReadCommits(const RepoConfig& repo, const CommitRange& range) override;
  StatusOr<std::vector<std::string>> TouchedPaths(const RepoConfig& repo, const CommitRange& range,
                                                  const std::vector<std::string>& globs) override;
  StatusOr<std::vector<std::string>> ChangedPaths(const RepoConfig& repo, std::string_view from, std::string_view to,
                                                  const std::vector<std::string>& globs) override;
  StatusOr<std::string> DiffStat(const RepoConfig& repo, std::string_view from, std::string_view to) override;
  StatusOr<CommitAnswer> Revert(const RepoConfig& repo, const RevertOrder& order) override;
  StatusOr<CommitAnswer> Merge(const RepoConfig& repo, const MergeOrder& order) override;
  Status KeepPrepared(const RepoConfig& repo, std::string_view trigger_id, std::string_view sha) override;
  StatusOr<std::optional<GitCommit>> ReadPrepared(const RepoConfig& repo, std::string_view trigger_id) override;

 private:
  struct Command {
    std::vector<std::string> arguments;
    DurationNs time_limit_ns = 0;  // 0: limits_.local
    std::string working_directory = {};
    std::vector<std::string> more_environment = {};
  };
  StatusOr<ProcessResult> Run(Command command);
  // As Run; an exit code other than 0 is Internal with git's words.
  StatusOr<std::string> RunForOutput(Command command, std::string_view what_we_were_doing);
  Status EnsureMirror(const MirrorPaths& paths);
  StatusOr<DurationNs> FetchLimit(const MirrorPaths& paths, const RepoConfig& repo);
  StatusOr<std::vector<std::string>> IdentityAt(const std::string& mirror, TimeNs date_ns);
  StatusOr<CommitAnswer> RevertInWorkTree(const std::string& work_tree, const RevertOrder& order,
                                          const std::vector<std::string>& identity);
  StatusOr<CommitAnswer> CommitMerge(const std::string& mirror, const MergeOrder& order, CommitAnswer answer);
  StatusOr<CommitAnswer> Commit(const std::string& work_tree, const RevertOrder& order,
                                const std::vector<std::string>& identity);

  const std::string state_directory_;
  const std::vector<std::string> environment_;
  Clock* const clock_;
  const GitTimeLimits limits_;
};

}  // namespace revertd
