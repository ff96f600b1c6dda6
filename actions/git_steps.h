// The steps that plan a revert, make it, push it and read the remote back; and the guards' facts, which every act asks
// for. Every one may be repeated: a revert that the remote has already is adopted by its trailer.
//
// Thread contract: the executor's thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actions/guards.h"
#include "actions/revert_plan.h"
#include "actions/step.h"

namespace revertd {

// The SHA of a revert commit in the mirror, or why there is none.
struct Prepared {
  std::string sha;
  std::optional<Hold> hold;
};

inline Finished Ended(const Hold& hold) { return {hold.reason, hold.detail}; }

class GitSteps {
 public:
  // Plan, revert and push again, because the branch moved in between. A busier branch needs a person.
  static constexpr int kPushAttemptsMax = 3;

  explicit GitSteps(const ExecutorTools& tools) : tools_(tools) {}

  StatusOr<StepAnswer> Plan(const RollbackTrigger& trigger, const RepoConfig& repo, Route route);
  StatusOr<StepAnswer> MakeRevert(const RollbackTrigger& trigger, const RepoConfig& repo);
  StatusOr<StepAnswer> Push(const RollbackTrigger& trigger, const RepoConfig& repo);
  StatusOr<StepAnswer> VerifyPush(const RollbackTrigger& trigger, const RepoConfig& repo);

  // The branch as it is now, and what the revert would be.
  StatusOr<PlanAnswer> FetchAndPlan(const RollbackTrigger& trigger, const RepoConfig& repo);
  // The kill switch and a person's no, read now: right before each act, for all else takes its time to be read.
  StatusOr<std::optional<Hold>> HardStop(const RollbackTrigger& trigger);
  // Every guard, with facts read now; and once they are read, what stops any act again.
  StatusOr<std::optional<Hold>> Guard(const RollbackTrigger& trigger, Route route, const PlanAnswer& plan);
  // The revert commit for a plan: the one that is kept already where it fits, else a new one.
  StatusOr<Prepared> Prepare(const RollbackTrigger& trigger, const RepoConfig& repo, const PlanAnswer& answer);

 private:
  StatusOr<StepAnswer> PlanVersion(const RollbackTrigger& trigger, const RepoConfig& repo);
  StatusOr<GuardFacts> ReadHardStops(const RollbackTrigger& trigger);
  StatusOr<GuardFacts> ReadGuardFacts(const RollbackTrigger& trigger, Route route, const PlanAnswer& plan);
  Status ReadAutomaticFacts(const RollbackTrigger& trigger, GuardFacts* facts);
  Status ReadRecentErrors(const RollbackTrigger& trigger, GuardFacts* facts);
  Status ReadForgeFacts(const RollbackTrigger& trigger, const ForgeConfig& config, const PlanAnswer& plan,
                        GuardFacts* facts);

  const ExecutorTools& tools_;
};

}  // namespace revertd
