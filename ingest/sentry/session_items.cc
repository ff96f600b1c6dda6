#include "ingest/sentry/session_items.h"

#include <algorithm>
#include <string_view>

namespace revertd {
namespace {

constexpr int64_t kSessionsMax = 1'000'000'000;  // of one sum; what claims more is broken

int64_t Count(JsonValue& value) { return std::clamp<int64_t>(JsonText::Integer(value).value_or(0), 0, kSessionsMax); }

void ReadAttributes(JsonText* json, JsonValue& value, SessionCounts* counts) {
  json->ForEachField(value, [&](std::string_view key, JsonValue& field) {
    if (key == "release") counts->release = FieldText(json->Text(field), kErrorTextMax);
    if (key == "environment") counts->environment = FieldText(json->Text(field), kErrorTextMax);
  });
}

SessionCounts ReadSum(JsonText* json, JsonValue& item) {
  SessionCounts sum;
  json->ForEachField(item, [&](std::string_view key, JsonValue& field) {
    if (key == "started") sum.at_ns = json->Time(field);
    const bool crashed = key == "crashed" || key == "abnormal";
    const bool errored = key == "errored" || key == "unhandled";
    if (!crashed && !errored && key != "exited") return;
    // Each session stands in one of them.
    const int64_t count = Count(field);
    sum.sessions += count;
    if (crashed) sum.crashed += count;
    if (errored) sum.errored += count;
  });
  return sum;
}

}  // namespace

std::vector<SessionCounts> ReadSessionUpdate(JsonText* json) {
  SessionCounts counts;
  bool init = false;
  int64_t errors = 0;
  std::string_view status = "ok";
  TimeNs told_ns = 0;
  json->ForEachField([&](std::string_view key, JsonValue& value) {
    if (key == "init") init = JsonText::Truth(value).value_or(false);
    if (key == "errors") errors = Count(value);
    if (key == "status") status = json->Text(value);
    if (key == "started") counts.at_ns = json->Time(value);
    if (key == "timestamp") told_ns = json->Time(value);
    if (key == "attrs") ReadAttributes(json, value, &counts);
  });
  // What an update brings is of the update's time: its session may have begun long ago.
  if (counts.at_ns == 0 || (!init && told_ns > 0)) counts.at_ns = told_ns;
  counts.sessions = init ? 1 : 0;
  counts.crashed = status == "crashed" || status == "abnormal" ? 1 : 0;
  const bool first_error = errors > 0 && (init || (status == "ok" && errors == 1));
  counts.errored = counts.crashed == 0 && first_error ? 1 : 0;
  if (counts.sessions + counts.crashed + counts.errored == 0) return {};
  return {counts};
}

std::vector<SessionCounts> ReadSessionSums(JsonText* json) {
  std::vector<SessionCounts> sums;
  SessionCounts attributes;
  json->ForEachField([&](std::string_view key, JsonValue& value) {
    if (key == "attrs") ReadAttributes(json, value, &attributes);
    if (key != "aggregates") return;
    json->ForEachItem(value, [&](JsonValue& item) {
      if (SessionCounts sum = ReadSum(json, item); sum.sessions > 0) sums.push_back(std::move(sum));
      return sums.size() < kSessionSumsMax;
    });
  });
  for (SessionCounts& sum : sums) {
    sum.release = attributes.release;
    sum.environment = attributes.environment;
  }
  return sums;
}

}  // namespace revertd
