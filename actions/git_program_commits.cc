// The commits that GitProgram makes in its mirror: reverts, merges, and the private refs that keep them.
#include <filesystem>
#include <system_error>

#include "actions/git_program.h"
#include "actions/git_words.h"
#include "base/check.h"
#include "base/strings.h"

namespace revertd {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPreparedRefs = "refs/revertd/";

// Sweeps the mirror, and with it the work tree, whichever way the call ends.
class SweepAtEnd {
 public:
  explicit SweepAtEnd(const MirrorPaths& paths) : paths_(paths) {}
  SweepAtEnd(const SweepAtEnd&) = delete;
  SweepAtEnd& operator=(const SweepAtEnd&) = delete;
  ~SweepAtEnd() { SweepMirror(paths_); }

 private:
  const MirrorPaths paths_;
};

}  // namespace

StatusOr<std::vector<std::string>> GitProgram::IdentityAt(const std::string& mirror, TimeNs date_ns) {
  const std::string date = "@" + std::to_string(FloorToSecond(date_ns)) + " +0000";
  std::vector<std::string> identity = {"GIT_AUTHOR_DATE=" + date, "GIT_COMMITTER_DATE=" + date};
  StatusOr<ProcessResult> user =
      Run({.arguments = {"--git-dir=" + mirror, "config", "--name-only", "--get-regexp", "^user\\.(name|email)$"}});
  if (!user.ok()) return user.status();
  // Only a whole identity is the user's; half of one makes git guess the other half from the machine's name.
  if (user->standard_output.find("user.name") != std::string::npos &&
      user->standard_output.find("user.email") != std::string::npos) {
    return identity;
  }
  for (std::string_view role : {"GIT_AUTHOR", "GIT_COMMITTER"}) {
    identity.push_back(std::string(role) + "_NAME=revertd");
    identity.push_back(std::string(role) + "_EMAIL=revertd@localhost");
  }
  return identity;
}

StatusOr<CommitAnswer> GitProgram::Revert(const RepoConfig& repo, const RevertOrder& order) {
  REVERTD_CHECK(IsRevision(order.onto) && !order.steps.empty());
  const MirrorPaths paths = MirrorPathsOf(state_directory_, repo.name);
  StatusOr<std::unique_ptr<MirrorLock>> lock = MirrorLock::Take(paths, clock_);
  if (!lock.ok()) return lock.status();
  SweepMirror(paths);
  StatusOr<std::vector<std::string>> identity = IdentityAt(paths.mirror, order.date_ns);
  if (!identity.ok()) return identity.status();

  std::error_code error;
  fs::create_directories(paths.work_trees, error);
  if (error) return Unavailable("making " + paths.work_trees + ": " + error.message());
  const SweepAtEnd sweep_at_end(paths);
  const std::string work_tree = paths.work_trees + "/revert";
  StatusOr<std::string> added = RunForOutput({.arguments = {"--git-dir=" + paths.mirror, "worktree", "add", "--quiet",
                                                            "--detach", "--end-of-options", work_tree, order.onto},
                                              .time_limit_ns = limits_.work_tree},
                                             "making a temporary work tree of " + repo.name);
  if (!added.ok()) return added.status();
  return RevertInWorkTree(work_tree, order, *identity);
}

StatusOr<CommitAnswer> GitProgram::RevertInWorkTree(const std::string& work_tree, const RevertOrder& order,
                                                    const std::vector<std::string>& identity) {
  for (const RevertStep& step : order.steps) {
    REVERTD_CHECK(IsRevision(step.sha));
    std::vector<std::string> arguments = {"revert", "--no-commit"};
    if (step.mainline > 0) arguments.push_back("--mainline=" + std::to_string(step.mainline));
    arguments.insert(arguments.end(), {"--end-of-options", step.sha});
    StatusOr<ProcessResult> result = Run({.arguments = std::move(arguments),
                                          .time_limit_ns = limits_.work_tree,
                                          .working_directory = work_tree,
                                          .more_environment = identity});
    if (!result.ok()) return result.status();
    if (result->exit_code == 0) continue;
    StatusOr<std::string> unmerged =
        RunForOutput({.arguments = {"diff", "--name-only", "--diff-filter=U", "-z"}, .working_directory = work_tree},
                     "reading the conflicts");
    if (!unmerged.ok()) return unmerged.status();
    if (unmerged->empty())
      return Internal("reverting " + step.sha + ": " + WhyIn(result->standard_error, RepoConfig{}));
    CommitAnswer answer;
    answer.kind = CommitAnswer::Kind::kConflict;
    answer.conflicts = SplitAtNul(*unmerged);
    return answer;
  }
  return Commit(work_tree, order, identity);
}

