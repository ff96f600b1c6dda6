#include "actions/teller.h"

#include <utility>

#include "base/json_writer.h"
#include "base/strings.h"

namespace revertd {
namespace {

constexpr std::string_view kDecisionsCursor = "decisions";

// The last word of "NUMBER SHA URL; what failed beside it".
std::string UrlIn(std::string_view detail) {
  detail = detail.substr(0, detail.find(';'));
  const size_t at = detail.find("http");
  return at == std::string_view::npos ? "" : std::string(Trim(detail.substr(at)));
}

// Whether production is known to be as it was. A push whose answer was lost may have arrived, and a command that ran
// may have done half of its work.
bool IsAsBefore(const ExecutorEvent& event, bool touched) {
  const bool may_have_acted = (event.step == "pushed" && event.outcome == "remote_unreachable") ||
                              (event.step == "switched" && event.outcome == "command_failed");
  return event.step != "deployed" && event.step != "push_verified" && !may_have_acted && !touched;
}

StatusOr<std::vector<NamedError>> ErrorsOf(const StateStore& state, const RollbackTrigger& trigger) {
  StatusOr<std::vector<Verdict>> verdicts = state.ReadVerdicts(trigger.deploy_id);
  if (!verdicts.ok()) return verdicts.status();
  for (auto verdict = verdicts->rbegin(); verdict != verdicts->rend(); ++verdict) {
    if (!verdict->errors.empty()) return std::move(verdict->errors);
  }
  return std::vector<NamedError>();
}

}  // namespace

std::optional<Notice> NoticeOf(const ExecutorEvent& event, const StepFacts& facts, const NoticeContext& context) {
  const RollbackTrigger& trigger = facts.trigger;
  const std::optional<Recovery>& recovery = facts.recovery;
  if (event.begun) {
    return event.step == "announced" ? std::optional(RollbackUnderWay(trigger, context)) : std::nullopt;
  }
  if (event.step == "recovered") {
    return recovery && recovery->state != RecoveryState::kWatching ? RollbackJudged(trigger, *recovery, context)
                                                                   : RollbackUndecided(trigger, event.detail, context);
  }
  if (event.outcome != kDone) {
    return IsAsBefore(event, facts.touched) ? RollbackHeld(trigger, event.outcome, event.detail, context)
                                            : RollbackUndecided(trigger, event.outcome + ": " + event.detail, context);
  }
  if (event.step == "proposed") return RollbackProposed(trigger, UrlIn(event.detail), context);
  if (event.step == "switched") return RollbackSwitched(trigger, event.detail, context);
  if (event.step == "push_verified" || event.step == "merged") {
    return RollbackPushed(trigger, event.detail, "", context);
  }
  if (event.step == "deployed") return RollbackDeployed(trigger, event.detail, context);
  return std::nullopt;
}

StatusOr<NoticeContext> Teller::ContextAt(TimeNs at_ns) const {
  StatusOr<AuditHead> head = journal_->ReadAuditHead();
  if (!head.ok()) return head.status();
  return NoticeContext{at_ns, head->seq == 0 ? "" : head->text()};
}

Status Teller::OnStep(const ExecutorEvent& event) {
  StatusOr<std::optional<RollbackTrigger>> trigger = state_->ReadTrigger(event.trigger_id);
  if (!trigger.ok()) return trigger.status();
  if (!trigger->has_value()) return OkStatus();
  StatusOr<std::vector<JournalRow>> rows = journal_->ReadJournal(event.trigger_id);
  if (!rows.ok()) return rows.status();
  const bool goes_on = event.outcome == kPushRejected && FindRow(*rows, "proposed") != nullptr;
  if (goes_on) return OkStatus();  // as a pull request
  StepFacts facts;
  facts.trigger = **std::move(trigger);
  const JournalRow* drained = FindRow(*rows, "drained");
  facts.touched = drained != nullptr && drained->outcome == kDone && !drained->detail.empty();
  if (event.step == "recovered" && !event.begun) {
    StatusOr<std::optional<Recovery>> read = state_->ReadRecovery(event.trigger_id);
    if (!read.ok()) return read.status();
    facts.recovery = *std::move(read);
  }
  StatusOr<NoticeContext> context = ContextAt(event.at_ns);
  if (!context.ok()) return context.status();
  StatusOr<std::vector<NamedError>> errors = ErrorsOf(*state_, facts.trigger);
  if (!errors.ok()) return errors.status();
  context->errors = *std::move(errors);
  const std::optional<Notice> notice = NoticeOf(event, facts, *context);
  return notice ? notifier_->Tell(*notice) : OkStatus();
}

Status Teller::TellWhatWasLost() {
  StatusOr<std::vector<std::string>> ids = journal_->ReadTriggerIds();
  if (!ids.ok()) return ids.status();
  const TimeNs since = clock_->Now() - kToldAgainMax;
  for (const std::string& id : *ids) {
    StatusOr<std::vector<JournalRow>> rows = journal_->ReadJournal(id);
    if (!rows.ok()) return rows.status();
    for (const JournalRow& row : *rows) {
      if (row.begun_ns >= since) REVERTD_RETURN_IF_ERROR(OnStep({id, "", row.step, "", "", row.begun_ns, true}));
      if (row.finished_ns < since || row.finished_ns == 0) continue;
      REVERTD_RETURN_IF_ERROR(OnStep({id, "", row.step, row.outcome, row.detail, row.finished_ns, false}));
    }
  }
  return OkStatus();
}

StatusOr<std::optional<Notice>> Teller::NoticeOfDecision(const Decision& decision, const NoticeContext& context) const {
  // Act and propose speak by their trigger, and a hold is asked again; a mode of observe is to be left alone.
  const bool told = decision.kind == DecisionKind::kAlert || decision.kind == DecisionKind::kTriage;
  if (!told || decision.at_ns < clock_->Now() - kToldAgainMax) return std::optional<Notice>();
  StatusOr<std::optional<Deploy>> deploy = state_->ReadDeploy(decision.deploy_id);
  if (!deploy.ok()) return deploy.status();
  StatusOr<std::vector<Verdict>> verdicts = state_->ReadVerdicts(decision.deploy_id);
  if (!verdicts.ok()) return verdicts.status();
  const Verdict verdict = verdicts->empty() ? Verdict{} : verdicts->back();
  return std::optional<Notice>(DeployJudged(decision, verdict, deploy->value_or(Deploy{}), context));
}

// All in one transaction, so that a kill neither loses a decision nor keeps it twice.
Status Teller::Take(int64_t row, const Decision& decision) {
  return journal_->Together([&]() -> Status {
    JsonWriter json;
    json.BeginObject().Field("deploy", decision.deploy_id).Field("service", decision.service);
    json.Field("decision", NameOf(decision.kind)).Field("reason", decision.reason).Field("at_ns", decision.at_ns);
    const std::string& subject = decision.trigger_id.empty() ? decision.deploy_id : decision.trigger_id;
    REVERTD_RETURN_IF_ERROR(journal_->Audit("decision", subject, json.EndObject().text(), clock_->Now()));
    REVERTD_RETURN_IF_ERROR(journal_->WriteCursor(kDecisionsCursor, row));
    StatusOr<NoticeContext> context = ContextAt(decision.at_ns);
    if (!context.ok()) return context.status();
    StatusOr<std::optional<Notice>> notice = NoticeOfDecision(decision, *context);
    if (!notice.ok()) return notice.status();
    return notice->has_value() ? notifier_->Tell(**notice) : OkStatus();
  });
}

// Of a state.db that was moved away and began anew, every row is new.
StatusOr<int64_t> Teller::DecisionsCursor() const {
  StatusOr<int64_t> cursor = journal_->ReadCursor(kDecisionsCursor);
  if (!cursor.ok() || *cursor == 0) return cursor;
  StatusOr<std::vector<std::pair<int64_t, Decision>>> newest = state_->ReadDecisionsAfter(*cursor - 1, 1);
  if (!newest.ok()) return newest.status();
  return newest->empty() ? 0 : *cursor;
}

Status Teller::TakeDecisions() {
  const TimeNs now = clock_->Monotonic();  // a clock that is set back may not stop the looking
  if (now < next_look_ns_) return OkStatus();
  next_look_ns_ = now + kDecisionsEvery;
  StatusOr<int64_t> cursor = DecisionsCursor();
  if (!cursor.ok()) return cursor.status();
  StatusOr<std::vector<std::pair<int64_t, Decision>>> decisions =
      state_->ReadDecisionsAfter(*cursor, kDecisionsPerCall);
  if (!decisions.ok()) return decisions.status();
  for (const auto& [row, decision] : *decisions) REVERTD_RETURN_IF_ERROR(Take(row, decision));
  return OkStatus();
}

}  // namespace revertd
