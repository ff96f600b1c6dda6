// What the tasks of a release have in common: the tools they act with, and their answers.
//
// Thread contract: the tools belong to the runner's thread.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "actions/command_runner.h"
#include "actions/git.h"
#include "actions/guards.h"
#include "actions/http_client.h"
#include "actions/release/release_tasks.h"
#include "actions/running_revision.h"
#include "actions/step.h"
#include "base/clock.h"
#include "config/config.h"
#include "config/release.h"
#include "store/executor_store.h"
#include "store/state_store.h"

namespace revertd {

// All outlive the runner.
struct ReleaseTools {
  const Config* config;
  const ReleaseFile* file;
  StateStore* state;       // its inbox alone is written
  ExecutorStore* journal;  // of the release's environment
  Git* git;
  RunningRevision* running;
  CommandRunner* commands;
  OpenForge open_forge;  // empty: no forge can be reached
  const Clock* clock;
};

// Why a task is not done yet: a named reason, and words for people. for_a_person: nothing but a person's word, or the
// end of what it waits for, ends it. until_ns: when it is over at the latest; 0: nobody knows.
struct TaskWaiting {
  std::string why;
  std::string detail = {};
  TimeNs until_ns = 0;
  bool for_a_person = false;
};
using TaskAnswer = std::variant<Finished, TaskWaiting>;

// The repo with another of its branches.
inline RepoConfig OnBranch(RepoConfig repo, std::string branch) {
  repo.branch = std::move(branch);
  return repo;
}
// The branch of the remote that a step's pull request comes from. Names hold no slash.
inline std::string ForgeBranch(const ReleaseFile& file, const ReleaseStep& step) {
  return "revertd/" + file.id + "/" + step.name;
}
// Whether what is asked every `interval` is due; also where the clock was set back.
inline bool IsDue(TimeNs now, TimeNs next, DurationNs interval) { return now >= next || next - now > interval; }

// People have switched acting off, or nobody can tell whether they have.
inline std::optional<TaskWaiting> KillSwitchHolds(const Config& config) {
  const std::string& file = config.guard.kill_switch;
  if (ReadKillSwitch(file) == KillSwitch::kOff) return std::nullopt;
  return TaskWaiting{"kill_switch", file, 0, true};
}

// The words of a step's commands, all of ReleaseCommandWords. promotion: as far as it is known.
inline CommandWords WordsOf(const ReleaseFile& file, const ReleaseStep& step, const Promotion& promotion) {
  return {{"{release}", file.id},      {"{environment}", file.environment}, {"{step}", step.name},
          {"{service}", step.service}, {"{version}", promotion.head},       {"{before}", promotion.base}};
}

}  // namespace revertd
