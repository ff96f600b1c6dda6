#include "ingest/format/w3c_columns.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/strings.h"

namespace revertd {
namespace {

struct Meaning {
  std::string_view field;  // lower case: writers differ in theirs
  Column column;
};
constexpr std::array kMeanings = {
    Meaning{"date", Column::kDate},
    Meaning{"date-utc", Column::kDate},
    Meaning{"date-local", Column::kDate},
    Meaning{"time", Column::kClock},
    Meaning{"time-utc", Column::kClock},
    Meaning{"time-local", Column::kClock},
    Meaning{"cs-method", Column::kMethod},
    Meaning{"cs-uri-stem", Column::kTarget},
    Meaning{"cs-uri-path", Column::kTarget},
    Meaning{"cs-uri", Column::kTarget},
    Meaning{"sc-status", Column::kStatus},
    Meaning{"c-status", Column::kStatus},  // SHOUTcast, Windows Media
    Meaning{"sc-bytes", Column::kBytes},
    Meaning{"bytes", Column::kBytes},
    Meaning{"timetakenms", Column::kDurationMillis},  // IIS Advanced Logging
    Meaning{"x-duration", Column::kDurationSeconds},
    Meaning{"x-host-header", Column::kHost},  // CloudFront: what the client asked for; cs(Host) is its own name
    Meaning{"cs(host)", Column::kHostIfNone},
    Meaning{"cs-host", Column::kHostIfNone},
    Meaning{"s-sitename", Column::kBackend},
    Meaning{"sc-servicename", Column::kBackend},
    Meaning{"s-computername", Column::kUpstream},
    Meaning{"s-ip", Column::kUpstream},
};

Column ColumnOf(std::string_view field) {
  for (const Meaning& meaning : kMeanings) {
    if (meaning.field == field) return meaning.column;
  }
  return Column::kIgnored;
}

W3cWriter WriterBy(std::string_view field) {
  if (field.starts_with("x-edge-")) return W3cWriter::kCloudFront;
  if (field == "sc-servicename") return W3cWriter::kNetScaler;
  if (field == "x-duration" || field == "avgbandwidth") return W3cWriter::kShoutcast;
  return W3cWriter::kOther;
}

// The standard says seconds, IIS writes whole milliseconds. Who writes seconds with decimals means seconds.
Column TimeTakenOf(W3cWriter writer) {
  return writer == W3cWriter::kOther ? Column::kDurationByForm : Column::kDurationSeconds;
}

bool Holds(const std::vector<Column>& columns, Column column) {
  return std::find(columns.begin(), columns.end(), column) != columns.end();
}

}  // namespace

W3cColumns W3cColumns::Of(std::string_view fields) {
  constexpr std::string_view kBlanks = " \t\r";
  W3cColumns result;
  std::vector<size_t> time_taken;
  while (true) {
    fields.remove_prefix(std::min(fields.find_first_not_of(kBlanks), fields.size()));
    if (fields.empty()) break;
    const std::string field = ToLower(fields.substr(0, fields.find_first_of(kBlanks)));
    fields.remove_prefix(field.size());
    if (const W3cWriter writer = WriterBy(field); writer != W3cWriter::kOther) result.writer = writer;
    if (field == "date-local" || field == "time-local") result.is_local = true;
    if (field == "time-taken") time_taken.push_back(result.columns.size());
    Column column = ColumnOf(field);
    // One column of a meaning: the first, so that "bytes" does not undo sc-bytes nor s-ip the server's name.
    if (Holds(result.columns, column)) column = Column::kIgnored;
    result.columns.push_back(column);
  }
  for (const size_t at : time_taken) result.columns[at] = TimeTakenOf(result.writer);
  result.has_clock = Holds(result.columns, Column::kClock);
  result.has_date = Holds(result.columns, Column::kDate);
  if (result.columns.size() > kMax) result.columns.clear();
  return result;
}

}  // namespace revertd
