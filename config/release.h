// ReleaseFile: one release as its author wrote it (docs/release.md): which services are promoted in which order, what
// each promotion must prove before the next begins, and how each is undone. load_release.h reads it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "config/config.h"

namespace revertd {

enum class PromoteBy {
  kMerge,        // `source` is merged into the branch of the service's repo and pushed
  kPullRequest,  // the same by a pull request, opened and merged by the forge
  kCommand,      // a program of the user's
};
std::string_view NameOf(PromoteBy by);

struct PromoteConfig {
  PromoteBy by = PromoteBy::kMerge;
  std::string source = {};     // branch that is promoted
  std::string revision = {};   // of it; empty: its head when the release begins
  CommandConfig command = {};  // kCommand
  CommandConfig verify = {};   // kCommand: exit code 0 says that what the command does is done, anything else that not
  std::string version = {};    // kCommand: what it deploys, for people and for the sidecar; need not be a revision
};

enum class InverseBy {
  kRevert,   // a git revert of exactly what the step pushed
  kCommand,  // a program of the user's
  kNone,     // nothing undoes it: said before the start, and a person's when it comes to that
};
std::string_view NameOf(InverseBy by);

struct InverseConfig {
  InverseBy by = InverseBy::kRevert;
  CommandConfig command = {};
  CommandConfig verify = {};  // exit code 0 says that it is undone
  std::string why = {};       // kNone: what the author says about it
};

// What becomes of a step that is neither healthy nor broken when its window ends.
enum class AtMax { kHold, kProceed, kReverse };
std::string_view NameOf(AtMax at_max);
std::optional<AtMax> AtMaxNamed(std::string_view name);

// How long a step is watched before the next begins.
struct GuardWindow {
  DurationNs min = kMinuteNs;       // at least
  DurationNs max = 30 * kMinuteNs;  // at most; until then the verdict must have come
  AtMax at_max = AtMax::kHold;
  bool verdict = true;  // false: health checks and conditions alone; always so where the step has no service
};

// A program that is asked while a step is watched; exit code 0: all is well, 1: the step is broken, anything else: it
// cannot tell, and the window does not end while it cannot.
struct ReleaseCondition {
  std::string name;
  CommandConfig command;
  DurationNs every = 15 * kSecondNs;
};

struct ReleaseStep {
  std::string name;          // unique in the release
  std::string service = {};  // empty: a layer without traffic of its own
  PromoteConfig promote = {};
  InverseConfig inverse = {};
  GuardWindow guard = {};
  std::vector<ReleaseCondition> conditions = {};  // beside the verdict and the service's fatal health checks
  bool approval = false;                          // a person says `release approve` before it begins
};

struct ReleaseStage {
  std::string name;                // unique in the release
  std::vector<std::string> needs;  // stages that must have ended before; of the file's order where it does not say
  std::vector<ReleaseStep> steps;  // one after another
  DurationNs soak = 0;             // after its last step is healthy; everything promoted is watched meanwhile
  bool healthy_point = false;      // once it ended the release may stand there: what breaks later does not undo it
};

// What a broken step undoes.
enum class ReverseScope {
  kSinceHealthyPoint,  // every step since the last healthy point; without one, the whole release
  kFailingService,     // the broken step alone
};
std::string_view NameOf(ReverseScope scope);
std::optional<ReverseScope> ReverseScopeNamed(std::string_view name);

// Times of the week in which no step begins. From `from_minute` (of the day, 0 to 1439) of each of `days` on, for
// `minutes`.
struct FreezeWindow {
  std::vector<int> days;  // 0 is Monday, 6 Sunday
  int from_minute = 0;
  int minutes = 0;  // at most a week
  std::string why = {};
};

struct ReleaseFile {
  std::string id;                 // letters, digits, '.', '-' and '_'; at most 80
  std::string environment;        // one release at a time; characters as the id's
  std::string time_zone = "UTC";  // of freeze windows
  ReverseScope reverse = ReverseScope::kSinceHealthyPoint;
  bool inverse_required = false;  // a step whose inverse is none is refused
  std::vector<FreezeWindow> freeze = {};
  std::vector<ReleaseStage> stages;
  std::string text = {};  // the file as it was read: what is kept, and read again by `resume`
};

}  // namespace revertd
