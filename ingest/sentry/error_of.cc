#include "ingest/sentry/error_of.h"

#include <algorithm>
#include <limits>

#include "base/ascii.h"
#include "base/strings.h"
#include "ingest/sentry/event_sample.h"
#include "ingest/sentry/grouping.h"
#include "ingest/sentry/scrub.h"

namespace revertd {
namespace {

// By name, or as old SDKs of Python by logging's number; what is not said is an error.
ErrorLevel LevelOf(std::string_view text) {
  if (const auto level = ErrorLevelNamed(ToLower(text))) return *level;
  const auto number = ParseUnsigned(text);
  if (!number) return ErrorLevel::kError;
  if (*number >= 50) return ErrorLevel::kFatal;
  if (*number >= 40) return ErrorLevel::kError;
  if (*number >= 30) return ErrorLevel::kWarning;
  return *number >= 20 ? ErrorLevel::kInfo : ErrorLevel::kDebug;
}

std::string Cut(std::string_view text) { return FieldText(text, kErrorTextMax); }

}  // namespace

TimeNs ShiftedTime(TimeNs time, DurationNs shift_ns) {
  if (time == 0) return 0;
  if (shift_ns > std::numeric_limits<TimeNs>::max() - time) return std::numeric_limits<TimeNs>::max();
  return std::max<TimeNs>(time + shift_ns, 0);
}

std::string EventIdOf(std::string_view text) {
  constexpr size_t kDigits = 32;
  std::string id;
  for (const char c : text) {
    if (c == '-') continue;
    if (HexDigit(c) < 0 || id.size() == kDigits) return {};
    id += c;
  }
  return id.size() == kDigits ? ToLower(id) : std::string();
}

ErrorEvent ErrorOf(const EventFields& fields, std::string_view project, std::string_view service_tag,
                   DurationNs shift_ns) {
  ErrorEvent event;
  event.project = Cut(project);
  event.event_id = EventIdOf(fields.event_id);
  event.at_ns = ShiftedTime(fields.at_ns, shift_ns);
  event.level = LevelOf(fields.level);
  event.release = Cut(fields.release);
  event.environment = Cut(fields.environment);
  event.server_name = Cut(fields.server_name);
  if (!service_tag.empty()) event.service_tag = Cut(fields.Tag(service_tag));
  ErrorGrouping grouping = GroupingOf(fields);
  event.type = std::move(grouping.type);
  event.culprit = std::move(grouping.culprit);
  event.title = std::move(grouping.title);
  if (event.type.empty() && event.title.empty()) event.title = "<unlabeled event>";
  event.fingerprint = grouping.fingerprint;
  event.origin = grouping.origin;
  event.sample = SampleOf(fields, event);
  return event;
}

TransactionTime TransactionOf(const EventFields& fields, DurationNs shift_ns) {
  TransactionTime time;
  time.name = FieldText(ScrubbedUrl(fields.transaction), kErrorTextMax);
  time.release = Cut(fields.release);
  time.environment = Cut(fields.environment);
  time.at_ns = ShiftedTime(fields.at_ns, shift_ns);
  const bool both = fields.started_ns > 0 && fields.at_ns >= fields.started_ns;
  time.duration_ns = both ? fields.at_ns - fields.started_ns : 0;
  return time;
}

}  // namespace revertd
