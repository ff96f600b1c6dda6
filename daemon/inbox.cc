#include "daemon/inbox.h"

#include <algorithm>

#include "base/json_writer.h"
#include "daemon/output.h"

namespace revertd {
namespace {

// Each is two waits for the disk, and sealed seconds wait for all of them.
constexpr int kMessagesAtOnce = 20;
// Charges are rows alone, many to one wait for the disk: two batches for each service and day in which none was taken.
constexpr int kChargesAtOnce = 1000;

Status SetTriggerState(StateStore* store, const InboxMessage& message, TriggerState state) {
  const auto trigger = store->ReadTrigger(message.trigger_id);
  if (!trigger.ok()) return trigger.status();
  // A person's no wins until the push; a yes is for what was proposed.
  const bool open =
      trigger->has_value() && ((*trigger)->state == TriggerState::kProposed ||
                               (state == TriggerState::kDismissed && (*trigger)->state == TriggerState::kPending));
  if (!open) {
    Say("trigger " + message.trigger_id + " is not waiting for a word; nothing changed");
    return OkStatus();
  }
  return store->WriteTriggerState(message.trigger_id, state, message.text);
}

Status PrepareRevert(StateStore* store, AnalysisLoop* analysis, const InboxMessage& message) {
  REVERTD_RETURN_IF_ERROR(store->WriteRevertPrepared(message.trigger_id, message.text));
  analysis->OnRevertPrepared(message.trigger_id, message.text);
  return OkStatus();
}

// What a release undoes because of our own verdict is watched by its evidence, which no message carries.
Status AddEvidence(const StateStore& store, RollbackTrigger* trigger) {
  if (trigger->state != TriggerState::kInRelease) return OkStatus();
  const auto deploy = store.FindDeployOf(trigger->service, trigger->head);
  if (!deploy.ok() || !deploy->has_value()) return deploy.status();
  const auto verdicts = store.ReadVerdicts((*deploy)->id);
  if (!verdicts.ok() || verdicts->empty()) return verdicts.status();
  const Verdict& newest = verdicts->back();
  if (newest.state == VerdictState::kRegressed && !newest.evidence.empty()) trigger->evidence = newest.evidence.front();
  return OkStatus();
}

Status AskRevert(StateStore* store, AnalysisLoop* analysis, StoreSink* sink, const InboxMessage& message) {
  if (message.trigger.id.empty()) {
    Say("a rollback without an id was asked for; nothing is done");
    return OkStatus();
  }
  RollbackTrigger trigger = message.trigger;
  // A release that is resumed says again what may have been taken over from it meanwhile.
  const auto known = store->ReadTrigger(trigger.id);
  if (!known.ok()) return known.status();
  if (known->has_value() && trigger.state == TriggerState::kInRelease) return OkStatus();
  const bool is_ours =
      known->has_value() && ((*known)->state == TriggerState::kProposed || (*known)->state == TriggerState::kPending);
  if (is_ours && trigger.state == TriggerState::kDismissed) {
    return store->WriteTriggerState(trigger.id, TriggerState::kDismissed, trigger.reason);
  }
  REVERTD_RETURN_IF_ERROR(AddEvidence(*store, &trigger));
  REVERTD_RETURN_IF_ERROR(sink->OnTrigger(trigger));
  analysis->OnTrigger(trigger);
  return OkStatus();
}

// Only an end deletes. One that ran out before it was taken up says nothing of now, and nothing against one that holds.
Status TakeCharge(StateStore* store, const InboxMessage& message, TimeNs now) {
  Charge charge{message.deploy.service, message.text, message.deploy.finish_ns};
  if (charge.service.empty() || charge.release.empty()) {
    Say("a release's charge came without a service or without the release's id; nothing changed");
    return OkStatus();
  }
  const auto known = store->ReadCharge(charge.service);
  if (!known.ok()) return known.status();
  if (known->has_value() && (*known)->release != charge.release && Holds(**known, now)) {
    Say("release " + (*known)->release + " answers for service " + charge.service + "; what release " + charge.release +
        " says of it changes nothing");
    return OkStatus();
  }
  const bool is_end = charge.until_ns == 0;
  if (!is_end && charge.until_ns <= now && known->has_value() && Holds(**known, now)) return OkStatus();
  charge.until_ns = std::min(charge.until_ns, now + kChargeMax);
  return store->WriteCharge(charge);
}

// The verdict says that it was abandoned; this, by whose word.
Event AbandonEvent(const Deploy& deploy, TimeNs at_ns, const std::string& why) {
  JsonWriter json;
  json.BeginObject().Field("event", "abandon").Field("time_ns", at_ns).Field("service", deploy.service);
  json.Field("deploy", deploy.id).Field("why", why).EndObject();
  return {.at_ns = at_ns,
          .kind = "abandon",
          .service = deploy.service,
          .deploy_id = deploy.id,
          .trigger_id = deploy.trigger_id,
          .repo = deploy.repo,
          .commit = deploy.head,
          .key = "abandon:" + deploy.id,
          .text = json.Take()};
}

void Abandon(AnalysisLoop* analysis, StoreSink* sink, const InboxMessage& message) {
  const Deploy& told = message.deploy;
  const auto deploy = told.id.empty() ? analysis->OnHeadAbandon(told.service, told.head, told.finish_ns)
                                      : analysis->OnDeployAbandon(told.id, told.finish_ns);
  if (!deploy.ok()) return Say(MessageOf(deploy.status()));
  sink->OnEvent(AbandonEvent(*deploy, told.finish_ns, message.text));
}

// A message that makes no sense (a finish of an unknown deploy) is told and dropped; one that could not be written is
// an error and stays.
Status CarryOut(StateStore* store, AnalysisLoop* analysis, StoreSink* sink, const InboxMessage& message, TimeNs now) {
  switch (message.kind) {
    case InboxMessage::Kind::kDeployStart:
      if (const auto deploy = analysis->OnDeploy(message.deploy); !deploy.ok()) Say(MessageOf(deploy.status()));
      return OkStatus();
    case InboxMessage::Kind::kDeployFinish:
      if (const Status status = analysis->OnDeployFinish(message.deploy.id, message.deploy.finish_ns); !status.ok()) {
        Say(MessageOf(status));
      }
      return OkStatus();
    case InboxMessage::Kind::kDeployAbandon: Abandon(analysis, sink, message); return OkStatus();
    case InboxMessage::Kind::kRevertPrepared: return PrepareRevert(store, analysis, message);
    case InboxMessage::Kind::kTriggerApprove: return SetTriggerState(store, message, TriggerState::kPending);
    case InboxMessage::Kind::kTriggerDismiss: return SetTriggerState(store, message, TriggerState::kDismissed);
    case InboxMessage::Kind::kRevertAsked: return AskRevert(store, analysis, sink, message);
    case InboxMessage::Kind::kEvent: sink->OnEvent(message.event); return OkStatus();
    case InboxMessage::Kind::kReleaseCharge: return TakeCharge(store, message, now);
  }
  return OkStatus();
}

// Before anything else: whoever answers for a service is known before a second of it is judged, however much waits, and
// while nobody was here a renewal came every minute.
Status TakeCharges(StateStore* store, TimeNs now) {
  while (true) {
    const auto charges = store->PeekCharges(kChargesAtOnce);
    if (!charges.ok() || charges->empty()) return charges.status();
    REVERTD_RETURN_IF_ERROR(store->Together([&] {
      for (const InboxMessage& message : *charges) {
        REVERTD_RETURN_IF_ERROR(TakeCharge(store, message, now));
        REVERTD_RETURN_IF_ERROR(store->Done(message.id));
      }
      return OkStatus();
    }));
    if (charges->size() < kChargesAtOnce) return OkStatus();
  }
}

}  // namespace

Status TakeInbox(StateStore* store, AnalysisLoop* analysis, StoreSink* sink, TimeNs now) {
  REVERTD_RETURN_IF_ERROR(TakeCharges(store, now));
  const auto messages = store->Peek(kMessagesAtOnce);
  if (!messages.ok()) return messages.status();
  for (const InboxMessage& message : *messages) {
    // What was carried out and is not written yet is not carried out again: the disk may be full for long.
    if (!sink->durable()) sink->Flush(now);
    if (!sink->durable()) return OkStatus();
    REVERTD_RETURN_IF_ERROR(CarryOut(store, analysis, sink, message, now));
    if (!sink->durable()) sink->Flush(now);
    if (!sink->durable()) return OkStatus();  // told by the sink; the message stays for the next round
    REVERTD_RETURN_IF_ERROR(store->Done(message.id));
  }
  return OkStatus();
}

}  // namespace revertd
