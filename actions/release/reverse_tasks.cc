#include "actions/release/reverse_tasks.h"

#include <limits>
#include <utility>

#include "actions/command_steps.h"
#include "actions/release/ask_command.h"
#include "actions/revert_plan.h"

namespace revertd {
namespace {

// A release undoes what it did itself, all of it and whole: the limit of pushes guards against a detector gone wrong,
// and a service's paths say what of a foreign range is its own.
Config ForOwnPushes(Config config) {
  config.guard.pushes_per_day = std::numeric_limits<int64_t>::max();
  config.guard.proposals_per_day = std::numeric_limits<int64_t>::max();
  // Nor does it matter how long a person took to let it go on.
  config.guard.commit_age_push = config.guard.commit_age_propose = std::numeric_limits<DurationNs>::max() / 2;
  for (ServiceConfig& service : config.services) {
    service.paths.clear();
    service.rollback = RollbackBy::kRevert;
  }
  return config;
}

// What the planner finds to be undone already needs nothing more.
bool IsUndoneAlready(std::string_view outcome) { return outcome == "already_reverted" || outcome == "empty_change"; }

}  // namespace

ReverseTasks::ReverseTasks(const ReleaseTools& tools, ExecutorEvents* events, FaultPoint fault_point)
    : tools_(tools),
      deploy_(tools),
      executor_(
          ForOwnPushes(*tools.config), tools.state, tools.journal, tools.git, tools.clock, events,
          [this, fault_point = std::move(fault_point)](std::string_view name) {
            if (fault_point) fault_point(step_at_hand_ + "/reversed:" + std::string(name));
          },
          ExecutorOutside{tools.open_forge, tools.commands}) {}

RollbackTrigger ReverseTasks::TriggerOf(const ReverseOrder& order) const {
  RollbackTrigger trigger;
  trigger.service = order.step->service;
  trigger.repo = tools_.config->FindService(trigger.service)->repo;
  trigger.base = order.promotion.base;
  trigger.head = order.promotion.head;
  trigger.id = MakeTriggerId(trigger.service, trigger.head, order.promotion.start_ns);
  trigger.reason = "release " + tools_.file->id + ": " + order.breach.reason;
  if (!order.breach.step.empty()) trigger.reason += " of " + order.breach.step;
  trigger.created_ns = order.breached_ns;
  trigger.evidence = order.evidence;
  return trigger;
}

Status ReverseTasks::TellSidecar(const RollbackTrigger& trigger) {
  InboxMessage message;
  message.kind = InboxMessage::Kind::kRevertAsked;
  message.trigger = trigger;
  return tools_.state->Post(message);
}

StatusOr<TaskAnswer> ReverseTasks::Reverse(const ReverseOrder& order, bool is_resumed) {
  step_at_hand_ = order.step->name;
  switch (order.step->inverse.by) {
    case InverseBy::kNone: return Finished{"irreversible", order.step->inverse.why};
    case InverseBy::kCommand: return RunCommand(order, is_resumed);
    case InverseBy::kRevert: break;
  }
  return Revert(order, is_resumed);
}

StatusOr<TaskAnswer> ReverseTasks::Revert(const ReverseOrder& order, bool is_resumed) {
  if (auto waiting = KillSwitchHolds(*tools_.config)) return *std::move(waiting);
  RollbackTrigger trigger = TriggerOf(order);
  trigger.state = TriggerState::kInRelease;
  if (!told_.contains(trigger.id)) {
    REVERTD_RETURN_IF_ERROR(TellSidecar(trigger));
    told_.insert(trigger.id);
  }
  if (order.step->promote.by == PromoteBy::kPullRequest) REVERTD_RETURN_IF_ERROR(AcceptAsProposal(trigger));
  if (is_resumed) REVERTD_RETURN_IF_ERROR(TryAgain(trigger));
  auto progress = RevertExecutor::Progress::kAdvanced;
  std::string_view at;
  for (int step = 0; step < kStepsAtOnce && progress == RevertExecutor::Progress::kAdvanced; ++step) {
    const auto rows = tools_.journal->ReadJournal(trigger.id);
    if (!rows.ok()) return rows.status();
    const auto next = NextStep(*rows);
    if (!next) {
      const JournalRow& last = rows->back();
      const bool well = IsUndoneAlready(last.outcome);
      return Finished{well ? std::string(kDone) : last.outcome, last.outcome + " at " + last.step + ": " + last.detail};
    }
    // From here on it is the release's own: what follows is watched over all its steps.
    if (*next == "deployed") {
      const auto revert = ReadRevert(*tools_.journal, trigger.id);
      if (!revert.ok()) return revert.status();
      return Finished{std::string(kDone), revert->has_value() ? (*revert)->detail : ""};
    }
    at = *next;
    const auto advanced = executor_.Advance(trigger);
    // It counts its own tries, and ends by itself where they are over.
    if (!advanced.ok()) return TaskWaiting{"retrying", std::string(MessageOf(advanced.status()))};
    progress = *advanced;
  }
  // Its pull request is approved beforehand; one that is not merged soon lacks a review or a check.
  const bool is_stuck =
      progress == RevertExecutor::Progress::kParked && tools_.clock->Now() - order.breached_ns > kMergedSoon;
  return TaskWaiting{"reverting", std::string(at), 0, is_stuck};
}

// As it was promoted, so it goes back.
Status ReverseTasks::AcceptAsProposal(const RollbackTrigger& trigger) {
  const auto accepted = tools_.journal->ReadStep(trigger.id, "accepted");
  if (!accepted.ok() || accepted->has_value()) return accepted.status();
  const TimeNs now = tools_.clock->Now();
  return tools_.journal->Together([&]() -> Status {
    REVERTD_RETURN_IF_ERROR(tools_.journal->Begin(trigger.id, "accepted", now));
    return tools_.journal->Finish(trigger.id, "accepted", now, kDone, NameOf(Route::kPropose));
  });
}

Status ReverseTasks::TryAgain(const RollbackTrigger& trigger) {
  if (!tried_again_.insert(trigger.id).second) return OkStatus();
  const auto rows = tools_.journal->ReadJournal(trigger.id);
  if (!rows.ok()) return rows.status();
  if (rows->empty() || NextStep(*rows) || IsUndoneAlready(rows->back().outcome)) return OkStatus();
  return tools_.journal->Reopen(trigger.id, rows->back().step, tools_.clock->Now(),
                                "the release's way back is tried again");
}

StatusOr<TaskAnswer> ReverseTasks::RunCommand(const ReverseOrder& order, bool is_resumed) {
  const ReleaseStep& step = *order.step;
  const CommandWords words = WordsOf(*tools_.file, step, order.promotion);
  const std::string key = step.name + " inverse";
  if (is_resumed && !asked_whether_undone_.contains(step.name)) {
    const CommandAnswer undone = AskCommand(tools_.commands, key + " verify", step.inverse.verify, words);
    switch (undone.says) {
      case CommandSays::kNothingYet: return TaskWaiting{"asking_whether_undone"};
      case CommandSays::kYes: return Finished{std::string(kDone), "was undone already"};
      case CommandSays::kCannotTell: return Finished{"verify_unknown", undone.words};
      case CommandSays::kNo: asked_whether_undone_.insert(step.name); break;
    }
  }
  if (!tools_.commands->IsRunning(key)) {
    if (auto waiting = KillSwitchHolds(*tools_.config)) return *std::move(waiting);
  }
  const CommandAnswer ran = AskCommand(tools_.commands, key, step.inverse.command, words);
  if (ran.says == CommandSays::kNothingYet) return TaskWaiting{"command_running", step.inverse.command.argv.front()};
  asked_whether_undone_.erase(step.name);
  return Finished{ran.says == CommandSays::kYes ? std::string(kDone) : "command_failed", ran.words};
}

StatusOr<TaskAnswer> ReverseTasks::Verify(const ReverseOrder& order, TimeNs begun_ns, bool is_resumed) {
  const ReleaseStep& step = *order.step;
  if (step.inverse.by == InverseBy::kCommand) {
    const CommandAnswer undone = AskCommand(tools_.commands, step.name + " undone", step.inverse.verify,
                                            WordsOf(*tools_.file, step, order.promotion));
    switch (undone.says) {
      case CommandSays::kNothingYet: return TaskWaiting{"verifying"};
      case CommandSays::kNo: return Finished{"command_not_undone", undone.words};
      case CommandSays::kCannotTell: return Finished{"verify_unknown", undone.words};
      case CommandSays::kYes: break;
    }
    // Without it the sidecar would take the undone version for the one that serves.
    if (!step.service.empty()) {
      REVERTD_RETURN_IF_ERROR(
          tools_.state->Post(DeployMessage(*tools_.config, ReleaseDeployId(tools_.file->id, step.name) + "-undone",
                                           step.service, "", "", begun_ns, tools_.clock->Now())));
    }
    return Finished{std::string(kDone), ""};
  }
  if (step.inverse.by != InverseBy::kRevert) return Finished{std::string(kDone), ""};
  const RollbackTrigger trigger = TriggerOf(order);
  const auto revert = ReadRevert(*tools_.journal, trigger.id);
  if (!revert.ok()) return revert.status();
  const bool by_others = !revert->has_value();
  const auto good = by_others ? FindUndone(order) : StatusOr<std::string>((*revert)->detail);
  if (!good.ok()) return good.status();
  if (good->empty()) return Finished{"no_branch", trigger.repo};
  // Whoever reverted it may have deployed it too.
  const DeployOrder deploy = {.id = RollbackDeployId(trigger),
                              .service = step.service,
                              .good = *good,
                              .bad = order.promotion.head,
                              .start_ns = begun_ns,
                              .is_resumed = is_resumed || by_others};
  if (!told_.contains(deploy.id)) {
    REVERTD_RETURN_IF_ERROR(tools_.state->Post(
        DeployMessage(*tools_.config, deploy.id, deploy.service, deploy.bad, deploy.good, begun_ns, 0)));
    told_.insert(deploy.id);
  }
  return deploy_.Deploy(deploy);
}

StatusOr<std::string> ReverseTasks::FindUndone(const ReverseOrder& order) {
  const RepoConfig& repo = *tools_.config->FindRepo(tools_.config->FindService(order.step->service)->repo);
  auto head = tools_.git->FetchBranch(repo);
  if (!head.ok()) return head.status();
  if (!head->has_value()) return std::string();
  const auto since =
      tools_.git->ReadCommits(repo, {.since = order.promotion.head, .until = **head, .limit = kCommitsSinceMax});
  if (!since.ok()) return since.status();
  const GitCommit* revert = FindStandingRevert(*since, order.promotion.head);
  return revert != nullptr ? revert->sha : **std::move(head);
}

StatusOr<TaskAnswer> ReverseTasks::AwaitRecovery(const ReverseOrder& order, TimeNs begun_ns) {
  const ReleaseStep& step = *order.step;
  // The detector compares with what was bad: of a step that was only undone with the others it has no word.
  if (step.inverse.by != InverseBy::kRevert || order.evidence.signal.empty()) return Finished{std::string(kDone), ""};
  const auto recovery = tools_.state->ReadRecovery(TriggerOf(order).id);
  if (!recovery.ok()) return recovery.status();
  if (recovery->has_value() && (*recovery)->state != RecoveryState::kWatching) {
    const bool well = (*recovery)->state == RecoveryState::kRecovered;
    return Finished{well ? std::string(kDone) : std::string(NameOf((*recovery)->state)), step.service};
  }
  const TimeNs end = begun_ns + tools_.config->detect.observe + kRecoverySlack;
  if (tools_.clock->Now() < end) return TaskWaiting{"awaiting_recovery", step.service, end};
  return Finished{std::string(NameOf(RecoveryState::kUndecided)), step.service + ": no word from the detector"};
}

}  // namespace revertd
