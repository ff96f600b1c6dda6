// What a promoted step's watch says: broken, not yet, or healthy. One question for the window of the step itself and
// for all that were promoted before it, as long as the release lasts.
//
// Pure, any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "actions/release/release_tools.h"
#include "base/clock.h"
#include "base/verdict.h"
#include "config/release.h"

namespace revertd {

// A condition of the release file as it was last answered.
struct ConditionFacts {
  std::string name;
  std::optional<int> exit_code = {};  // nullopt: not answered yet, or not at all
  std::string words = {};
};

// What is known of a step after its deploy.
struct WindowFacts {
  bool asks_verdict = false;
  bool deploy_is_known = false;         // the sidecar has seen it
  std::optional<Verdict> verdict = {};  // the newest of the step's deploy
  std::string unhealthy = {};           // a fatal check that failed as often as evidence needs, and how
  std::string health_unknown = {};      // a fatal check that does not say yet that it is well
  std::vector<ConditionFacts> conditions = {};
  bool is_answered = true;  // false: a health check or a condition was not answered once since it is watched
};

// "regressed", "unhealthy", "condition_failed": what breaks a release; nullopt: nothing does.
std::optional<Finished> BrokenBy(const WindowFacts& facts);

// deployed_ns: when production began to run it. waved_on: a person has said that it goes on.
TaskAnswer JudgeGuard(const GuardWindow& window, const WindowFacts& facts, TimeNs deployed_ns, bool waved_on,
                      TimeNs now);

// One line: "errors 0.01 % -> 4.1 %, 1200 of 30000 requests".
std::string EvidenceLine(const Verdict& verdict);

}  // namespace revertd
