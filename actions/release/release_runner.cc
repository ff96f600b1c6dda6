#include "actions/release/release_runner.h"

#include <algorithm>
#include <utility>

#include "actions/release/release_notices.h"
#include "base/json_writer.h"

namespace revertd {
namespace {

using Kind = ReleaseTaskKind;

constexpr int kCommandsAtOnce = 20;

DurationNs RetryWait(int tries) {
  return std::min(RevertExecutor::kRetryWaitMax, RevertExecutor::kFirstRetryWait << std::min(tries - 1, 10));
}

// Of those the world's failure may last: nothing follows from not knowing. A promotion that cannot be made is a
// person's to see.
bool MayFailForGood(Kind kind) {
  return kind == Kind::kRegister || kind == Kind::kPromote || kind == Kind::kVerify || kind == Kind::kFindOut;
}

}  // namespace

ReleaseRunner::ReleaseRunner(const ReleaseTools& tools, Notifier* notifier, ReleaseEvents* events,
                             const FaultPoint& fault_point, AskHealth ask_health)
    : tools_(tools),
      notifier_(notifier),
      events_(events),
      journal_(tools_, events, fault_point),
      windows_(tools_, &journal_, std::move(ask_health)),
      promote_(tools_),
      deploy_(tools_),
      reverse_(tools_, this, fault_point) {}

// The order: a person's word, then what production says, then the task at hand.
StatusOr<ReleaseRunner::Progress> ReleaseRunner::RunOnce() {
  const TimeNs now = tools_.clock->Now();
  REVERTD_RETURN_IF_ERROR(journal_.Load());
  ReleaseStanding standing = StandingOf(*tools_.file, journal_.rows());
  if (standing.kind == ReleaseStanding::Kind::kHalted && IsBreach(standing.task->kind, standing.outcome)) {
    const ReleaseStep& step = *standing.task->step;
    REVERTD_RETURN_IF_ERROR(Break({step.name, standing.outcome, standing.detail}, windows_.VerdictOf(step)));
    return Progress::kAdvanced;
  }
  // Only of the halt that was found at the start: whatever halts later waits for a word of its own.
  if (std::exchange(retries_halted_, false) && standing.kind == ReleaseStanding::Kind::kHalted) {
    retried_.insert(standing.task->row);
  }
  if (IsDue(now, renew_ns_, kRenewEvery)) {
    const Status charged = Charge(now + kLease);
    // What is broken is undone all the same.
    if (!charged.ok() && !standing.breach) return charged;
    renew_ns_ = now + kRenewEvery;
  }
  REVERTD_RETURN_IF_ERROR(TakeCommands());
  const bool went_on = !standing.breach;
  standing = StandingOf(*tools_.file, journal_.rows());
  // What people are told of it goes out before anything is undone.
  if (went_on && standing.breach) return Progress::kAdvanced;
  if (standing.kind == ReleaseStanding::Kind::kEnded) return End(standing);
  doubted_.clear();
  if (!standing.breach) {
    auto doubted = windows_.LookBack();
    if (!doubted.ok()) return doubted.status();
    doubted_ = *std::move(doubted);
    const auto broke = BreakWhatBroke(doubted_);
    if (!broke.ok()) return broke.status();
    if (*broke) return Progress::kAdvanced;
  }
  const ReleaseTask& task = *standing.task;
  if (standing.kind == ReleaseStanding::Kind::kHalted && !retried_.contains(task.row)) return Halt(standing);
  return Turn(task);
}

StatusOr<ReleaseRunner::Progress> ReleaseRunner::Turn(const ReleaseTask& task) {
  const auto retry = retries_.find(task.row);
  if (retry != retries_.end() && !IsDue(tools_.clock->Now(), retry->second.next_ns, RevertExecutor::kRetryWaitMax)) {
    return Progress::kWaiting;
  }
  REVERTD_RETURN_IF_ERROR(journal_.Begin(task.row));
  auto answer = Act(task);
  if (!answer.ok()) return AfterFailure(task, answer.status());
  retries_.erase(task.row);
  if (const auto* waiting = std::get_if<TaskWaiting>(&*answer)) {
    events_->OnWaiting(task, *waiting);
    REVERTD_RETURN_IF_ERROR(TellWaiting(task, *waiting));
    return Progress::kWaiting;
  }
  REVERTD_RETURN_IF_ERROR(Conclude(task, std::get<Finished>(*answer)));
  return Progress::kAdvanced;
}

void ReleaseRunner::OnStep(const ExecutorEvent& event) {
  events_->OnRow({tools_.file->id, tools_.file->environment, event.trigger_id + ":" + event.step, event.outcome,
                  event.detail, event.at_ns, event.begun});
}

NoticeContext ReleaseRunner::Context() const {
  const auto head = tools_.journal->ReadAuditHead();
  return {.at_ns = tools_.clock->Now(), .audit_head = head.ok() ? head->text() : ""};
}

Status ReleaseRunner::Charge(TimeNs until_ns) {
  for (const ReleaseStep* step : StepsInOrder(*tools_.file)) {
    if (step->service.empty()) continue;
    InboxMessage message;
    message.kind = InboxMessage::Kind::kReleaseCharge;
    message.deploy.service = step->service;
    message.deploy.finish_ns = until_ns;
    message.text = tools_.file->id;
    REVERTD_RETURN_IF_ERROR(tools_.state->Post(message));
  }
  return OkStatus();
}

Status ReleaseRunner::TakeCommands() {
  const auto commands = tools_.journal->Peek(kCommandsAtOnce);
  if (!commands.ok()) return commands.status();
  for (const ExecutorCommand& command : *commands) {
    const auto taken = Take(command);
    if (!taken.ok()) return taken.status();
    if (!*taken) REVERTD_RETURN_IF_ERROR(Drop(command));
  }
  return OkStatus();
}

StatusOr<bool> ReleaseRunner::Take(const ExecutorCommand& command) {
  if (command.subject != tools_.file->id) return false;
  if (command.kind == ExecutorCommand::Kind::kReleaseApprove) return Approve(command);
  if (command.kind == ExecutorCommand::Kind::kReleaseAbort) return Abort(command);
  return false;
}

// Whoever said it was told no more than that it was written down.
Status ReleaseRunner::Drop(const ExecutorCommand& command) {
  const bool is_approval = command.kind == ExecutorCommand::Kind::kReleaseApprove;
  const std::string said = is_approval ? "approve " + command.name : command.name.empty() ? "abort" : "abort --keep";
  JsonWriter json;
  json.BeginObject().Field("said", said).Field("author", command.author).Field("why", command.text);
  json.Field("reason", "nothing_waits_for_it");
  events_->OnDropped(command.author + " said `" + said + "` of " + command.subject + ": nothing waits for it");
  return tools_.journal->Together([&]() -> Status {
    REVERTD_RETURN_IF_ERROR(tools_.journal->Audit("release_command_dropped", command.subject, json.EndObject().text(),
                                                  tools_.clock->Now()));
    return tools_.journal->Done(command.id);
  });
}

// At once with the row, so that no crash in between has the word said again to a release that has gone on.
StatusOr<bool> ReleaseRunner::FinishBy(const ExecutorCommand& command, std::string_view row, const Finished& finished,
                                       const std::function<Status()>& more) {
  REVERTD_RETURN_IF_ERROR(journal_.Finish(std::string(row), finished, [&]() -> Status {
    if (more) REVERTD_RETURN_IF_ERROR(more());
    return tools_.journal->Done(command.id);
  }));
  return true;
}

// Where undoing the step halted the release, it says that it was undone by hand; where its window waits for a person,
// now or since it is over, that it goes on; else it is the approval that the step asks for before it begins.
StatusOr<bool> ReleaseRunner::Approve(const ExecutorCommand& command) {
  const ReleaseStanding standing = StandingOf(*tools_.file, journal_.rows());
  const bool at_hand = standing.task && standing.task->step != nullptr && standing.task->step->name == command.name;
  const Finished yes = {std::string(kDone), "by " + command.author};
  const auto is = [&](Kind kind) { return at_hand && standing.task->kind == kind; };
  const bool halted = standing.kind == ReleaseStanding::Kind::kHalted;
  if (halted && is(Kind::kFindOut)) return FinishBy(command, standing.task->row, {std::string(kDone), ""});
  if (halted && (is(Kind::kReverse) || is(Kind::kVerifyReverse))) {
    REVERTD_RETURN_IF_ERROR(KeepFromTheSidecar({standing.task->step}, yes.detail));
    return FinishBy(command, standing.task->row, {std::string(kDone), "by hand, says " + command.author});
  }
  if (standing.breach) return false;
  if (is(Kind::kGuard)) {
    const auto answer = windows_.Guard(*standing.task->step);
    if (!answer.ok()) return answer.status();
    const auto* waiting = std::get_if<TaskWaiting>(&*answer);
    if (waiting == nullptr || !waiting->for_a_person) return false;
    return FinishBy(command, WavedOnRow(command.name), yes);
  }
  const auto doubted = windows_.LookBack();
  if (!doubted.ok()) return doubted.status();
  for (const DoubtedStep& doubt : *doubted) {
    if (doubt.step->name == command.name && !doubt.is_broken) return FinishBy(command, WavedOnRow(command.name), yes);
  }
  for (const ReleaseTask& task : ForwardTasks(*tools_.file)) {
    if (task.kind != Kind::kApprove || task.step->name != command.name || journal_.IsDone(task.row)) continue;
    return FinishBy(command, task.row, yes);
  }
  return false;
}

StatusOr<bool> ReleaseRunner::Abort(const ExecutorCommand& command) {
  const ReleaseStanding standing = StandingOf(*tools_.file, journal_.rows());
  const std::string why = "by " + command.author + (command.text.empty() ? "" : ": " + command.text);
  if (standing.kind == ReleaseStanding::Kind::kEnded) return false;
  if (!standing.breach) {
    const bool keep = command.name == "keep";
    if (keep) REVERTD_RETURN_IF_ERROR(KeepFromTheSidecar(StepsToReverse(*tools_.file, journal_.rows(), {}), why));
    const ReleaseBreach breach = {"", "aborted", why, keep};
    return FinishBy(command, kBreachedRow, {std::string(kDone), BreachText(breach)},
                    [&] { return TellBreach(breach, nullptr); });
  }
  // On the way back already: where it halted, a person takes over what is left.
  if (standing.kind != ReleaseStanding::Kind::kHalted) return false;
  std::vector<const ReleaseStep*> left = StepsToReverse(*tools_.file, journal_.rows(), *standing.breach);
  std::erase_if(left, [this](const ReleaseStep* step) { return journal_.IsDone(RowOf(step->name, Kind::kReverse)); });
  REVERTD_RETURN_IF_ERROR(KeepFromTheSidecar(left, why));
  return FinishBy(command, kTakenOverRow, {std::string(kDone), why});
}

// It stays, or is a person's to undo: the sidecar, which answers for the services again once the release does not, is
// told so by a dismissed trigger.
Status ReleaseRunner::KeepFromTheSidecar(const std::vector<const ReleaseStep*>& steps, const std::string& why) {
  for (const ReleaseStep* step : steps) {
    ReverseOrder order = PromotedOrder(*step);
    if (step->service.empty() || !IsRevision(order.promotion.head)) continue;
    // Under the id that the sidecar uses: of the deploy as whoever told of it first.
    const auto known = tools_.state->FindDeployOf(step->service, order.promotion.head);
    if (!known.ok()) return known.status();
    if (known->has_value()) order.promotion.start_ns = (*known)->start_ns;
    order.breach.reason = "left " + why;
    order.breached_ns = tools_.clock->Now();
    RollbackTrigger trigger = reverse_.TriggerOf(order);
    trigger.state = TriggerState::kDismissed;
    REVERTD_RETURN_IF_ERROR(reverse_.TellSidecar(trigger));
  }
  return OkStatus();
}

StatusOr<bool> ReleaseRunner::BreakWhatBroke(const std::vector<DoubtedStep>& doubted) {
  const auto broken = std::ranges::find_if(doubted, [](const DoubtedStep& step) { return step.is_broken; });
  if (broken == doubted.end()) return false;
  REVERTD_RETURN_IF_ERROR(
      Break({broken->step->name, broken->finding.outcome, broken->finding.detail}, broken->verdict));
  return true;
}

// Nothing is found out or waited for first: people are told at once.
Status ReleaseRunner::Break(const ReleaseBreach& breach, const Verdict* verdict) {
  return journal_.Finish(std::string(kBreachedRow), {std::string(kDone), BreachText(breach)},
                         [&] { return TellBreach(breach, verdict); });
}

Status ReleaseRunner::TellBreach(const ReleaseBreach& breach, const Verdict* verdict) {
  std::vector<const ReleaseStep*> irreversible = StepsToReverse(*tools_.file, journal_.rows(), breach);
  std::erase_if(irreversible, [](const ReleaseStep* step) { return step->inverse.by != InverseBy::kNone; });
  REVERTD_RETURN_IF_ERROR(KeepFromTheSidecar(irreversible, "to a person: nothing undoes it"));
  return notifier_->Tell(ReleaseBreached(*tools_.file, journal_.rows(), breach, verdict, Context()));
}

StatusOr<TaskAnswer> ReleaseRunner::Act(const ReleaseTask& task) {
  const TimeNs begun_ns = FindRow(journal_.rows(), task.row)->begun_ns;
  const bool may_be_done = journal_.IsResumed(task.row) || retried_.contains(task.row);
  if (auto waiting = WhyNotFurther(task)) return *std::move(waiting);
  switch (task.kind) {
    case Kind::kPin: return promote_.Pin();
    case Kind::kApprove: return TaskWaiting{"approval", "`revertd release approve` lets it begin", 0, true};
    case Kind::kRegister: return promote_.Register(*task.step, PinOf(*task.step));
    case Kind::kPromote: {
      const JournalRow* registered = FindRow(journal_.rows(), RowOf(task.step->name, Kind::kRegister));
      return promote_.Promote(*task.step, RegisteredFrom(registered->detail), registered->begun_ns, begun_ns,
                              may_be_done);
    }
    case Kind::kVerify: return promote_.Verify(*task.step, *PromotionOf(journal_.rows(), *task.step));
    case Kind::kDeploy: {
      const Promotion promotion = *PromotionOf(journal_.rows(), *task.step);
      if (promotion.changed_nothing()) return Finished{std::string(kDone), "there was nothing to promote"};
      return deploy_.Deploy({.id = ReleaseDeployId(tools_.file->id, task.step->name),
                             .service = task.step->service,
                             .good = promotion.head,
                             .bad = promotion.base,
                             .start_ns = promotion.start_ns,
                             .by_service = task.step->promote.by != PromoteBy::kCommand,
                             .is_resumed = may_be_done});
    }
    case Kind::kGuard: return windows_.Guard(*task.step);
    case Kind::kSoak: return Soak(*task.stage, begun_ns);
    default: return ActBack(task, begun_ns, may_be_done);
  }
}

std::optional<TaskWaiting> ReleaseRunner::WhyNotFurther(const ReleaseTask& task) const {
  const bool is_promotion = task.kind == Kind::kRegister || task.kind == Kind::kPromote;
  if (!is_promotion && task.kind != Kind::kSoak) return std::nullopt;
  // After a start production has said nothing yet, however long ago the soak began.
  if (!windows_.is_answered()) return TaskWaiting{"asking_production"};
  const auto doubt = std::ranges::find_if(doubted_, [](const DoubtedStep& step) { return !step.is_broken; });
  if (!is_promotion || doubt == doubted_.end()) return std::nullopt;
  return TaskWaiting{"ambiguous", doubt->step->name + ": " + doubt->finding.detail, 0, true};
}

StatusOr<TaskAnswer> ReleaseRunner::ActBack(const ReleaseTask& task, TimeNs begun_ns, bool may_be_done) {
  if (task.kind == Kind::kSettle) return Settle(begun_ns);
  if (task.kind == Kind::kFindOut) {
    const JournalRow* registered = FindRow(journal_.rows(), RowOf(task.step->name, Kind::kRegister));
    return promote_.FindOut(*task.step, PromotionOf(journal_.rows(), *task.step), RegisteredFrom(registered->detail),
                            FindRow(journal_.rows(), RowOf(task.step->name, Kind::kPromote))->begun_ns);
  }
  const auto order = OrderOf(*task.step);
  if (!order.ok()) return order.status();
  if (task.kind == Kind::kVerifyReverse) return reverse_.Verify(*order, begun_ns, may_be_done);
  return reverse_.Reverse(*order, may_be_done);
}

std::string ReleaseRunner::PinOf(const ReleaseStep& step) const {
  const Pins pins = PinsFrom(FindRow(journal_.rows(), kPinnedRow)->detail);
  const auto pin = pins.find(step.name);
  return pin == pins.end() ? "" : pin->second;
}

StatusOr<TaskAnswer> ReleaseRunner::Soak(const ReleaseStage& stage, TimeNs begun_ns) const {
  const TimeNs end = begun_ns + stage.soak;
  if (tools_.clock->Now() >= end) return Finished{std::string(kDone), ""};
  return TaskWaiting{"soaking", "everything promoted so far is watched", end};
}

StatusOr<TaskAnswer> ReleaseRunner::Settle(TimeNs begun_ns) {
  const ReleaseBreach breach = *BreachOf(journal_.rows());
  const TimeNs end = begun_ns + tools_.config->detect.observe + ReverseTasks::kRecoverySlack;
  Finished worst = {std::string(kDone), ""};
  for (const ReleaseStep* step : StepsToReverse(*tools_.file, journal_.rows(), breach)) {
    const auto order = OrderOf(*step);
    if (!order.ok()) return order.status();
    auto recovery = reverse_.AwaitRecovery(*order, begun_ns);
    if (!recovery.ok() || std::holds_alternative<TaskWaiting>(*recovery)) return recovery;
    auto health = windows_.AwaitHealth(*step, end);
    if (!health.ok() || std::holds_alternative<TaskWaiting>(*health)) return health;
    for (const TaskAnswer& answer : {*recovery, *health}) {
      const Finished& finished = std::get<Finished>(answer);
      if (finished.outcome != kDone && worst.outcome == kDone)
        worst = {finished.outcome, step->name + ": " + finished.detail};
    }
  }
  return worst;
}

ReverseOrder ReleaseRunner::PromotedOrder(const ReleaseStep& step) const {
  ReverseOrder order;
  order.step = &step;
  order.promotion = PromotionOf(journal_.rows(), step).value_or(Promotion{"", step.promote.version});
  return order;
}

StatusOr<ReverseOrder> ReleaseRunner::OrderOf(const ReleaseStep& step) const {
  const std::vector<JournalRow>& rows = journal_.rows();
  ReverseOrder order = PromotedOrder(step);
  order.breach = *BreachOf(rows);
  order.breached_ns = FindRow(rows, kBreachedRow)->finished_ns;
  if (order.breach.step != step.name || order.breach.reason != "regressed") return order;
  auto evidence = ReadEvidence(*tools_.state, step, order.promotion);
  if (!evidence.ok()) return evidence.status();
  order.evidence = *std::move(evidence);
  return order;
}

StatusOr<ReleaseRunner::Progress> ReleaseRunner::AfterFailure(const ReleaseTask& task, const Status& status) {
  Retry& retry = retries_[task.row];
  ++retry.tries;
  if (retry.tries >= RevertExecutor::kTriesMax && MayFailForGood(task.kind)) {
    retries_.erase(task.row);
    const bool unreachable = absl::IsUnavailable(status);
    REVERTD_RETURN_IF_ERROR(Conclude(task, {unreachable ? "unreachable" : "failed", std::string(MessageOf(status))}));
    return Progress::kAdvanced;
  }
  retry.next_ns = tools_.clock->Now() + RetryWait(retry.tries);
  // It may last: a person hears of it, and it is tried again and again.
  if (retry.tries >= RevertExecutor::kTriesMax) {
    REVERTD_RETURN_IF_ERROR(TellWaiting(task, {"retrying", std::string(MessageOf(status)), 0, true}));
  }
  return Annotate(status, "release " + tools_.file->id + ", " + task.row + ", try " + std::to_string(retry.tries));
}

Status ReleaseRunner::Conclude(const ReleaseTask& task, const Finished& finished) {
  retried_.erase(task.row);
  if (task.kind == Kind::kPin && finished.outcome == kDone) {
    return journal_.Finish(task.row, finished, [&] { return notifier_->Tell(ReleaseBegun(*tools_.file, Context())); });
  }
  return journal_.Finish(task.row, finished);
}

// What waits for a person is told once for each reason; that nothing waits for time alone is what `status` is for.
Status ReleaseRunner::TellWaiting(const ReleaseTask& task, const TaskWaiting& waiting) {
  const std::string what = task.row + " " + waiting.why;
  if (!waiting.for_a_person || told_.contains(what)) return OkStatus();
  REVERTD_RETURN_IF_ERROR(notifier_->Tell(ReleaseWaits(*tools_.file, task, waiting, Context())));
  told_.insert(what);
  return OkStatus();
}

StatusOr<ReleaseRunner::Progress> ReleaseRunner::Halt(const ReleaseStanding& standing) {
  REVERTD_RETURN_IF_ERROR(notifier_->Tell(ReleaseHalted(*tools_.file, journal_.rows(), standing, Context())));
  return Progress::kHalted;
}

StatusOr<ReleaseRunner::Progress> ReleaseRunner::End(const ReleaseStanding& standing) {
  const TimeNs now = tools_.clock->Now();
  // Also the step at hand, of which it was found out only now that it is promoted.
  if (standing.breach && standing.breach->keep) {
    REVERTD_RETURN_IF_ERROR(
        KeepFromTheSidecar(StepsToReverse(*tools_.file, journal_.rows(), {}), standing.breach->detail));
  }
  REVERTD_RETURN_IF_ERROR(tools_.journal->Together([&]() -> Status {
    REVERTD_RETURN_IF_ERROR(tools_.journal->EndRelease(tools_.file->id, now, standing.outcome));
    return notifier_->Tell(ReleaseEnded(*tools_.file, journal_.rows(), standing.outcome, standing.detail, Context()));
  }));
  REVERTD_RETURN_IF_ERROR(journal_.WriteManifest());
  // What a person keeps is told to the sidecar in messages that stand before this one, and that it may take later.
  const bool is_left = standing.outcome == kTakenOverRow || (standing.breach && standing.breach->keep);
  REVERTD_RETURN_IF_ERROR(Charge(is_left ? now + kLastWords : 0));
  return Progress::kEnded;
}

}  // namespace revertd
