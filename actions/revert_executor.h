// RevertExecutor: carries one trigger through its steps, each begun and finished in the journal, so that killed
// anywhere and started again it resumes and acts once.
//
//   accepted       the request is one that this executor serves
//   planned        the branch is fetched, the range found, the guards asked
//   reverted       the revert commit exists in the private mirror; the sidecar knows its SHA
//   announced      people are told that a rollback is under way
//   pushed         guards asked again, the branch moved from the expected head to ours
//   push_verified  the remote's own answer is our SHA, or a head that holds it; exit code 0 is not enough
//   deployed       the sidecar has seen a finished deploy of our SHA
//   recovered      the detector's word on what followed
//
// A step that ends with any outcome but "done" ends the trigger: its outcome is the named reason.
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
#include <variant>
#include <vector>

#include "actions/git.h"
#include "actions/guards.h"
#include "actions/revert_plan.h"
#include "base/clock.h"
#include "base/status.h"
#include "base/trigger.h"
#include "config/config.h"
#include "store/executor_store.h"
#include "store/state_store.h"

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
// The one table: every step by the four places.
std::vector<std::string> FaultPointNames();

class RevertExecutor {
 public:
  // Tries of one step against a remote that cannot be reached: with the waits below, six minutes in all. A host that
  // is gone for longer is a person's case.
  static constexpr int kTriesMax = 12;
  static constexpr DurationNs kFirstRetryWait = kSecondNs;
  static constexpr DurationNs kRetryWaitMax = kMinuteNs;
  // Plan, revert and push again, because the branch moved in between. A busier branch needs a person.
  static constexpr int kPushAttemptsMax = 3;
  // The detector's word comes within its observation; beyond that plus this much, nobody watches any more.
  static constexpr DurationNs kRecoverySlack = 30 * kMinuteNs;

  enum class Progress { kAdvanced, kWaiting, kEnded };

  RevertExecutor(const Config& config, StateStore* state, ExecutorStore* journal, Git* git, const Clock* clock,
                 ExecutorEvents* events, FaultPoint fault_point);

  // At most one step. A failed status means that this try failed and a later call tries again; the journal is as
  // before.
  StatusOr<Progress> Advance(const RollbackTrigger& trigger);

 private:
  struct Finished {
    std::string outcome;
    std::string detail;
  };
  struct Waiting {};
  using StepAnswer = std::variant<Finished, Waiting>;
  struct Prepared {
    std::string sha;
    std::optional<Hold> hold;  // set: there is no revert, and why
  };
  struct Retry {
    int tries = 0;
    TimeNs next_ns = 0;
  };

  StatusOr<StepAnswer> Act(const RollbackTrigger& trigger, std::string_view step, TimeNs begun_ns);
  StepAnswer Accept(const RollbackTrigger& trigger);
  StatusOr<StepAnswer> Plan(const RollbackTrigger& trigger, const RepoConfig& repo);
  StatusOr<StepAnswer> MakeRevert(const RollbackTrigger& trigger, const RepoConfig& repo);
  StatusOr<StepAnswer> Push(const RollbackTrigger& trigger, const RepoConfig& repo);
  StatusOr<StepAnswer> VerifyPush(const RollbackTrigger& trigger, const RepoConfig& repo);
  StatusOr<StepAnswer> AwaitDeploy(const RollbackTrigger& trigger, TimeNs begun_ns);
  StatusOr<StepAnswer> AwaitRecovery(const RollbackTrigger& trigger, TimeNs begun_ns);

  StatusOr<PlanAnswer> FetchAndPlan(const RollbackTrigger& trigger, const RepoConfig& repo);
  StatusOr<std::optional<Hold>> Guard(const RollbackTrigger& trigger, const PlanAnswer& plan);
  StatusOr<Prepared> Prepare(const RollbackTrigger& trigger, const RepoConfig& repo, const PlanAnswer& answer);
  Status TellSidecar(const RollbackTrigger& trigger, std::string_view sha);
  StatusOr<std::string> DetailOf(const RollbackTrigger& trigger, std::string_view step);

  Status Begin(const RollbackTrigger& trigger, std::string_view step);
  Status Finish(const RollbackTrigger& trigger, std::string_view step, const Finished& finished);
  StatusOr<Progress> AfterFailure(const RollbackTrigger& trigger, std::string_view step, const Status& status);
  void Reach(std::string_view step, std::string_view place);

  const Config config_;
  StateStore* const state_;
  ExecutorStore* const journal_;
  Git* const git_;
  const Clock* const clock_;
  ExecutorEvents* const events_;
  const FaultPoint fault_point_;
  std::map<std::string, Retry, std::less<>> retries_;            // by trigger; of the step it is at
  std::set<std::pair<std::string, std::string>> told_to_begin_;  // (trigger, step) of this process's life
};

}  // namespace revertd
