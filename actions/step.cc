#include "actions/step.h"

#include <algorithm>
#include <array>
#include <utility>

namespace revertd {
namespace {

constexpr std::array<std::pair<Route, std::string_view>, 3> kRoutes = {
    {{Route::kPush, "push"}, {Route::kPropose, "propose"}, {Route::kVersion, "version"}}};

}  // namespace

std::string_view NameOf(Route route) {
  for (const auto& [known, name] : kRoutes) {
    if (known == route) return name;
  }
  return "unknown";
}

std::optional<Route> RouteNamed(std::string_view name) {
  for (const auto& [route, known] : kRoutes) {
    if (known == name) return route;
  }
  return std::nullopt;
}

std::vector<std::string_view> StepsOf(Route route) {
  switch (route) {
    case Route::kPush:
      return {"accepted", "planned",       "reverted", "announced",       "drained",
              "pushed",   "push_verified", "deployed", "reapply_offered", "recovered"};
    case Route::kPropose:
      return {"accepted", "planned",  "reverted",        "announced", "proposed",
              "merged",   "deployed", "reapply_offered", "recovered"};
    case Route::kVersion: return {"accepted", "planned", "announced", "drained", "switched", "deployed", "recovered"};
  }
  return {};
}

Route RouteOf(const std::vector<JournalRow>& rows) {
  const JournalRow* accepted = FindRow(rows, "accepted");
  return accepted == nullptr ? Route::kPush : RouteNamed(accepted->detail).value_or(Route::kPush);
}

const JournalRow* FindRow(const std::vector<JournalRow>& rows, std::string_view step) {
  const auto row = std::find_if(rows.begin(), rows.end(), [step](const JournalRow& each) { return each.step == step; });
  return row == rows.end() ? nullptr : &*row;
}

std::optional<std::string_view> NextStep(const std::vector<JournalRow>& rows) {
  std::vector<std::string_view> steps = StepsOf(RouteOf(rows));
  const bool falls_back = RouteOf(rows) == Route::kPush && FindRow(rows, "proposed") != nullptr;
  if (falls_back) steps = {"proposed", "merged", "deployed", "reapply_offered", "recovered"};
  for (size_t i = steps.size(); i-- > 0;) {
    const JournalRow* row = FindRow(rows, steps[i]);
    if (row == nullptr) continue;
    if (row->finished_ns == 0) return steps[i];
    return row->outcome == kDone && i + 1 < steps.size() ? std::optional(steps[i + 1]) : std::nullopt;
  }
  return steps.front();
}

StatusOr<std::optional<JournalRow>> ReadRevert(const ExecutorStore& journal, std::string_view trigger_id) {
  for (std::string_view step : {"merged", "push_verified"}) {  // a version rollback reverts nothing
    StatusOr<std::optional<JournalRow>> row = journal.ReadStep(trigger_id, step);
    if (!row.ok()) return row.status();
    if (row->has_value() && (*row)->outcome == kDone && IsRevision((*row)->detail)) return row;
  }
  return std::optional<JournalRow>();
}

StatusOr<std::string> DetailOf(const ExecutorTools& tools, const RollbackTrigger& trigger, std::string_view step) {
  StatusOr<std::optional<JournalRow>> row = tools.journal->ReadStep(trigger.id, step);
  if (!row.ok()) return row.status();
  if (!row->has_value()) return Internal("the journal lost step " + std::string(step) + " of " + trigger.id);
  return (*row)->detail;
}

Status TellSidecar(const ExecutorTools& tools, const RollbackTrigger& trigger, std::string_view sha) {
  InboxMessage message;
  message.kind = InboxMessage::Kind::kRevertPrepared;
  message.trigger_id = trigger.id;
  message.text = sha;
  return tools.state->Post(message);
}

}  // namespace revertd
