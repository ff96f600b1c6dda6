// Git: what the executor asks of git, and nothing else. The narrow edge at which tests inject faults; GitProgram
// (git_program.h) is the real one.
//
// Thread contract: one object, one thread.
// Contract of every call that takes a revision: it is a full or abbreviated hexadecimal name that IsRevision accepts;
// the caller has refused everything else. Status codes: Unavailable, the remote cannot be reached or another process
// holds the mirror (trying again may help); NotFound, git is not installed; Internal, git answered what it should not.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "config/config.h"

namespace revertd {

struct GitCommit {
  std::string sha;                   // full
  std::vector<std::string> parents;  // full, in order
  std::string message;               // subject, empty line, body; without the trailing newline
  TimeNs committed_ns = 0;           // by the word of whoever committed, in whole seconds; 0: none that can be
};

// The commits that are in `until` and not in `since`.
struct CommitRange {
  std::string since;  // empty: from the beginning
  std::string until;
  bool descendants_only = false;  // only those that descend from `since`
  bool first_parents = false;     // only the branch's own line: what a merge brought is left out
  size_t limit = 1;
};

// One commit to undo. mainline: the parent, counted from 1, whose side of a merge stays; 0 where it is no merge.
struct RevertStep {
  std::string sha;
  int mainline = 0;
};

// One revert commit on top of `onto` that undoes every step, in their order.
struct RevertOrder {
  std::string onto;  // full SHA
  std::vector<RevertStep> steps;
  std::string message;
  TimeNs date_ns = 0;  // author and committer date, cut to seconds: the same order gives the same SHA
};

struct CommitAnswer {
  enum class Kind { kCommitted, kConflict, kEmpty };
  Kind kind = Kind::kEmpty;
  std::string sha;                     // kCommitted
  std::string tree;                    // kCommitted
  std::vector<std::string> conflicts;  // kConflict: paths
};

struct PushAnswer {
  bool accepted = false;  // what git says; the remote is read back before anybody believes it
  std::string detail;     // not accepted: the remote's words
};

// One merge commit of `other` into `onto`, also where the branch could simply be moved: what a promotion brought is
// then one commit, which one revert undoes.
struct MergeOrder {
  std::string onto;   // full SHA, its first parent
  std::string other;  // full SHA, its second
  std::string message;
  TimeNs date_ns = 0;  // as RevertOrder's
};

class Git {
 public:
  virtual ~Git() = default;

  virtual StatusOr<std::string> Version() = 0;

  // The remote. FetchBranch brings the branch with its history into the mirror (created where missing) and answers its
  // head; ReadRemoteBranch asks the remote alone. nullopt: the remote answers, and has no such branch.
  virtual StatusOr<std::optional<std::string>> FetchBranch(const RepoConfig& repo) = 0;
  virtual StatusOr<std::optional<std::string>> ReadRemoteBranch(const RepoConfig& repo) = 0;
  // Moves the branch from `expected_head` to `sha`, which must descend from it, or does not move it at all. An empty
  // expected_head: the branch is made, and must not be there.
  // rehearse: asks the remote whether it would let us, and moves nothing.
  virtual StatusOr<PushAnswer> Push(const RepoConfig& repo, std::string_view expected_head, std::string_view sha,
                                    bool rehearse) = 0;

  // The mirror, as far as it was fetched.
  virtual StatusOr<std::optional<std::string>> FindCommit(const RepoConfig& repo, std::string_view revision) = 0;
  virtual StatusOr<bool> IsAncestor(const RepoConfig& repo, std::string_view ancestor, std::string_view descendant) = 0;
  virtual StatusOr<std::vector<GitCommit>> ReadCommits(const RepoConfig& repo, const CommitRange& range) = 0;
  // Paths, each once, that one of `globs` (git's; `**` crosses folders) matches and a commit of
  // since..until changes; a merge's own changes count, not what it brings from either side.
  virtual StatusOr<std::vector<std::string>> TouchedPaths(const RepoConfig& repo, const CommitRange& range,
                                                          const std::vector<std::string>& globs) = 0;
  // Paths, each once, that differ between two commits and that one of `globs` matches; no globs: every path.
  virtual StatusOr<std::vector<std::string>> ChangedPaths(const RepoConfig& repo, std::string_view from,
                                                          std::string_view to,
                                                          const std::vector<std::string>& globs) = 0;
  virtual StatusOr<std::string> DiffStat(const RepoConfig& repo, std::string_view from, std::string_view to) = 0;

  // Makes the revert in a temporary work tree of the mirror, gone when this returns. Nothing leaves the machine.
  virtual StatusOr<CommitAnswer> Revert(const RepoConfig& repo, const RevertOrder& order) = 0;
  // Makes the merge without any work tree. kEmpty: `onto` holds `other` already.
  virtual StatusOr<CommitAnswer> Merge(const RepoConfig& repo, const MergeOrder& order) = 0;
  // The private ref refs/revertd/TRIGGER of the mirror: the commit prepared for a trigger.
  virtual Status KeepPrepared(const RepoConfig& repo, std::string_view trigger_id, std::string_view sha) = 0;
  virtual StatusOr<std::optional<GitCommit>> ReadPrepared(const RepoConfig& repo, std::string_view trigger_id) = 0;
};

// Hexadecimal digits, 7 to 64 of them: the only words from outside that may become a revision in git's arguments.
bool IsRevision(std::string_view text);
// As people compare them: the first twelve digits; git's own short form is 7 to 12.
std::string ShortRevision(std::string_view revision);
std::string_view SubjectOf(const GitCommit& commit);
// `name` as one component of a path and of a ref: letters, digits, '-' and '_' stay, every other byte becomes =XX.
// Different names stay different.
std::string EncodeName(std::string_view name);
// `url` with the password in it, if any, replaced by ***; of http and https the user too, who may be a token.
std::string WithoutPassword(std::string_view url);

}  // namespace revertd
