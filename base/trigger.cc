#include "base/trigger.h"

namespace revertd {

std::string_view NameOf(TriggerState state) {
  switch (state) {
    case TriggerState::kPending: return "pending";
    case TriggerState::kProposed: return "proposed";
    case TriggerState::kDismissed: return "dismissed";
    case TriggerState::kInRelease: return "in_release";
  }
  return "unknown";
}

std::optional<TriggerState> TriggerStateNamed(std::string_view name) {
  for (TriggerState state :
       {TriggerState::kPending, TriggerState::kProposed, TriggerState::kDismissed, TriggerState::kInRelease}) {
    if (NameOf(state) == name) return state;
  }
  return std::nullopt;
}

std::string MakeTriggerId(std::string_view service, std::string_view head, TimeNs deploy_start_ns) {
  std::string id(service);
  id += '-';
  id += head.substr(0, 8);
  id += '-';
  id += std::to_string(FloorToSecond(deploy_start_ns));
  return id;
}

}  // namespace revertd
