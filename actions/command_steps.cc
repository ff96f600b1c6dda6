#include "actions/command_steps.h"

#include "base/strings.h"

namespace revertd {

std::string RollbackDeployId(const RollbackTrigger& trigger) { return trigger.id + "-rollback"; }

CommandWords CommandSteps::WordsFor(const RollbackTrigger& trigger, std::string_view good) const {
  const InFlight policy = tools_.config->guard.in_flight;
  return {{"{service}", trigger.service},
          {"{bad}", trigger.head},
          {"{good}", std::string(good)},
          {"{trigger}", trigger.id},
          {"{in_flight}", std::string(NameOf(policy))},
          {"{signal}", policy == InFlight::kCancel ? "retry" : "none"}};
}

StatusOr<std::optional<Hold>> CommandSteps::MayRun(const RollbackTrigger& trigger, const RepoConfig& repo, Route route,
                                                   TimeNs begun_ns) {
  if (begun_ns < started_ns_) return git_->HardStop(trigger);
  StatusOr<PlanAnswer> plan = git_->FetchAndPlan(trigger, repo);
  if (!plan.ok()) return plan.status();
  if (std::holds_alternative<PlanAdoption>(*plan)) return git_->HardStop(trigger);
  return git_->Guard(trigger, route, *plan);
}

StatusOr<StepAnswer> CommandSteps::Drain(const RollbackTrigger& trigger, const RepoConfig& repo, Route route,
                                         TimeNs begun_ns) {
  const CommandConfig& drain = tools_.config->FindService(trigger.service)->drain;
  if (!drain.given()) return Finished{std::string(kDone), ""};
  if (tools_.commands == nullptr) return Finished{std::string(kDone), "not drained: no command can be run here"};
  const std::string key = trigger.id + " drain";
  StatusOr<std::string> good = DetailOf(tools_, trigger, route == Route::kVersion ? "planned" : "reverted");
  if (!good.ok()) return good.status();
  if (!tools_.commands->IsRunning(key)) {
    StatusOr<std::optional<Hold>> hold = MayRun(trigger, repo, route, begun_ns);
    if (!hold.ok()) return hold.status();
    if (hold->has_value()) return Ended(**hold);
  }
  const auto result = tools_.commands->Run(key, drain, WordsFor(trigger, *good));
  if (!result) return Waiting{};
  const bool well = result->ok() && (*result)->exit_code == 0 && !(*result)->timed_out;
  const std::string said = result->ok() ? Outcome(**result) : std::string(MessageOf(result->status()));
  return Finished{std::string(kDone), (well ? "drained: " : "NOT drained: ") + said};
}

Status CommandSteps::TellOfDeploy(const RollbackTrigger& trigger, std::string_view good, bool finished) {
  InboxMessage message;
  message.kind = finished ? InboxMessage::Kind::kDeployFinish : InboxMessage::Kind::kDeployStart;
  message.deploy.id = RollbackDeployId(trigger);
  message.deploy.service = trigger.service;
  message.deploy.repo = trigger.repo;
  message.deploy.base = trigger.head;
  message.deploy.head = good;
  message.deploy.start_ns = tools_.clock->Now();
  if (finished) message.deploy.finish_ns = message.deploy.start_ns;
  return tools_.state->Post(message);
}

StatusOr<StepAnswer> CommandSteps::Deploy(const RollbackTrigger& trigger, const CommandConfig& command,
                                          std::string_view good) {
  const std::string key = trigger.id + " deploy";
  if (!tools_.commands->IsRunning(key)) REVERTD_RETURN_IF_ERROR(TellOfDeploy(trigger, good, false));
  const auto result = tools_.commands->Run(key, command, WordsFor(trigger, good));
  if (!result) return Waiting{};
  if (!result->ok()) return Finished{"command_failed", std::string(MessageOf(result->status()))};
  if ((*result)->exit_code != 0 || (*result)->timed_out) return Finished{"command_failed", Outcome(**result)};
  REVERTD_RETURN_IF_ERROR(TellOfDeploy(trigger, good, true));
  return Finished{std::string(kDone), std::string(good)};
}

StatusOr<StepAnswer> CommandSteps::SwitchVersion(const RollbackTrigger& trigger, const RepoConfig& repo,
                                                 TimeNs begun_ns) {
  const CommandConfig& command = tools_.config->FindService(trigger.service)->version;
  if (!command.given() || tools_.commands == nullptr) return Finished{"no_command", trigger.service};
  StatusOr<std::string> good = DetailOf(tools_, trigger, "planned");
  if (!good.ok()) return good.status();
  if (!tools_.commands->IsRunning(trigger.id + " deploy")) {
    StatusOr<std::optional<Hold>> hold = MayRun(trigger, repo, Route::kVersion, begun_ns);
    if (!hold.ok()) return hold.status();
    if (hold->has_value()) return Ended(**hold);
    REVERTD_RETURN_IF_ERROR(TellSidecar(tools_, trigger, *good));
  }
  return Deploy(trigger, command, *good);
}

StatusOr<std::string> CommandSteps::ShaInProduction(const RollbackTrigger& trigger, Route route) {
  if (route == Route::kVersion) return DetailOf(tools_, trigger, "switched");
  StatusOr<std::optional<JournalRow>> merged = tools_.journal->ReadStep(trigger.id, "merged");
  if (!merged.ok()) return merged.status();
  return merged->has_value() ? (*merged)->detail : DetailOf(tools_, trigger, "push_verified");
}

StatusOr<StepAnswer> CommandSteps::AwaitDeploy(const RollbackTrigger& trigger, Route route, TimeNs begun_ns) {
  StatusOr<std::string> ours = ShaInProduction(trigger, route);
  if (!ours.ok()) return ours.status();
  // The last good version was deployed before: only the deploy that our command made tells of the rollback.
  StatusOr<std::optional<revertd::Deploy>> deploy = route == Route::kVersion
                                                        ? tools_.state->ReadDeploy(RollbackDeployId(trigger))
                                                        : tools_.state->FindDeployOf(trigger.service, *ours);
  if (!deploy.ok()) return deploy.status();
  if (deploy->has_value() && (*deploy)->finished()) return Finished{std::string(kDone), (*deploy)->id};
  const ServiceConfig* service = tools_.config->FindService(trigger.service);
  const bool by_command = route != Route::kVersion && service != nullptr && service->deploy.given() &&
                          tools_.commands != nullptr && !deployed_.contains(trigger.id);
  StatusOr<std::optional<Hold>> stop = git_->HardStop(trigger);
  if (!stop.ok()) return stop.status();
  // The revert stands on the branch already: whoever stopped us deploys it.
  if (by_command && (!stop->has_value() || tools_.commands->IsRunning(trigger.id + " deploy"))) {
    StatusOr<StepAnswer> answer = Deploy(trigger, service->deploy, *ours);
    if (!answer.ok()) return answer.status();
    const auto* finished = std::get_if<Finished>(&*answer);
    if (finished == nullptr) return Waiting{};
    if (finished->outcome != kDone) return *answer;
    deployed_.insert(trigger.id);
    return Waiting{};  // for the sidecar to have seen it
  }
  if (tools_.clock->Now() - begun_ns < tools_.config->guard.deploy_wait) return Waiting{};
  return Finished{"not_seen", *ours};
}

StatusOr<StepAnswer> CommandSteps::AwaitRecovery(const RollbackTrigger& trigger, TimeNs begun_ns) {
  StatusOr<std::optional<Recovery>> recovery = tools_.state->ReadRecovery(trigger.id);
  if (!recovery.ok()) return recovery.status();
  if (recovery->has_value() && (*recovery)->state != RecoveryState::kWatching) {
    return Finished{std::string(NameOf((*recovery)->state)), (*recovery)->deploy_id};
  }
  if (tools_.clock->Now() - begun_ns < tools_.config->detect.observe + kRecoverySlack) return Waiting{};
  return Finished{std::string(NameOf(RecoveryState::kUndecided)), "no word from the detector"};
}

}  // namespace revertd
