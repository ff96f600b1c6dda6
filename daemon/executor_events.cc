#include "daemon/executor_events.h"

#include <map>
#include <string_view>
#include <utility>

#include "base/json_writer.h"

namespace revertd {
namespace {

constexpr std::string_view kCursor = "executor_audit";
constexpr size_t kHashDigits = 16;  // tell the rows of two trails apart

// `flat` is our own JsonWriter's object without objects inside: quotes within its strings are escaped, so a quote that
// begins a member stands after a brace or a comma.
size_t FindMember(std::string_view flat, std::string_view name) {
  const std::string quoted = "\"" + std::string(name) + "\":";
  const size_t first = flat.find("{" + quoted);
  return first != std::string_view::npos ? first : flat.find("," + quoted);
}

// The row's members without their braces. A message's row names the event that it tells of; the event is the telling.
std::string MembersOf(const AuditRow& row) {
  std::string text = row.text;
  if (const size_t event = FindMember(text, "event"); event != std::string::npos) {
    text.replace(event + 1, std::string_view("\"event\"").size(), "\"told\"");
  }
  const bool is_object = text.size() >= 2 && text.front() == '{' && text.back() == '}';
  return is_object ? text.substr(1, text.size() - 2) : "";
}

std::string_view KindOf(const AuditRow& row) {
  return row.kind == "step_begun" || row.kind == "step_finished" ? std::string_view("step") : row.kind;
}

// The sidecar made the decision and has told it; the row says that the executor has read it.
bool IsToldAlready(const AuditRow& row) { return row.kind == "decision"; }

}  // namespace

Event EventOfAudit(const AuditRow& row, const TrailSubject& subject) {
  const std::string_view kind = KindOf(row);
  JsonWriter json;
  json.BeginObject().Field("event", kind).Field("time_ns", row.at_ns);
  const std::pair<std::string_view, std::string_view> names[] = {
      {"service", subject.service}, {"deploy", subject.deploy_id}, {"trigger", subject.trigger_id}};
  for (const auto& [name, value] : names) {
    if (FindMember(row.text, name) == std::string_view::npos) json.Field(name, value);
  }
  if (kind == "step") json.Field("begun", row.kind == "step_begun");
  const std::string members = MembersOf(row);
  return {.at_ns = row.at_ns,
          .kind = std::string(kind),
          .service = subject.service,
          .deploy_id = subject.deploy_id,
          .trigger_id = subject.trigger_id,
          .repo = subject.repo,
          .commit = "",
          .key = "audit:" + std::to_string(row.seq) + ":" + row.hash.substr(0, kHashDigits),
          .text = json.text() + (members.empty() ? "" : ",") + members + "}"};
}

StatusOr<TrailSubject> ExecutorTrail::SubjectOf(const std::string& subject) const {
  const auto trigger = state_->ReadTrigger(subject);
  if (!trigger.ok()) return trigger.status();
  if (trigger->has_value()) {
    return TrailSubject{(*trigger)->id, (*trigger)->deploy_id, (*trigger)->service, (*trigger)->repo};
  }
  const auto deploy = state_->ReadDeploy(subject);
  if (!deploy.ok()) return deploy.status();
  if (!deploy->has_value()) return TrailSubject{};
  return TrailSubject{"", (*deploy)->id, (*deploy)->service, (*deploy)->repo};
}

StatusOr<std::vector<Event>> ExecutorTrail::EventsOf(const std::vector<AuditRow>& rows, TimeNs now_ns) const {
  std::vector<Event> events;
  std::map<std::string, TrailSubject> subjects;
  for (const AuditRow& row : rows) {
    // What is older would be pruned within the hour.
    const bool is_kept = row.at_ns >= now_ns - kHistoryBlocksKeptSeconds * kSecondNs;
    if (!is_kept || IsToldAlready(row)) continue;
    auto known = subjects.find(row.subject);
    if (known == subjects.end()) {
      StatusOr<TrailSubject> subject = SubjectOf(row.subject);
      if (!subject.ok()) return subject.status();
      known = subjects.emplace(row.subject, *std::move(subject)).first;
    }
    events.push_back(EventOfAudit(row, known->second));
  }
  return events;
}

Status ExecutorTrail::TakeOver(const ExecutorStore& executor, TimeNs now_ns) {
  if (!cursor_) {
    const StatusOr<int64_t> cursor = state_->ReadCursor(kCursor);
    if (!cursor.ok()) return cursor.status();
    cursor_ = *cursor;
  }
  const auto rows = executor.ReadAuditAfter(*cursor_, kRowsAtOnce);
  if (!rows.ok()) return rows.status();
  if (rows->empty()) {
    const StatusOr<AuditHead> head = executor.ReadAuditHead();
    if (!head.ok()) return head.status();
    if (head->seq < *cursor_) cursor_ = 0;
    return OkStatus();
  }
  const StatusOr<std::vector<Event>> events = EventsOf(*rows, now_ns);
  if (!events.ok()) return events.status();
  REVERTD_RETURN_IF_ERROR(state_->Together([&] {
    REVERTD_RETURN_IF_ERROR(state_->WriteEvents(*events));
    return state_->WriteCursor(kCursor, rows->back().seq);
  }));
  cursor_ = rows->back().seq;
  return OkStatus();
}

}  // namespace revertd
