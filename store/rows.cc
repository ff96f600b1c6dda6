#include "store/rows.h"

#include <array>
#include <optional>
#include <string>
#include <utility>

namespace revertd {
namespace {

using Kind = InboxMessage::Kind;
constexpr std::array<std::pair<Kind, std::string_view>, 9> kInboxKinds = {{{Kind::kDeployStart, "deploy_start"},
                                                                           {Kind::kDeployFinish, "deploy_finish"},
                                                                           {Kind::kDeployAbandon, "deploy_abandon"},
                                                                           {Kind::kRevertPrepared, "revert_prepared"},
                                                                           {Kind::kTriggerApprove, "trigger_approve"},
                                                                           {Kind::kTriggerDismiss, "trigger_dismiss"},
                                                                           {Kind::kRevertAsked, "revert_asked"},
                                                                           {Kind::kEvent, "event"},
                                                                           {Kind::kReleaseCharge, "release_charge"}}};

std::string_view NameOfKind(Kind kind) {
  for (const auto& [known, name] : kInboxKinds) {
    if (known == kind) return name;
  }
  return "unknown";
}

std::optional<Kind> KindNamed(std::string_view wanted) {
  for (const auto& [kind, name] : kInboxKinds) {
    if (name == wanted) return kind;
  }
  return std::nullopt;
}

// Sets `value` to what the next column names.
template <typename Enum>
Status TakeEnum(SqlRow& row, std::optional<Enum> (*named)(std::string_view), std::string_view what, Enum& value) {
  const std::string name = row.Text();
  const std::optional<Enum> known = named(name);
  if (!known) return Internal("a row has the unknown " + std::string(what) + " \"" + name + "\"");
  value = *known;
  return OkStatus();
}

}  // namespace

SqlValues DeployValues(const Deploy& deploy) {
  return {deploy.id,       deploy.service,   deploy.repo,         deploy.base,       deploy.head,
          deploy.start_ns, deploy.finish_ns, NameOf(deploy.kind), deploy.trigger_id, int64_t{deploy.finish_guessed}};
}

StatusOr<Deploy> TakeDeploy(SqlRow& row) {
  Deploy deploy;
  deploy.id = row.Text();
  deploy.service = row.Text();
  deploy.repo = row.Text();
  deploy.base = row.Text();
  deploy.head = row.Text();
  deploy.start_ns = row.Integer();
  deploy.finish_ns = row.Integer();
  REVERTD_RETURN_IF_ERROR(TakeEnum(row, DeployKindNamed, "deploy kind", deploy.kind));
  deploy.trigger_id = row.Text();
  deploy.finish_guessed = row.Integer() != 0;
  return deploy;
}

SqlValues EvidenceValues(const Evidence& evidence) {
  return {evidence.signal,         evidence.e_value,       evidence.e_value_needed,  evidence.before,
          evidence.before_null,    evidence.after,         evidence.effect,          evidence.after_low,
          evidence.after_high,     evidence.n_before,      evidence.n_after,         evidence.x_before,
          evidence.x_after,        evidence.onset_ns,      evidence.control,         evidence.control_e_value,
          evidence.control_before, evidence.control_after, evidence.control_n_after, evidence.slower_than_ns,
          evidence.route,          evidence.cohort,        evidence.group,           int64_t{evidence.per_second}};
}

Evidence TakeEvidence(SqlRow& row) {
  Evidence evidence;
  evidence.signal = row.Text();
  evidence.e_value = row.Real();
  evidence.e_value_needed = row.Real();
  evidence.before = row.Real();
  evidence.before_null = row.Real();
  evidence.after = row.Real();
  evidence.effect = row.Real();
  evidence.after_low = row.Real();
  evidence.after_high = row.Real();
  evidence.n_before = row.Integer();
  evidence.n_after = row.Integer();
  evidence.x_before = row.Integer();
  evidence.x_after = row.Integer();
  evidence.onset_ns = row.Integer();
  evidence.control = row.Text();
  evidence.control_e_value = row.Real();
  evidence.control_before = row.Real();
  evidence.control_after = row.Real();
  evidence.control_n_after = row.Integer();
  evidence.slower_than_ns = row.Integer();
  evidence.route = row.Text();
  evidence.cohort = row.Text();
  evidence.group = row.Text();
  evidence.per_second = row.Integer() != 0;
  return evidence;
}

SqlValues VerdictValues(const Verdict& verdict) {
  return {verdict.deploy_id,           verdict.service, NameOf(verdict.state), verdict.reason,
          int64_t{verdict.calibrated}, verdict.power,   verdict.at_ns};
}

StatusOr<Verdict> TakeVerdict(SqlRow& row) {
  Verdict verdict;
  verdict.deploy_id = row.Text();
  verdict.service = row.Text();
  REVERTD_RETURN_IF_ERROR(TakeEnum(row, VerdictStateNamed, "verdict state", verdict.state));
  verdict.reason = row.Text();
  verdict.calibrated = row.Integer() != 0;
  verdict.power = row.Real();
  verdict.at_ns = row.Integer();
  return verdict;
}

// The bits of a fingerprint, as the signed number that SQLite keeps.
SqlValues NamedErrorValues(const NamedError& error) {
  return {static_cast<int64_t>(error.fingerprint),
          error.type,
          error.culprit,
          error.title,
          error.release,
          error.event_id,
          int64_t{error.is_new},
          error.events,
          error.first_seen_ns,
          error.e_value,
          error.e_value_needed};
}

NamedError TakeNamedError(SqlRow& row) {
  NamedError error;
  error.fingerprint = static_cast<uint64_t>(row.Integer());
  error.type = row.Text();
  error.culprit = row.Text();
  error.title = row.Text();
  error.release = row.Text();
  error.event_id = row.Text();
  error.is_new = row.Integer() != 0;
  error.events = row.Integer();
  error.first_seen_ns = row.Integer();
  error.e_value = row.Real();
  error.e_value_needed = row.Real();
  return error;
}

SqlValues ErrorGroupValues(const ErrorGroupRecord& group) {
  return {group.service,
          static_cast<int64_t>(group.fingerprint),
          static_cast<int64_t>(group.origin),
          group.type,
          group.culprit,
          group.title,
          NameOf(group.level),
          group.first_seen_ns,
          group.last_seen_ns,
          group.events,
          group.event_id,
          group.sample};
}

StatusOr<ErrorGroupRecord> TakeErrorGroup(SqlRow& row) {
  ErrorGroupRecord group;
  group.service = row.Text();
  group.fingerprint = static_cast<uint64_t>(row.Integer());
  group.origin = static_cast<uint64_t>(row.Integer());
  group.type = row.Text();
  group.culprit = row.Text();
  group.title = row.Text();
  REVERTD_RETURN_IF_ERROR(TakeEnum(row, ErrorLevelNamed, "error level", group.level));
  group.first_seen_ns = row.Integer();
  group.last_seen_ns = row.Integer();
  group.events = row.Integer();
  group.event_id = row.Text();
  group.sample = row.Text();
  return group;
}

SqlValues DecisionValues(const Decision& decision) {
  return {decision.deploy_id, decision.service,    NameOf(decision.kind),
          decision.reason,    decision.trigger_id, decision.at_ns};
}

StatusOr<Decision> TakeDecision(SqlRow& row) {
  Decision decision;
  decision.deploy_id = row.Text();
  decision.service = row.Text();
  REVERTD_RETURN_IF_ERROR(TakeEnum(row, DecisionKindNamed, "decision", decision.kind));
  decision.reason = row.Text();
  decision.trigger_id = row.Text();
  decision.at_ns = row.Integer();
  return decision;
}

SqlValues TriggerValues(const RollbackTrigger& trigger) {
  return {trigger.id,   trigger.deploy_id,     trigger.service, trigger.repo,      trigger.base,
          trigger.head, NameOf(trigger.state), trigger.reason,  trigger.created_ns};
}

StatusOr<RollbackTrigger> TakeTrigger(SqlRow& row) {
  RollbackTrigger trigger;
  trigger.id = row.Text();
  trigger.deploy_id = row.Text();
  trigger.service = row.Text();
  trigger.repo = row.Text();
  trigger.base = row.Text();
  trigger.head = row.Text();
  REVERTD_RETURN_IF_ERROR(TakeEnum(row, TriggerStateNamed, "trigger state", trigger.state));
  trigger.reason = row.Text();
  trigger.created_ns = row.Integer();
  return trigger;
}

SqlValues RecoveryValues(const Recovery& recovery) {
  return {recovery.trigger_id, recovery.deploy_id, recovery.service, NameOf(recovery.state), recovery.e_value,
          recovery.rate_bad,   recovery.rate_now,  recovery.n_now,   recovery.at_ns};
}

StatusOr<Recovery> TakeRecovery(SqlRow& row) {
  Recovery recovery;
  recovery.trigger_id = row.Text();
  recovery.deploy_id = row.Text();
  recovery.service = row.Text();
  REVERTD_RETURN_IF_ERROR(TakeEnum(row, RecoveryStateNamed, "recovery state", recovery.state));
  recovery.e_value = row.Real();
  recovery.rate_bad = row.Real();
  recovery.rate_now = row.Real();
  recovery.n_now = row.Integer();
  recovery.at_ns = row.Integer();
  return recovery;
}

SqlValues EventValues(const Event& event) {
  return {event.at_ns, event.kind,   event.service, event.deploy_id, event.trigger_id,
          event.repo,  event.commit, event.key,     event.text};
}

Event TakeEvent(SqlRow& row) {
  Event event;
  event.at_ns = row.Integer();
  event.kind = row.Text();
  event.service = row.Text();
  event.deploy_id = row.Text();
  event.trigger_id = row.Text();
  event.repo = row.Text();
  event.commit = row.Text();
  event.key = row.Text();
  event.text = row.Text();
  return event;
}

SqlValues InboxValues(const InboxMessage& message) {
  SqlValues values = {NameOfKind(message.kind), message.trigger_id, message.text};
  const SqlValues deploy = DeployValues(message.deploy);
  const SqlValues trigger = TriggerValues(message.trigger);
  const SqlValues event = EventValues(message.event);
  values.insert(values.end(), deploy.begin(), deploy.end());
  values.insert(values.end(), trigger.begin(), trigger.end());
  values.insert(values.end(), event.begin(), event.end());
  return values;
}

StatusOr<InboxMessage> TakeInboxMessage(SqlRow& row) {
  InboxMessage message;
  message.id = row.Integer();
  REVERTD_RETURN_IF_ERROR(TakeEnum(row, KindNamed, "kind of inbox message", message.kind));
  message.trigger_id = row.Text();
  message.text = row.Text();
  StatusOr<Deploy> deploy = TakeDeploy(row);
  if (!deploy.ok()) return deploy.status();
  message.deploy = *std::move(deploy);
  StatusOr<RollbackTrigger> trigger = TakeTrigger(row);
  if (!trigger.ok()) return trigger.status();
  message.trigger = *std::move(trigger);
  message.event = TakeEvent(row);
  return message;
}

}  // namespace revertd
