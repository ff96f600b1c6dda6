// DriftFinding: one thing that is not as the registered deploys, the branch and the configuration say that it should
// be; and DriftReport, all that one scan found.
//
// Pure, any thread. Texts are Printable: paths, messages and servers have had their word in them.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "actions/notice.h"
#include "base/clock.h"

namespace revertd {

namespace drift {
// Work trees that production runs from.
inline constexpr std::string_view kDirtyWorkTree = "dirty_work_tree";
inline constexpr std::string_view kDetachedWorkTree = "detached_work_tree";
inline constexpr std::string_view kWorkTreeOffBranch = "work_tree_off_branch";
inline constexpr std::string_view kWorkTreeAhead = "work_tree_ahead";
inline constexpr std::string_view kWorkTreeOperation = "work_tree_operation";
inline constexpr std::string_view kWorkTreeUnreadable = "work_tree_unreadable";
// The branch.
inline constexpr std::string_view kUnexplainedCommit = "unexplained_commit";
inline constexpr std::string_view kReturnedCommit = "returned_commit";
// What runs.
inline constexpr std::string_view kWrongRevisionRunning = "wrong_revision_running";
inline constexpr std::string_view kRunningUnknown = "running_unknown";
inline constexpr std::string_view kDeployedNotOnBranch = "deployed_not_on_branch";
// What could not be looked at is told, and never taken for clean.
inline constexpr std::string_view kCannotLook = "cannot_look";
}  // namespace drift

struct DriftFinding {
  std::string kind;     // one of the above
  std::string subject;  // a service, a repo or a path
  std::string key;      // what makes it this one: the same at every scan that finds it
  std::string text;     // one line for people
  std::vector<NoticeFact> facts = {};
  // What must have been looked at before its absence says that it is over.
  std::string area = {};
  std::string service = {};
  std::string repo = {};
  std::string commit = {};  // full revision
  // Whoever looks by himself tells it only where it is still found so much later.
  DurationNs told_after = 0;

  bool operator==(const DriftFinding&) const = default;
};

struct DriftReport {
  std::vector<DriftFinding> findings;
  std::vector<std::string> notes;             // what can be said of nothing, and why: not wrong, and not clean either
  std::set<std::string, std::less<>> unseen;  // areas that could not be looked at
  // Looked at.
  int64_t repos = 0;
  int64_t work_trees = 0;
  int64_t services = 0;   // that said what they run
  int64_t rollbacks = 0;  // whose commit is locked out
  bool stopped = false;   // told to stop: not a whole scan

  int64_t looked_at() const { return repos + work_trees + services; }
  // Something was to be looked at, and nothing could.
  bool saw_nothing() const { return looked_at() == 0 && !unseen.empty(); }
  void CannotLook(std::string_view subject, std::string_view why, const std::vector<std::string>& areas);
};

// Of at most kDriftKeyBytesMax bytes, printable; different parts stay different keys.
inline constexpr size_t kDriftKeyBytesMax = 200;
std::string DriftKey(std::string_view kind, std::string_view subject, std::string_view more = "");

// Areas.
std::string LineArea(std::string_view repo);        // the branch's own commits
std::string RollbacksArea(std::string_view repo);   // its commits that are locked out
std::string WorkTreeArea(std::string_view path);    // its files and its HEAD
std::string AheadArea(std::string_view path);       // its HEAD against the branch
std::string RunningArea(std::string_view service);  // what it runs
std::string DeployedArea(std::string_view service);

// {"event":"drift","time_ns":...,"kind":...,...}; `event` is another word where it is over.
std::string ToJson(const DriftFinding& finding, TimeNs at_ns, std::string_view event = "drift");
// {"event":"summary",...}
std::string SummaryJson(const DriftReport& report, TimeNs at_ns);

}  // namespace revertd
