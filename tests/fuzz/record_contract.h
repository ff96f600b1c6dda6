// What every record must hold, whatever bytes it was read from: views inside the line, numbers in their ranges.
#pragma once

#include <string_view>

#include "base/check.h"
#include "ingest/format/access_record.h"
#include "ingest/format/format.h"
#include "ingest/format/text_fields.h"

namespace revertd {

inline void CheckInside(std::string_view line, std::string_view field) {
  // An absolute target without a path is the one view that points elsewhere: to a literal "/".
  if (field.empty() || field == "/") return;
  REVERTD_CHECK(field.data() >= line.data() && field.data() + field.size() <= line.data() + line.size());
}

inline void CheckRecord(std::string_view line, const AccessRecord& record) {
  for (std::string_view field :
       {record.method, record.host, record.path, record.backend, record.upstream, record.release}) {
    CheckInside(line, field);
  }
  REVERTD_CHECK(record.status >= kStatusNotLogged && record.status <= 999);
  REVERTD_CHECK(record.bytes >= kNotLogged && record.queue_length >= kNotLogged);
  for (const DurationNs duration : {record.duration_ns, record.upstream_ns, record.queue_ns, record.connect_ns}) {
    REVERTD_CHECK(duration >= kNotLogged);
  }
  // The days around 1970 and 2200 for time zones.
  constexpr TimeNs kEarliest = -2 * 24 * kHourNs;
  constexpr TimeNs kLatestStart = (int64_t{7'289'654'400} + 2 * 86'400) * kSecondNs;
  REVERTD_CHECK(record.start_ns <= record.end_ns);
  REVERTD_CHECK(record.end_ns >= kEarliest && record.start_ns <= kLatestStart);
  REVERTD_CHECK(record.path.find('?') == std::string_view::npos);
  REVERTD_CHECK(DecodeNginxEscapes(record.path).size() <= record.path.size());
}

// Whether two readings of one line came to the same.
inline void CheckSameRecord(const AccessRecord& a, const AccessRecord& b) {
  REVERTD_CHECK(a.end_ns == b.end_ns && a.start_ns == b.start_ns && a.duration_ns == b.duration_ns);
  REVERTD_CHECK(a.status == b.status && a.aborted == b.aborted && a.bytes == b.bytes);
  REVERTD_CHECK(a.upstream_ns == b.upstream_ns && a.queue_ns == b.queue_ns && a.connect_ns == b.connect_ns);
  REVERTD_CHECK(a.queue_length == b.queue_length && a.method == b.method && a.host == b.host && a.path == b.path);
  REVERTD_CHECK(a.backend == b.backend && a.upstream == b.upstream && a.release == b.release);
}

// Two readers of one format, which may remember different lines, read this one the same, and its record holds. Answers
// what they made of it.
inline ParseError CheckSameReading(std::string_view line, LineReader& reader, LineReader& twin) {
  AccessRecord record;
  AccessRecord again;
  const ParseError error = reader.Parse(line, record);
  REVERTD_CHECK(twin.Parse(line, again) == error);
  if (error != ParseError::kNone) return error;
  CheckRecord(line, record);
  CheckSameRecord(record, again);
  return error;
}

}  // namespace revertd