StatusOr<CommitAnswer> GitProgram::Commit(const std::string& work_tree, const RevertOrder& order,
                                          const std::vector<std::string>& identity) {
  const auto read = [&](std::vector<std::string> arguments) {
    return RunForOutput({.arguments = std::move(arguments), .working_directory = work_tree}, "reading the revert");
  };
  StatusOr<std::string> before = read({"rev-parse", "--verify", "HEAD^{tree}"});
  if (!before.ok()) return before.status();
  StatusOr<std::string> after = read({"write-tree"});
  if (!after.ok()) return after.status();
  CommitAnswer answer;
  if (*before == *after) return answer;

  StatusOr<std::string> committed = RunForOutput(
      {.arguments = {"commit", "--quiet", "--no-verify", "--cleanup=verbatim", "--message=" + order.message},
       .working_directory = work_tree,
       .more_environment = identity},
      "committing the revert");
  if (!committed.ok()) return committed.status();
  StatusOr<std::string> line = read({"log", "--max-count=1", "--format=%H %T %P"});
  if (!line.ok()) return line.status();
  const std::vector<std::string_view> words = Split(Trim(*line), ' ');
  if (words.size() != 3 || words[2] != order.onto || words[1] != Trim(*after)) {
    return Internal("committing the revert: the commit is not the one that was ordered");
  }
  answer.kind = CommitAnswer::Kind::kCommitted;
  answer.sha = words[0];
  answer.tree = words[1];
  return answer;
}

StatusOr<CommitAnswer> GitProgram::Merge(const RepoConfig& repo, const MergeOrder& order) {
  REVERTD_CHECK(IsRevision(order.onto) && IsRevision(order.other));
  StatusOr<bool> is_in = IsAncestor(repo, order.other, order.onto);
  if (!is_in.ok()) return is_in.status();
  CommitAnswer answer;
  if (*is_in) return answer;
  const MirrorPaths paths = MirrorPathsOf(state_directory_, repo.name);
  StatusOr<std::unique_ptr<MirrorLock>> lock = MirrorLock::Take(paths, clock_);
  if (!lock.ok()) return lock.status();
  SweepMirror(paths);
  const std::string git_dir = "--git-dir=" + paths.mirror;
  StatusOr<ProcessResult> merged = Run({.arguments = {git_dir, "merge-tree", "--write-tree", "-z", "--name-only",
                                                      "--no-messages", "--end-of-options", order.onto, order.other},
                                        .time_limit_ns = limits_.work_tree});
  if (!merged.ok()) return merged.status();
  const std::vector<std::string> words = SplitAtNul(merged->standard_output);
  if (merged->timed_out || merged->exit_code > 1 || words.empty() || !IsRevision(words.front())) {
    return Internal("merging " + order.other + ": " + WhyIn(merged->standard_error, repo));
  }
  if (merged->exit_code == 1) {
    answer.kind = CommitAnswer::Kind::kConflict;
    answer.conflicts.assign(words.begin() + 1, words.end());
    return answer;
  }
  answer.tree = words.front();
  return CommitMerge(paths.mirror, order, std::move(answer));
}

StatusOr<CommitAnswer> GitProgram::CommitMerge(const std::string& mirror, const MergeOrder& order,
                                               CommitAnswer answer) {
  const std::string git_dir = "--git-dir=" + mirror;
  StatusOr<std::vector<std::string>> identity = IdentityAt(mirror, order.date_ns);
  if (!identity.ok()) return identity.status();
  // commit-tree signs only where it is told to; `git commit` looks here by itself.
  StatusOr<ProcessResult> signs = Run({.arguments = {git_dir, "config", "--type=bool", "--get", "commit.gpgSign"}});
  if (!signs.ok()) return signs.status();
  std::vector<std::string> arguments = {git_dir, "commit-tree", "-p", order.onto,
                                        "-p",    order.other,   "-m", order.message};
  if (Trim(signs->standard_output) == "true") arguments.emplace_back("-S");
  arguments.push_back(answer.tree);
  StatusOr<std::string> sha = RunForOutput({.arguments = std::move(arguments), .more_environment = *identity},
                                           "committing the merge of " + order.other);
  if (!sha.ok()) return sha.status();
  answer.kind = CommitAnswer::Kind::kCommitted;
  answer.sha = Trim(*sha);
  if (!IsRevision(answer.sha)) return Internal("committing the merge: not a SHA");
  return answer;
}

Status GitProgram::KeepPrepared(const RepoConfig& repo, std::string_view trigger_id, std::string_view sha) {
  REVERTD_CHECK(IsRevision(sha));
  const MirrorPaths paths = MirrorPathsOf(state_directory_, repo.name);
  StatusOr<std::unique_ptr<MirrorLock>> lock = MirrorLock::Take(paths, clock_);
  if (!lock.ok()) return lock.status();
  SweepMirror(paths);
  return RunForOutput({.arguments = {"--git-dir=" + paths.mirror, "update-ref", "--end-of-options",
                                     std::string(kPreparedRefs) + EncodeName(trigger_id), std::string(sha)}},
                      "keeping the prepared revert")
      .status();
}

StatusOr<std::optional<GitCommit>> GitProgram::ReadPrepared(const RepoConfig& repo, std::string_view trigger_id) {
  StatusOr<ProcessResult> found =
      Run({.arguments = {"--git-dir=" + MirrorPathsOf(state_directory_, repo.name).mirror, "rev-parse", "--verify",
                         "--quiet", "--end-of-options",
                         std::string(kPreparedRefs) + EncodeName(trigger_id) + "^{commit}"}});
  if (!found.ok()) return found.status();
  if (found->exit_code != 0) return std::nullopt;
  StatusOr<std::vector<GitCommit>> commits =
      ReadCommits(repo, {.since = "", .until = std::string(Trim(found->standard_output)), .limit = 1});
  if (!commits.ok()) return commits.status();
  if (commits->empty()) return std::nullopt;
  return std::optional<GitCommit>(commits->front());
}

}  // namespace revertd
