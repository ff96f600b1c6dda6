#include "actions/revert_executor.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "base/fnv.h"

namespace revertd {
namespace {

constexpr std::array<std::string_view, 4> kPlaces = {"before_begin", "after_begin", "before_finish", "after_finish"};

std::string_view FailureOf(const Status& status) {
  const bool forge = MessageOf(status).starts_with(kForge);
  if (absl::IsUnavailable(status)) return forge ? "forge_unreachable" : "remote_unreachable";
  if (forge) return "forge_refused";
  if (absl::IsNotFound(status)) return "git_missing";
  return "git_failed";
}

// Doubled each time, give or take a quarter by the trigger's id: many sidecars that lost one forge at the same moment
// come back one after another, and the same one always alike.
DurationNs RetryWait(std::string_view trigger_id, int tries) {
  const int doublings = std::min(tries - 1, 10);
  const DurationNs wait = std::min(RevertExecutor::kRetryWaitMax, RevertExecutor::kFirstRetryWait << doublings);
  const auto quarter = static_cast<DurationNs>(Fnv1a(std::string(trigger_id) + ' ' + std::to_string(tries)) % 512);
  return wait / 1024 * (768 + quarter);
}

}  // namespace

std::vector<std::string> FaultPointNames(Route route) {
  std::vector<std::string> names;
  for (std::string_view step : StepsOf(route)) {
    for (std::string_view place : kPlaces) names.push_back(std::string(step) + "." + std::string(place));
  }
  return names;
}

RevertExecutor::RevertExecutor(const Config& config, StateStore* state, ExecutorStore* journal, Git* git,
                               const Clock* clock, ExecutorEvents* events, FaultPoint fault_point,
                               ExecutorOutside outside)
    : config_(config),
      tools_{&config_, state, journal, git, clock, std::move(outside.open_forge), outside.commands},
      git_steps_(tools_),
      proposal_steps_(tools_, &git_steps_),
      command_steps_(tools_, &git_steps_),
      events_(events),
      fault_point_(std::move(fault_point)) {}

bool RevertExecutor::HasForge(const RollbackTrigger& trigger) const {
  const RepoConfig* repo = config_.FindRepo(trigger.repo);
  return repo != nullptr && repo->forge && tools_.open_forge != nullptr;
}

StatusOr<RevertExecutor::Progress> RevertExecutor::Advance(const RollbackTrigger& trigger) {
  StatusOr<std::vector<JournalRow>> rows = tools_.journal->ReadJournal(trigger.id);
  if (!rows.ok()) return rows.status();
  const std::optional<std::string_view> step = NextStep(*rows);
  if (!step) return Progress::kEnded;
  const bool for_a_person = *step == "merged";
  const auto retry = retries_.find(trigger.id);
  if (retry != retries_.end() && tools_.clock->Now() < retry->second.next_ns) {
    return for_a_person ? Progress::kParked : Progress::kWaiting;
  }
  const JournalRow* row = FindRow(*rows, *step);
  const TimeNs begun_ns = row != nullptr ? row->begun_ns : tools_.clock->Now();
  REVERTD_RETURN_IF_ERROR(Begin(trigger, *step));
  StatusOr<StepAnswer> answer = Act(trigger, *step, RouteOf(*rows), begun_ns);
  if (!answer.ok()) return AfterFailure(trigger, *step, answer.status());
  retries_.erase(trigger.id);
  if (const auto* waiting = std::get_if<Waiting>(&*answer)) {
    return waiting->for_a_person ? Progress::kParked : Progress::kWaiting;
  }
  REVERTD_RETURN_IF_ERROR(Finish(trigger, *step, std::get<Finished>(*answer)));
  return Progress::kAdvanced;
}

void RevertExecutor::Reach(std::string_view step, std::string_view place) {
  if (fault_point_) fault_point_(std::string(step) + "." + std::string(place));
}

// Once in the life of a process for each step: a waiting step is asked again and again. The row of a step that an
// earlier process began is left as it is by the journal.
Status RevertExecutor::Begin(const RollbackTrigger& trigger, std::string_view step) {
  if (told_to_begin_.contains({trigger.id, std::string(step)})) return OkStatus();
  const TimeNs now = tools_.clock->Now();
  Reach(step, "before_begin");
  REVERTD_RETURN_IF_ERROR(tools_.journal->Begin(trigger.id, step, now));
  Reach(step, "after_begin");
  told_to_begin_.emplace(trigger.id, step);
  events_->OnStep({trigger.id, trigger.service, std::string(step), "", "", now, true});
  return OkStatus();
}

Status RevertExecutor::Finish(const RollbackTrigger& trigger, std::string_view step, const Finished& finished) {
  const TimeNs now = tools_.clock->Now();
  Reach(step, "before_finish");
  REVERTD_RETURN_IF_ERROR(tools_.journal->Together([&]() -> Status {
    REVERTD_RETURN_IF_ERROR(tools_.journal->Finish(trigger.id, step, now, finished.outcome, finished.detail));
    const bool goes_on = finished.outcome == kPushRejected && HasForge(trigger);
    return goes_on ? tools_.journal->Begin(trigger.id, "proposed", now) : OkStatus();
  }));
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
  const DurationNs wait = RetryWait(trigger.id, retry.tries);
  retry.next_ns = tools_.clock->Now() + std::max(wait, RetryAfter(status).value_or(0));
  return Annotate(status, "trigger " + trigger.id + ", step " + std::string(step) + ", try " +
                              std::to_string(retry.tries) + " of " + std::to_string(kTriesMax));
}

StatusOr<StepAnswer> RevertExecutor::Act(const RollbackTrigger& trigger, std::string_view step, Route route,
                                         TimeNs begun_ns) {
  if (step == "accepted") return Accept(trigger);
  if (step == "announced") return Finished{std::string(kDone), ""};  // its begin was the announcement
  if (step == "deployed") return command_steps_.AwaitDeploy(trigger, route, begun_ns);
  if (step == "recovered") return command_steps_.AwaitRecovery(trigger, begun_ns);
  // The configuration may have changed since it was accepted, and a later process may be the one that acts.
  if (auto hold = RefuseRequest(trigger, config_)) return Finished{hold->reason, hold->detail};
  const RepoConfig& repo = *config_.FindRepo(trigger.repo);
  if (step == "planned") return git_steps_.Plan(trigger, repo, route);
  if (step == "reverted") return git_steps_.MakeRevert(trigger, repo);
  if (step == "drained") return command_steps_.Drain(trigger, repo, route, begun_ns);
  if (step == "pushed") return git_steps_.Push(trigger, repo);
  if (step == "push_verified") return git_steps_.VerifyPush(trigger, repo);
  if (step == "proposed") return proposal_steps_.Propose(trigger, repo);
  if (step == "merged") return proposal_steps_.AwaitMerge(trigger, repo, route, begun_ns);
  if (step == "switched") return command_steps_.SwitchVersion(trigger, repo, begun_ns);
  REVERTD_CHECK(step == "reapply_offered");
  return proposal_steps_.OfferReapply(trigger, repo);
}

StepAnswer RevertExecutor::Accept(const RollbackTrigger& trigger) {
  if (auto hold = RefuseRequest(trigger, config_)) return Finished{hold->reason, hold->detail};
  // One that was approved before it was accepted is a proposal all the same: the mode asked for a review.
  const bool asked_for_review = trigger.state == TriggerState::kProposed ||
                                std::ranges::find(kProposalReasons, trigger.reason) != kProposalReasons.end();
  const bool proposes = trigger.state == TriggerState::kProposed || (asked_for_review && HasForge(trigger));
  Route route = proposes ? Route::kPropose : Route::kPush;
  if (config_.FindService(trigger.service)->rollback == RollbackBy::kVersion) route = Route::kVersion;
  if (route == Route::kPropose && !HasForge(trigger)) return Finished{"no_forge", trigger.repo};
  return Finished{std::string(kDone), std::string(NameOf(route))};
}

}  // namespace revertd
