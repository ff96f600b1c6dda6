#include "daemon/health_history.h"

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "daemon/doors/json_body.h"

namespace revertd {
namespace {

// Nothing where it is none of ours; an older version may have written it.
std::optional<HealthResult> ResultOf(const Event& event) {
  const JsonBody body(event.text);
  const std::optional<HealthLevel> level = HealthLevelNamed(body.root()["level"].Text());
  if (!level) return std::nullopt;
  HealthResult result{.service = event.service, .check = body.root()["check"].Text(), .level = *level};
  result.reason = body.root()["reason"].Text();
  result.at_ns = event.at_ns;
  result.is_change = true;
  return result;
}

}  // namespace

Status ReadHealthChanges(const StateStore& state, const std::function<void(const HealthResult&)>& accept) {
  return state.ReadEventsOfKind("health", [&](const Event& event) {
    if (const auto result = ResultOf(event)) accept(*result);
  });
}

Status ReadHealthBefore(const StateStore& state, TimeNs now, const std::function<void(const HealthResult&)>& accept) {
  const auto newest_second = state.ReadNewestSecond();
  if (!newest_second.ok()) return newest_second.status();
  const TimeNs end_ns = newest_second->value_or(0) * kSecondNs;
  std::map<std::pair<std::string, std::string>, HealthResult> newest;
  // A level has an event where it began, and at each start of ours: one that is well has had none for days.
  REVERTD_RETURN_IF_ERROR(ReadHealthChanges(state, [&](const HealthResult& change) {
    if (change.at_ns > now) return;
    newest.insert_or_assign({change.service, change.check}, change);
    accept(change);
  }));
  for (auto& [check, result] : newest) {
    if (result.at_ns >= end_ns) continue;
    result.at_ns = end_ns;
    accept(result);
  }
  return OkStatus();
}

}  // namespace revertd
