// RevertExecutor: carries one trigger through its steps, each begun and finished in the journal, so that killed
// anywhere and started again it resumes and acts once.
//
//   accepted         the request is one that this executor serves, and by which route
//   planned          the branch is fetched, the range found, the guards asked
//   reverted         the revert commit exists in the private mirror; the sidecar knows its SHA
//   announced        people are told that a rollback is under way
//   drained          the drain command has run, where there is one
//   pushed           guards asked again, the branch moved from the expected head to ours
//   push_verified    the remote's own answer is our SHA, or a head that holds it; exit code 0 is not enough
//   proposed         instead of these three: a pull request, read back from the forge
//   merged           it was merged, and the branch holds it
//   switched         instead of a revert: the version command has deployed the last good version
//   deployed         the sidecar has seen a finished deploy of it
//   reapply_offered  a draft brings the change back, for its author
//   recovered        the detector's word on what followed
//
// A step that ends with any outcome but "done" ends the trigger: its outcome is the named reason. (One exception: a
// push that the remote refuses goes on as a pull request where there is a forge.)
//
// Thread contract: one thread. Invariants: 1. the row precedes the act; 2. every act may be repeated: a revert that
// the remote already has is adopted by its trailer, never made twice; 3. nothing is pushed that was not announced to
// the sidecar first, so the revert's deploy is always recognised; 4. no wait blocks: Advance answers kWaiting.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "actions/command_steps.h"
#include "actions/git_steps.h"
#include "actions/proposal_steps.h"
#include "actions/step.h"

namespace revertd {

struct ExecutorEvent {
  std::string trigger_id;
  std::string service;
  std::string step;
  std::string outcome;  // empty while begun
  std::string detail;
  TimeNs at_ns = 0;
  bool begun = false;  // true: the step begins; false: it is finished
};

// Told at least once of every begin, and of every finish that the process lived to tell.
class ExecutorEvents {
 public:
  virtual ~ExecutorEvents() = default;
  virtual void OnStep(const ExecutorEvent& event) = 0;
};

// Called before and after each journal row's begin and finish with "STEP.before_begin", "STEP.after_begin",
// "STEP.before_finish", "STEP.after_finish". Production does nothing; the crash tests kill the process there.
using FaultPoint = std::function<void(std::string_view name)>;
// The table of one route: every step by the four places.
std::vector<std::string> FaultPointNames(Route route = Route::kPush);

// The world beyond git, as far as there is one.
struct ExecutorOutside {
  OpenForge open_forge = nullptr;
  CommandRunner* commands = nullptr;
};

class RevertExecutor {
 public:
  // Tries of one step against a remote that cannot be reached: with the waits below, about six minutes in all. A host
  // that is gone for longer is a person's case.
  static constexpr int kTriesMax = 12;
  static constexpr DurationNs kFirstRetryWait = kSecondNs;
  static constexpr DurationNs kRetryWaitMax = kMinuteNs;

  // kParked: it waits for a person, and holds up nobody.
  enum class Progress { kAdvanced, kWaiting, kParked, kEnded };

  RevertExecutor(const Config& config, StateStore* state, ExecutorStore* journal, Git* git, const Clock* clock,
                 ExecutorEvents* events, FaultPoint fault_point, ExecutorOutside outside = {});

  // At most one step. A failed status means that this try failed and a later call tries again; the journal is as
  // before.
  StatusOr<Progress> Advance(const RollbackTrigger& trigger);

 private:
  struct Retry {
    int tries = 0;
    TimeNs next_ns = 0;
  };

  StatusOr<StepAnswer> Act(const RollbackTrigger& trigger, std::string_view step, Route route, TimeNs begun_ns);
  StepAnswer Accept(const RollbackTrigger& trigger);
  bool HasForge(const RollbackTrigger& trigger) const;

  Status Begin(const RollbackTrigger& trigger, std::string_view step);
  Status Finish(const RollbackTrigger& trigger, std::string_view step, const Finished& finished);
  StatusOr<Progress> AfterFailure(const RollbackTrigger& trigger, std::string_view step, const Status& status);
  void Reach(std::string_view step, std::string_view place);

  const Config config_;
  const ExecutorTools tools_;
  GitSteps git_steps_;
  ProposalSteps proposal_steps_;
  CommandSteps command_steps_;
  ExecutorEvents* const events_;
  const FaultPoint fault_point_;
  std::map<std::string, Retry, std::less<>> retries_;            // by trigger; of the step it is at
  std::set<std::pair<std::string, std::string>> told_to_begin_;  // (trigger, step) of this process's life
};

}  // namespace revertd
