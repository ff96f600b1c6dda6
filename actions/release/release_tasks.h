// A release as a list of tasks, each a row of the journal under the release's id, and what comes next by the rows that
// are there. The list forward is the release file's order; the list backward is the steps that were begun, the newest
// first, so that nothing is undone before what was built on it.
//
//   pinned                 what of each source is promoted, whenever its turn comes
//   STEP/approved          a person has said yes, where the step asks for one
//   STEP/registered        what is promoted and what will break it are written down, before anything is done
//   STEP/promoted          merged and pushed, or the command has run
//   STEP/started           of a command: it was started, so that half of it may be done
//   STEP/verified          the remote's own answer is ours; the command's `verify` says that it is done
//   STEP/deployed          production runs it; the sidecar knows of the deploy
//   STEP/guarded           its window has passed: healthy
//   STAGE:soaked           the stage's own wait
//   breached               one row: what broke, and why; from here on only the tasks below
//   STEP/found_out         of the step that was at hand: whether its promotion came to be; from here on it will not
//   STEP/reversed          undone
//   STEP/reverse_verified  and production says so
//   settled                everything that was undone has recovered
//   taken_over             a person does the rest of the way back
//
// Pure, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "config/release.h"
#include "store/executor_store.h"

namespace revertd {

enum class ReleaseTaskKind {
  kPin,
  kApprove,
  kRegister,
  kPromote,
  kVerify,
  kDeploy,
  kGuard,
  kSoak,
  kFindOut,
  kReverse,
  kVerifyReverse,
  kSettle,
};

// Points into the release file that it was made of.
struct ReleaseTask {
  ReleaseTaskKind kind = ReleaseTaskKind::kApprove;
  const ReleaseStage* stage = nullptr;  // nullptr: of the whole release
  const ReleaseStep* step = nullptr;    // nullptr: of the whole stage
  std::string row;
};

inline constexpr std::string_view kPinnedRow = "pinned";
inline constexpr std::string_view kBreachedRow = "breached";
inline constexpr std::string_view kSettledRow = "settled";
inline constexpr std::string_view kTakenOverRow = "taken_over";
// In the order of the release.
std::vector<const ReleaseStep*> StepsInOrder(const ReleaseFile& file);

std::string RowOf(std::string_view step, ReleaseTaskKind kind);
std::string StartedRow(std::string_view step);

// Why the release goes back. The detail of the row `breached`.
struct ReleaseBreach {
  std::string step;    // empty: none of them; a person's abort
  std::string reason;  // "regressed", "unhealthy", "condition_failed", "aborted", ...
  std::string detail;
  bool keep = false;  // a person's abort that leaves what was promoted as it is
};
std::string BreachText(const ReleaseBreach& breach);
ReleaseBreach BreachFrom(std::string_view text);
std::optional<ReleaseBreach> BreachOf(const std::vector<JournalRow>& rows);

// What `promoted` has brought. Of a command base is empty and head its version.
struct Promotion {
  std::string base;
  std::string head;
  TimeNs start_ns = 0;  // when production began to change

  bool changed_nothing() const { return !base.empty() && base == head; }
};
std::string PromotionText(const Promotion& promotion);
Promotion PromotionFrom(std::string_view text);
// Of a step whose promotion is done, or was found to be; nullopt: it is not.
std::optional<Promotion> PromotionOf(const std::vector<JournalRow>& rows, const ReleaseStep& step);

// The outcomes of tasks forward after which production may be worse than before, so that the release goes back by
// itself. Any other that is not "done" halts it, for a person.
bool IsBreach(ReleaseTaskKind kind, std::string_view outcome);

std::vector<ReleaseTask> ForwardTasks(const ReleaseFile& file);
// The steps to undo, in that order: those that were begun and may have changed something since the last healthy point
// before the broken step, or of a failing service the broken step alone.
std::vector<const ReleaseStep*> StepsToReverse(const ReleaseFile& file, const std::vector<JournalRow>& rows,
                                               const ReleaseBreach& breach);
std::vector<ReleaseTask> BackwardTasks(const ReleaseFile& file, const std::vector<JournalRow>& rows,
                                       const ReleaseBreach& breach);

// Where a release stands by its rows.
struct ReleaseStanding {
  enum class Kind {
    kRunning,  // `task` is due
    kHalted,   // `task` has ended with `outcome`, and nothing is done until a person speaks
    kEnded,    // with `outcome`
  };
  Kind kind = Kind::kRunning;
  std::optional<ReleaseTask> task;
  std::string outcome = {};
  std::string detail = {};
  std::optional<ReleaseBreach> breach = {};
};
ReleaseStanding StandingOf(const ReleaseFile& file, const std::vector<JournalRow>& rows);

// Finished with "done".
bool IsDone(const std::vector<JournalRow>& rows, std::string_view name);

// "RELEASE:STEP", neither of which holds a colon: the deploy that a step makes, in the sidecar's words.
std::string ReleaseDeployId(std::string_view release, std::string_view step);

}  // namespace revertd
