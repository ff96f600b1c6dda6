#include "actions/release/deploy_tasks.h"

#include <algorithm>

#include "actions/release/ask_command.h"

namespace revertd {

std::string DeployCommandKey(std::string_view deploy_id) { return std::string(deploy_id) + " deploy"; }

InboxMessage DeployMessage(const Config& config, const std::string& id, const std::string& service,
                           const std::string& base, const std::string& head, TimeNs start_ns, TimeNs finish_ns) {
  InboxMessage message;
  message.kind = InboxMessage::Kind::kDeployStart;
  message.deploy.id = id;
  message.deploy.service = service;
  message.deploy.repo = config.FindService(service)->repo;
  message.deploy.base = base;
  if (IsRevision(head)) message.deploy.head = head;
  message.deploy.start_ns = start_ns;
  // The start may be a forge's word, whose clock is ahead.
  message.deploy.finish_ns = finish_ns == 0 ? 0 : std::max(finish_ns, start_ns);
  return message;
}

StatusOr<TaskAnswer> DeployTasks::Deploy(const DeployOrder& order) {
  const ServiceConfig* service = tools_.config->FindService(order.service);
  if (service == nullptr) return Finished{std::string(kDone), ""};
  Progress& progress = progress_[order.id];
  const bool can_say = service->running.given() && !order.good.empty();
  const bool needs_command = order.by_service && service->deploy.given() && !progress.is_deployed;
  bool runs = !can_say;
  // One that a killed process began is not deployed again where it runs already.
  const bool is_at_it = tools_.commands->IsRunning(DeployCommandKey(order.id));
  if (can_say && (!needs_command || (order.is_resumed && !is_at_it))) {
    const auto asked = IsRunning(order, *service, &progress);
    if (!asked.ok()) return asked.status();
    runs = *asked;
  }
  if (needs_command && !(can_say && runs)) {
    auto answer = RunCommand(order, *service, &progress);
    if (!answer.ok()) return answer.status();
    if (answer->has_value()) return **std::move(answer);
    if (can_say) return TaskWaiting{"awaiting_running", progress.said};
  }
  if (!runs) {
    const TimeNs now = tools_.clock->Now();
    if (!progress.since_ns) progress.since_ns = now;
    const TimeNs end = *progress.since_ns + tools_.config->guard.deploy_wait;
    if (now < end) return TaskWaiting{"awaiting_running", progress.said, end};
    return Finished{"not_running", progress.said};
  }
  // The whole deploy, and not its end alone: another door may have told of the revision under another id.
  REVERTD_RETURN_IF_ERROR(tools_.state->Post(DeployMessage(*tools_.config, order.id, order.service, order.bad,
                                                           order.good, order.start_ns, tools_.clock->Now())));
  progress_.erase(order.id);
  return Finished{std::string(kDone), order.id};
}

// nullopt: its command has ended well.
StatusOr<std::optional<TaskAnswer>> DeployTasks::RunCommand(const DeployOrder& order, const ServiceConfig& service,
                                                            Progress* progress) {
  const std::string key = DeployCommandKey(order.id);
  if (!tools_.commands->IsRunning(key)) {
    if (auto waiting = KillSwitchHolds(*tools_.config)) return std::optional<TaskAnswer>(*std::move(waiting));
  }
  const CommandWords words = {{"{service}", service.name},    {"{good}", order.good},
                              {"{bad}", order.bad},           {"{trigger}", order.id},
                              {"{release}", tools_.file->id}, {"{environment}", tools_.file->environment}};
  const CommandAnswer ran = AskCommand(tools_.commands, key, service.deploy, words);
  if (ran.says == CommandSays::kNothingYet) {
    return std::optional<TaskAnswer>(TaskWaiting{"deploying", service.deploy.argv.front()});
  }
  if (ran.says != CommandSays::kYes) return std::optional<TaskAnswer>(Finished{"deploy_failed", ran.words});
  progress->is_deployed = true;
  return std::nullopt;
}

// It runs what was ordered, or what somebody has put on top of it.
StatusOr<bool> DeployTasks::IsRunning(const DeployOrder& order, const ServiceConfig& service, Progress* progress) {
  if (!IsDue(tools_.clock->Now(), progress->ask_ns, kAskEvery)) return false;
  const auto running = tools_.running->Ask(service);
  progress->ask_ns = tools_.clock->Now() + kAskEvery;
  progress->said = running.ok() ? "it runs " + *running : std::string(MessageOf(running.status()));
  if (!running.ok()) return false;
  if (IsSameRevision(*running, order.good)) return true;
  const RepoConfig* repo = tools_.config->FindRepo(service.repo);
  if (repo == nullptr || !IsRevision(*running) || !IsRevision(order.good)) return false;
  const auto known = tools_.git->FindCommit(*repo, *running);
  if (!known.ok() || !known->has_value()) return known.ok() ? StatusOr<bool>(false) : known.status();
  return tools_.git->IsAncestor(*repo, order.good, **known);
}

}  // namespace revertd
