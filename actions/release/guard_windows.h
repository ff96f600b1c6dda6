// GuardWindows: everything of a release that production is asked about: the window of the step at hand, the steps that
// were promoted before it, and on the way back those that were undone.
//
// Thread contract: the runner's.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actions/release/promote_tasks.h"
#include "actions/release/release_journal.h"
#include "actions/release/release_tasks.h"
#include "actions/release/step_watch.h"

namespace revertd {

// A person's word that a step's window is over although no machine can say so.
std::string WavedOnRow(std::string_view step);

// A step whose window is over, and what speaks against it since.
struct DoubtedStep {
  const ReleaseStep* step = nullptr;
  Finished finding;
  bool is_broken = false;            // false: two suspects or a shared outage, which is a person's
  const Verdict* verdict = nullptr;  // nullptr: something else says so
};

class GuardWindows {
 public:
  GuardWindows(const ReleaseTools& tools, const ReleaseJournal* journal, AskHealth ask_health)
      : tools_(tools), journal_(journal), ask_health_(std::move(ask_health)) {}

  // The step's own window.
  StatusOr<TaskAnswer> Guard(const ReleaseStep& step);
  // The steps whose window is over and that are no longer well, in their order.
  StatusOr<std::vector<DoubtedStep>> LookBack();
  // At the newest LookBack every check and condition of theirs had answered at least once in this object's life.
  bool is_answered() const { return is_answered_; }
  // Whether an undone step's service is well again: its health checks and the step's conditions; `until_ns` bounds the
  // wait.
  StatusOr<TaskAnswer> AwaitHealth(const ReleaseStep& step, TimeNs until_ns);
  // Of the newest look at the step; nullptr: there is none.
  const Verdict* VerdictOf(const ReleaseStep& step) const;

 private:
  StepWatch* WatchOf(const ReleaseStep& step);

  const ReleaseTools& tools_;
  const ReleaseJournal* const journal_;
  const AskHealth ask_health_;
  bool is_answered_ = true;
  std::map<std::string, std::unique_ptr<StepWatch>, std::less<>> watches_;  // by step
  std::map<std::string, ReleaseStep, std::less<>> undone_;                  // without their verdict
  std::map<std::string, std::unique_ptr<StepWatch>, std::less<>> after_;    // of those
};

}  // namespace revertd
