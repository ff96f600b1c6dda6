#include "actions/revert_executor.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "base/strings.h"

namespace revertd {
namespace {

constexpr std::array<std::string_view, 8> kSteps = {"accepted", "planned",       "reverted", "announced",
                                                    "pushed",   "push_verified", "deployed", "recovered"};
constexpr std::array<std::string_view, 4> kPlaces = {"before_begin", "after_begin", "before_finish", "after_finish"};
constexpr std::string_view kDone = "done";
constexpr DurationNs kDayNs = 24 * kHourNs;

std::string_view FailureOf(const Status& status) {
  if (absl::IsUnavailable(status)) return "remote_unreachable";
  if (absl::IsNotFound(status)) return "git_missing";
  return "git_failed";
}

}  // namespace

std::vector<std::string> FaultPointNames() {
  std::vector<std::string> names;
  for (std::string_view step : kSteps) {
    for (std::string_view place : kPlaces) names.push_back(std::string(step) + "." + std::string(place));
  }
  return names;
}

RevertExecutor::RevertExecutor(const Config& config, StateStore* state, ExecutorStore* journal, Git* git,
                               const Clock* clock, ExecutorEvents* events, FaultPoint fault_point)
    : config_(config),
      state_(state),
      journal_(journal),
      git_(git),
      clock_(clock),
      events_(events),
      fault_point_(std::move(fault_point)) {}

StatusOr<RevertExecutor::Progress> RevertExecutor::Advance(const RollbackTrigger& trigger) {
  StatusOr<std::vector<JournalRow>> rows = journal_->ReadJournal(trigger.id);
  if (!rows.ok()) return rows.status();
  const auto row_of = [&rows](std::string_view step) {
    return std::find_if(rows->begin(), rows->end(), [step](const JournalRow& row) { return row.step == step; });
  };
  for (std::string_view step : kSteps) {
    const auto row = row_of(step);
    const bool begun = row != rows->end();
    if (begun && row->finished_ns != 0) {
      if (row->outcome != kDone) return Progress::kEnded;
      continue;
    }
    const auto retry = retries_.find(trigger.id);
    if (retry != retries_.end() && clock_->Now() < retry->second.next_ns) return Progress::kWaiting;
    const TimeNs begun_ns = begun ? row->begun_ns : clock_->Now();
    REVERTD_RETURN_IF_ERROR(Begin(trigger, step));
    StatusOr<StepAnswer> answer = Act(trigger, step, begun_ns);
    if (!answer.ok()) return AfterFailure(trigger, step, answer.status());
    retries_.erase(trigger.id);
    if (std::holds_alternative<Waiting>(*answer)) return Progress::kWaiting;
    REVERTD_RETURN_IF_ERROR(Finish(trigger, step, std::get<Finished>(*answer)));
    return Progress::kAdvanced;
  }
  return Progress::kEnded;
}

void RevertExecutor::Reach(std::string_view step, std::string_view place) {
  if (fault_point_) fault_point_(std::string(step) + "." + std::string(place));
}

// Once in the life of a process for each step: a waiting step is asked again and again. The row of a step that an
// earlier process began is left as it is by the journal.
Status RevertExecutor::Begin(const RollbackTrigger& trigger, std::string_view step) {
  if (told_to_begin_.contains({trigger.id, std::string(step)})) return OkStatus();
  const TimeNs now = clock_->Now();
  Reach(step, "before_begin");
  REVERTD_RETURN_IF_ERROR(journal_->Begin(trigger.id, step, now));
  Reach(step, "after_begin");
  told_to_begin_.emplace(trigger.id, step);
  events_->OnStep({trigger.id, trigger.service, std::string(step), "", "", now, true});
  return OkStatus();
}

Status RevertExecutor::Finish(const RollbackTrigger& trigger, std::string_view step, const Finished& finished) {
  const TimeNs now = clock_->Now();
  Reach(step, "before_finish");
  REVERTD_RETURN_IF_ERROR(journal_->Finish(trigger.id, step, now, finished.outcome, finished.detail));
  Reach(step, "after_finish");
  told_to_begin_.erase({trigger.id, std::string(step)});
  events_->OnStep({trigger.id, trigger.service, std::string(step), finished.outcome, finished.detail, now, false});
  return OkStatus();
}

StatusOr<RevertExecutor::Progress> RevertExecutor::AfterFailure(const RollbackTrigger& trigger, std::string_view step,
                                                                const Status& status) {
  Retry& retry = retries_[trigger.id];
  ++retry.tries;
  if (retry.tries >= kTriesMax) {
    retries_.erase(trigger.id);
    std::string detail(MessageOf(status));
    if (step == "pushed") detail += "; whether an earlier try reached the remote is not known";
    REVERTD_RETURN_IF_ERROR(Finish(trigger, step, {std::string(FailureOf(status)), detail}));
    return Progress::kAdvanced;
  }
  const int doublings = std::min(retry.tries - 1, 10);
  retry.next_ns = clock_->Now() + std::min(kRetryWaitMax, kFirstRetryWait << doublings);
  return Annotate(status, "trigger " + trigger.id + ", step " + std::string(step) + ", try " +
                              std::to_string(retry.tries) + " of " + std::to_string(kTriesMax));
}

StatusOr<RevertExecutor::StepAnswer> RevertExecutor::Act(const RollbackTrigger& trigger, std::string_view step,
                                                         TimeNs begun_ns) {
  if (step == "accepted") return Accept(trigger);
  if (step == "announced") return Finished{std::string(kDone), ""};  // its begin was the announcement
  if (step == "deployed") return AwaitDeploy(trigger, begun_ns);
  if (step == "recovered") return AwaitRecovery(trigger, begun_ns);
  // The configuration may have changed since it was accepted, and a later process may be the one that acts.
  if (auto hold = RefuseRequest(trigger, config_)) return Finished{hold->reason, hold->detail};
  const RepoConfig& repo = *config_.FindRepo(trigger.repo);
  if (step == "planned") return Plan(trigger, repo);
  if (step == "reverted") return MakeRevert(trigger, repo);
  if (step == "pushed") return Push(trigger, repo);
  REVERTD_CHECK(step == "push_verified");
  return VerifyPush(trigger, repo);
}

RevertExecutor::StepAnswer RevertExecutor::Accept(const RollbackTrigger& trigger) {
  if (auto hold = RefuseRequest(trigger, config_)) return Finished{hold->reason, hold->detail};
  return Finished{std::string(kDone), trigger.repo};
}

StatusOr<PlanAnswer> RevertExecutor::FetchAndPlan(const RollbackTrigger& trigger, const RepoConfig& repo) {
  StatusOr<std::optional<std::string>> branch_head = git_->FetchBranch(repo);
  if (!branch_head.ok()) return branch_head.status();
  StatusOr<PlanFacts> facts = ReadPlanFacts(trigger, repo, branch_head->value_or(""), git_);
  if (!facts.ok()) return facts.status();
  return PlanRevert(trigger, *facts);
}

StatusOr<std::optional<Hold>> RevertExecutor::Guard(const RollbackTrigger& trigger, const PlanAnswer& plan) {
  GuardFacts facts;
  facts.kill_switch = ReadKillSwitch(config_.guard.kill_switch);
  facts.now_ns = clock_->Now();
  facts.automatic = !trigger.deploy_id.empty();
  StatusOr<std::optional<RollbackTrigger>> row = state_->ReadTrigger(trigger.id);
  if (!row.ok()) return row.status();
  facts.dismissed = row->has_value() && (*row)->state == TriggerState::kDismissed;
  if (facts.automatic) {
    StatusOr<std::optional<Deploy>> deploy = state_->ReadDeploy(trigger.deploy_id);
    if (!deploy.ok()) return deploy.status();
    const bool known = deploy->has_value() && (*deploy)->finished();
    facts.deploy_finish_ns = known ? (*deploy)->finish_ns : trigger.created_ns;
  } else {
    // The change may be of any age, the request may not: it could have waited for an executor since last week.
    facts.deploy_finish_ns = trigger.created_ns;
  }
  StatusOr<int64_t> pushes = journal_->CountFinished("pushed", kDone, facts.now_ns - kDayNs);
  if (!pushes.ok()) return pushes.status();
  facts.pushes_today = *pushes;
  return AskGuards(facts, config_.guard, plan);
}

StatusOr<RevertExecutor::StepAnswer> RevertExecutor::Plan(const RollbackTrigger& trigger, const RepoConfig& repo) {
  StatusOr<PlanAnswer> answer = FetchAndPlan(trigger, repo);
  if (!answer.ok()) return answer.status();
  if (const auto* adoption = std::get_if<PlanAdoption>(&*answer)) {
    return Finished{std::string(kDone), "adopts " + adoption->sha};
  }
  StatusOr<std::optional<Hold>> hold = Guard(trigger, *answer);
  if (!hold.ok()) return hold.status();
  if (hold->has_value()) return Finished{(*hold)->reason, (*hold)->detail};
  const auto& plan = std::get<RevertPlan>(*answer);
  return Finished{std::string(kDone),
                  "onto " + plan.order.onto + ", commits " + std::to_string(plan.order.steps.size())};
}

// The revert commit for a plan: the one that is kept already where it fits, else a new one.
StatusOr<RevertExecutor::Prepared> RevertExecutor::Prepare(const RollbackTrigger& trigger, const RepoConfig& repo,
                                                           const PlanAnswer& answer) {
  if (const auto* adoption = std::get_if<PlanAdoption>(&answer)) return Prepared{adoption->sha, std::nullopt};
  if (const auto* refusal = std::get_if<PlanRefusal>(&answer))
    return Prepared{"", Hold{refusal->reason, refusal->detail}};
  const auto& plan = std::get<RevertPlan>(answer);
  StatusOr<std::optional<GitCommit>> kept = git_->ReadPrepared(repo, trigger.id);
  if (!kept.ok()) return kept.status();
  if (kept->has_value() && (*kept)->parents == std::vector<std::string>{plan.order.onto} &&
      Trim((*kept)->message) == Trim(plan.order.message)) {
    return Prepared{(*kept)->sha, std::nullopt};
  }
  StatusOr<RevertAnswer> revert = git_->Revert(repo, plan.order);
  if (!revert.ok()) return revert.status();
  if (revert->kind == RevertAnswer::Kind::kConflict)
    return Prepared{"", Hold{"conflict", Join(revert->conflicts, ", ")}};
  if (revert->kind == RevertAnswer::Kind::kEmpty) return Prepared{"", Hold{"empty_change", plan.head}};
  REVERTD_RETURN_IF_ERROR(git_->KeepPrepared(repo, trigger.id, revert->sha));
  return Prepared{revert->sha, std::nullopt};
}

Status RevertExecutor::TellSidecar(const RollbackTrigger& trigger, std::string_view sha) {
  InboxMessage message;
  message.kind = InboxMessage::Kind::kRevertPrepared;
  message.trigger_id = trigger.id;
  message.text = sha;
  return state_->Post(message);
}

StatusOr<RevertExecutor::StepAnswer> RevertExecutor::MakeRevert(const RollbackTrigger& trigger,
                                                                const RepoConfig& repo) {
  StatusOr<PlanAnswer> plan = FetchAndPlan(trigger, repo);
  if (!plan.ok()) return plan.status();
  StatusOr<Prepared> prepared = Prepare(trigger, repo, *plan);
  if (!prepared.ok()) return prepared.status();
  if (prepared->hold) return Finished{prepared->hold->reason, prepared->hold->detail};
  REVERTD_RETURN_IF_ERROR(TellSidecar(trigger, prepared->sha));
  return Finished{std::string(kDone), prepared->sha};
}

StatusOr<std::string> RevertExecutor::DetailOf(const RollbackTrigger& trigger, std::string_view step) {
  StatusOr<std::optional<JournalRow>> row = journal_->ReadStep(trigger.id, step);
  if (!row.ok()) return row.status();
  if (!row->has_value()) return Internal("the journal lost step " + std::string(step) + " of " + trigger.id);
  return (*row)->detail;
}

StatusOr<RevertExecutor::StepAnswer> RevertExecutor::Push(const RollbackTrigger& trigger, const RepoConfig& repo) {
  StatusOr<std::string> told = DetailOf(trigger, "reverted");
  if (!told.ok()) return told.status();
  std::string refused_on;  // the head on which the remote refused us, and its words
  std::string refusal;
  for (int attempt = 0; attempt <= kPushAttemptsMax; ++attempt) {
    StatusOr<PlanAnswer> answer = FetchAndPlan(trigger, repo);
    if (!answer.ok()) return answer.status();
    const auto* adoption = std::get_if<PlanAdoption>(&*answer);
    if (adoption == nullptr) {
      StatusOr<std::optional<Hold>> hold = Guard(trigger, *answer);
      if (!hold.ok()) return hold.status();
      if (hold->has_value()) return Finished{(*hold)->reason, (*hold)->detail};
      // The branch stands where it stood when the remote said no, so it was not a race.
      if (std::get<RevertPlan>(*answer).order.onto == refused_on) return Finished{"push_rejected", refusal};
      if (attempt == kPushAttemptsMax) break;
    }
    StatusOr<Prepared> prepared = Prepare(trigger, repo, *answer);
    if (!prepared.ok()) return prepared.status();
    if (prepared->hold) return Finished{prepared->hold->reason, prepared->hold->detail};
    if (prepared->sha != *told) {
      REVERTD_RETURN_IF_ERROR(TellSidecar(trigger, prepared->sha));
      *told = prepared->sha;
    }
    if (adoption != nullptr) return Finished{std::string(kDone), adoption->sha};
    const std::string& onto = std::get<RevertPlan>(*answer).order.onto;
    StatusOr<PushAnswer> pushed = git_->Push(repo, onto, prepared->sha, false);
    if (!pushed.ok()) return pushed.status();
    if (pushed->accepted) return Finished{std::string(kDone), prepared->sha};
    refused_on = onto;
    refusal = pushed->detail;
  }
  return Finished{"branch_keeps_moving", std::to_string(kPushAttemptsMax) + " attempts; " + refusal};
}

StatusOr<RevertExecutor::StepAnswer> RevertExecutor::VerifyPush(const RollbackTrigger& trigger,
                                                                const RepoConfig& repo) {
  StatusOr<std::string> ours = DetailOf(trigger, "pushed");
  if (!ours.ok()) return ours.status();
  StatusOr<std::optional<std::string>> head = git_->ReadRemoteBranch(repo);
  if (!head.ok()) return head.status();
  if (!head->has_value()) return Finished{"remote_unchanged", "the branch is gone"};
  if (**head == *ours) return Finished{std::string(kDone), *ours};
  StatusOr<std::optional<std::string>> fetched = git_->FetchBranch(repo);
  if (!fetched.ok()) return fetched.status();
  if (fetched->has_value()) {
    StatusOr<bool> holds_ours = git_->IsAncestor(repo, *ours, **fetched);
    if (!holds_ours.ok()) return holds_ours.status();
    if (*holds_ours) return Finished{std::string(kDone), *ours};
  }
  return Finished{"remote_unchanged", "the remote's head is " + fetched->value_or("gone") + ", not " + *ours};
}

StatusOr<RevertExecutor::StepAnswer> RevertExecutor::AwaitDeploy(const RollbackTrigger& trigger, TimeNs begun_ns) {
  StatusOr<std::string> ours = DetailOf(trigger, "push_verified");
  if (!ours.ok()) return ours.status();
  StatusOr<std::optional<Deploy>> deploy = state_->FindDeployOf(trigger.service, *ours);
  if (!deploy.ok()) return deploy.status();
  if (deploy->has_value() && (*deploy)->finished()) return Finished{std::string(kDone), (*deploy)->id};
  if (clock_->Now() - begun_ns < config_.guard.deploy_wait) return Waiting{};
  return Finished{"not_seen", *ours};
}

StatusOr<RevertExecutor::StepAnswer> RevertExecutor::AwaitRecovery(const RollbackTrigger& trigger, TimeNs begun_ns) {
  StatusOr<std::optional<Recovery>> recovery = state_->ReadRecovery(trigger.id);
  if (!recovery.ok()) return recovery.status();
  if (recovery->has_value() && (*recovery)->state != RecoveryState::kWatching) {
    return Finished{std::string(NameOf((*recovery)->state)), (*recovery)->deploy_id};
  }
  if (clock_->Now() - begun_ns < config_.detect.observe + kRecoverySlack) return Waiting{};
  return Finished{std::string(NameOf(RecoveryState::kUndecided)), "no word from the detector"};
}

}  // namespace revertd
