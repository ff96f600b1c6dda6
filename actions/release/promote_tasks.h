// The tasks of a step up to its change of production: what is promoted is written down, merged and pushed (or a pull
// request is merged, or a command runs), and the remote is read back.
//
// Thread contract: the runner's. Every task may be repeated: a merge that the remote has already is adopted by its
// trailers; a command that an earlier process began is asked for by its `verify` before it runs again.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "actions/release/release_tasks.h"
#include "actions/release/release_tools.h"

namespace revertd {

// What the row `registered` holds. Of a command the revisions are empty.
struct Registered {
  std::string revision;     // of the source, full
  std::string target_head;  // of the branch, before
  std::string watches;      // what will break the step, for people
};
std::string RegisteredText(const Registered& registered);
Registered RegisteredFrom(std::string_view text);

// By step, the full revision that its source is promoted at.
using Pins = std::map<std::string, std::string, std::less<>>;
std::string PinsText(const Pins& pins);
Pins PinsFrom(std::string_view text);

// Under which CommandRunner knows a step's command.
std::string PromoteCommandKey(std::string_view step);

class PromoteTasks {
 public:
  // A branch that moves more often between our reading and our push is a person's case.
  static constexpr int kPushAttemptsMax = 3;
  // Commits of the branch's own line that are looked through for our merge.
  static constexpr size_t kAdoptCommitsMax = 500;
  static constexpr DurationNs kAskForgeEvery = 15 * kSecondNs;

  explicit PromoteTasks(const ReleaseTools& tools) : tools_(tools) {}

  // The revisions that the release promotes, as its sources are now; the detail is PinsText.
  StatusOr<TaskAnswer> Pin();
  StatusOr<TaskAnswer> Register(const ReleaseStep& step, const std::string& pinned);
  // registered_ns: the merge's date, so that making it twice makes the same commit. is_resumed: it was begun before,
  // and may have been done.
  StatusOr<TaskAnswer> Promote(const ReleaseStep& step, const Registered& registered, TimeNs registered_ns,
                               TimeNs begun_ns, bool is_resumed);
  StatusOr<TaskAnswer> Verify(const ReleaseStep& step, const Promotion& promotion);
  // The release goes back while the step is at hand: its commands are waited for, and whether it came to be promoted is
  // found out, so that it is undone with the others. Always "done"; the detail is the promotion, or empty.
  StatusOr<TaskAnswer> FindOut(const ReleaseStep& step, std::optional<Promotion> promoted, const Registered& registered,
                               TimeNs begun_ns);

 private:
  struct Asked {
    TimeNs next_ns = 0;
    TaskWaiting answer = {};
  };

  const RepoConfig& RepoOf(const ReleaseStep& step) const;
  // The kill switch and freeze windows, read now: before anything that changes production.
  std::optional<TaskWaiting> WhyNotNow() const;
  StatusOr<std::optional<Promotion>> FindOnBranch(const RepoConfig& repo, const ReleaseStep& step,
                                                  const std::string& head, TimeNs start_ns);
  StatusOr<CommitAnswer> MakeMerge(const RepoConfig& repo, const ReleaseStep& step, const std::string& onto,
                                   const std::string& revision, TimeNs date_ns);
  StatusOr<TaskAnswer> Merge(const ReleaseStep& step, const Registered& registered, TimeNs registered_ns,
                             TimeNs begun_ns);
  StatusOr<TaskAnswer> Promoted(const ReleaseStep& step, const Promotion& promotion);
  StatusOr<TaskAnswer> NothingToPromote(const RepoConfig& repo, const Registered& registered);
  StatusOr<TaskAnswer> PullRequestOf(const ReleaseStep& step, const Registered& registered, TimeNs begun_ns);
  StatusOr<TaskAnswer> AskForge(const ReleaseStep& step, const Registered& registered, TimeNs begun_ns);
  StatusOr<std::optional<PullRequest>> OpenRequest(const ReleaseStep& step, const Registered& registered, Forge* forge);
  StatusOr<TaskAnswer> OfMerged(const ReleaseStep& step, const Registered& registered, const PullRequest& request,
                                TimeNs begun_ns);
  StatusOr<TaskAnswer> CloseRequest(const ReleaseStep& step, const Registered& registered, TimeNs begun_ns);
  StatusOr<TaskAnswer> RunCommand(const ReleaseStep& step, TimeNs begun_ns, bool is_resumed);
  Status TellOfDeploy(const ReleaseStep& step, const Promotion& promotion);

  const ReleaseTools& tools_;
  std::set<std::string, std::less<>> asked_whether_done_;         // resumed commands whose `verify` said no
  std::map<std::string, TimeNs, std::less<>> command_began_ns_;   // by step
  std::map<std::string, Asked, std::less<>> asked_forge_;         // the same
  std::map<std::string, std::string, std::less<>> before_merge_;  // the branch's head before we asked for the merge
};

}  // namespace revertd
