#include "daemon/trigger_door.h"

namespace revertd {
namespace {

StatusOr<InboxMessage> WordOn(const StateStore& store, const std::string& id, InboxMessage::Kind kind,
                              const std::string& text) {
  const auto trigger = FindTrigger(store, id);
  if (!trigger.ok()) return trigger.status();
  const bool dismisses = kind == InboxMessage::Kind::kTriggerDismiss;
  const bool open =
      trigger->state == TriggerState::kProposed || (dismisses && trigger->state == TriggerState::kPending);
  if (!open) {
    return FailedPrecondition("trigger " + id + " is " + std::string(NameOf(trigger->state)) +
                              ": there is nothing to say to it");
  }
  InboxMessage message;
  message.kind = kind;
  message.trigger_id = id;
  message.text = text;
  return message;
}

}  // namespace

StatusOr<RollbackTrigger> FindTrigger(const StateStore& store, const std::string& id) {
  auto trigger = store.ReadTrigger(id);
  if (!trigger.ok()) return trigger.status();
  if (!trigger->has_value()) return NotFound("no trigger \"" + id + "\"; `revertd trigger list` shows all");
  return **std::move(trigger);
}

StatusOr<InboxMessage> ApproveMessage(const StateStore& store, const std::string& id, const std::string& text) {
  return WordOn(store, id, InboxMessage::Kind::kTriggerApprove, text);
}

StatusOr<InboxMessage> DismissMessage(const StateStore& store, const std::string& id, const std::string& text) {
  return WordOn(store, id, InboxMessage::Kind::kTriggerDismiss, text);
}

}  // namespace revertd
