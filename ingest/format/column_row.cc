#include "ingest/format/column_row.h"

#include <algorithm>
#include <optional>

#include "base/ascii.h"
#include "base/time_format.h"
#include "ingest/format/civil_text.h"
#include "ingest/format/request_text.h"
#include "ingest/format/text_fields.h"

namespace revertd {
namespace {

std::string_view OrEmpty(std::string_view text) { return text == "-" ? std::string_view() : text; }

bool LooksLikeIso(std::string_view text) {
  return text.size() >= 19 && text[4] == '-' && text[7] == '-' && text[10] == 'T' && text[13] == ':';
}

bool LooksLikeNumber(std::string_view text) { return !text.empty() && (IsDigit(text[0]) || text[0] == '-'); }

// Milliseconds behind at least nine digits: since 1973. An address has more points.
bool LooksLikeEpoch(std::string_view text) {
  constexpr size_t kFractionSize = 4;
  if (text.size() < 9 + kFractionSize || text[text.size() - kFractionSize] != '.') return false;
  const auto points = std::count(text.begin(), text.end(), '.');
  const auto digits = std::count_if(text.begin(), text.end(), IsDigit);
  return points == 1 && digits + points == static_cast<std::ptrdiff_t>(text.size());
}

// What a line gathers before its times can be told.
struct Row {
  AccessRecord& record;
  std::optional<TimeNs> start;
  std::optional<TimeNs> end;
  std::string_view date;
  std::string_view clock;
  bool has_unknown_part = false;
};

ParseError ReadTime(Column column, std::string_view text, Row& row) {
  std::optional<TimeNs>& time =
      column == Column::kStartIso || column == Column::kStartIsoOrNone || column == Column::kStartClf ? row.start
                                                                                                      : row.end;
  if (column == Column::kStartClf) {
    time = ParseClfTime(text);
  } else if (column == Column::kEndEpoch) {
    const auto since_epoch = ParseDecimal(text, kSecondNs);
    constexpr TimeNs kYear2200 = 7'258'118'400;
    if (since_epoch && *since_epoch / kSecondNs <= kYear2200) time = *since_epoch;
  } else if (column == Column::kEndIsoUtc) {
    const auto civil = text.size() == 19 ? ParseIsoCivil(text.substr(0, 10), text.substr(11)) : std::nullopt;
    if (civil) time = TimeZone().ToUtc(*civil);
  } else if (LooksLikeIso(text)) {
    time = ParseTime(text);
  }
  return time || column == Column::kStartIsoOrNone ? ParseError::kNone : ParseError::kBadTime;
}

ParseError ReadStatus(std::string_view text, AccessRecord& record) {
  if (text == "-") return ParseError::kNone;
  if (text.empty() || text.size() > 3 || !std::all_of(text.begin(), text.end(), IsDigit)) {
    return ParseError::kBadStatus;
  }
  record.status = 0;
  for (const char digit : text) record.status = record.status * 10 + (digit - '0');
  constexpr int kClientClosed = 460;  // Amazon's word for nginx's 499
  if (record.status == kClientClosed) record.aborted = true;
  return ParseError::kNone;
}

// "TCP_MISS_ABORTED/000"
ParseError ReadSquidResult(std::string_view text, AccessRecord& record) {
  const std::string_view result = TakeUntil(text, '/');
  if (!Consume(text, "/")) return ParseError::kBadStatus;
  if (result.find("ABORTED") != std::string_view::npos) record.aborted = true;
  return ReadStatus(text, record);
}

void ReadRequest(const RequestLine& request, AccessRecord& record) {
  record.method = request.method;
  record.path = request.path;
  if (record.host.empty()) record.host = request.host;
}

void ReadTarget(std::string_view text, AccessRecord& record) {
  // Squid's "error:invalid-request" stands where there was none.
  if (text.starts_with("error:")) {
    record.method = {};
    return;
  }
  const Target target = SplitTarget(OrEmpty(text));
  record.path = target.path;
  // CONNECT's target is an authority.
  const std::string_view host = record.method == "CONNECT" ? HostWithoutPort(text) : target.host;
  if (record.host.empty()) record.host = host;
}

ParseError ReadDuration(std::string_view text, DurationNs unit, DurationNs& duration) {
  const auto read = ParseLoggedDuration(text, unit);
  if (!read) return ParseError::kBadField;
  duration = *read;
  return ParseError::kNone;
}

ParseError ReadPart(Column column, std::string_view text, Row& row) {
  DurationNs part = 0;
  if (const ParseError error = ReadDuration(text, kSecondNs, part); error != ParseError::kNone) return error;
  if (column == Column::kUpstreamSeconds) row.record.upstream_ns = part;
  row.has_unknown_part |= part == kNotLogged;
  row.record.duration_ns = row.has_unknown_part ? kNotLogged : std::max<DurationNs>(row.record.duration_ns, 0) + part;
  return ParseError::kNone;
}

ParseError ReadNumber(Column column, std::string_view text, Row& row) {
  AccessRecord& record = row.record;
  switch (column) {
    case Column::kStatus: return ReadStatus(text, record);
    case Column::kSquidResult: return ReadSquidResult(text, record);
    case Column::kDurationSeconds: return ReadDuration(text, kSecondNs, record.duration_ns);
    case Column::kDurationMillis: return ReadDuration(text, kMillisecondNs, record.duration_ns);
    case Column::kDurationMicros: return ReadDuration(text, kMicrosecondNs, record.duration_ns);
    case Column::kDurationByForm:
      return ReadDuration(text, text.find('.') == std::string_view::npos ? kMillisecondNs : kSecondNs,
                          record.duration_ns);
    case Column::kUpstreamMillis: return ReadDuration(text, kMillisecondNs, record.upstream_ns);
    case Column::kPartSeconds:
    case Column::kUpstreamSeconds: return ReadPart(column, text, row);
    default: break;
  }
  const auto bytes = ParseSize(text);
  if (!bytes) return ParseError::kBadField;
  record.bytes = *bytes;
  return ParseError::kNone;
}

// The NAME of "KIND/NAME/ID", behind `kind`.
std::string_view NameBehind(std::string_view text, std::string_view kind) {
  const size_t at = text.find(kind);
  if (at == std::string_view::npos) return {};
  text.remove_prefix(at + kind.size());
  return TakeUntil(text, '/');
}

// "DC" (downstream connection termination) and "DR" (its remote reset) among "UF,DC".
bool HasClientAbortFlag(std::string_view flags) {
  while (!flags.empty()) {
    const std::string_view flag = TakeUntil(flags, ',');
    if (flag == "DC" || flag == "DR") return true;
    Consume(flags, ",");
  }
  return false;
}

void ReadName(Column column, std::string_view text, AccessRecord& record) {
  switch (column) {
    case Column::kHost:
      if (const std::string_view host = OrEmpty(text); !host.empty()) record.host = HostWithoutPort(host);
      break;
    case Column::kHostIfNone:
      if (record.host.empty()) record.host = HostWithoutPort(OrEmpty(text));
      break;
    case Column::kUpstream: record.upstream = OrEmpty(text); break;
    case Column::kSquidPeer:
      record.upstream = OrEmpty(text.substr(std::min(text.find('/'), text.size() - 1) + 1));
      break;
    case Column::kBackend: record.backend = OrEmpty(text); break;
    case Column::kTargetGroup:
      if (const std::string_view name = NameBehind(text, ":targetgroup/"); !name.empty()) record.backend = name;
      break;
    case Column::kAppBalancer: record.backend = NameBehind(text, "app/"); break;
    case Column::kNetBalancer: record.backend = NameBehind(text, "net/"); break;
    // A subset of the mesh's own cluster names has four parts; other names are whole.
    case Column::kCluster: record.backend = OrEmpty(text.substr(text.rfind('|') + 1)); break;
    case Column::kFlags: record.aborted = HasClientAbortFlag(text); break;
    case Column::kRequestLine: ReadRequest(SplitRequestLine(text), record); break;
    case Column::kRequestParts: ReadRequest(SplitThreeParts(text), record); break;
    case Column::kMethod: record.method = OrEmpty(text); break;
    case Column::kTarget: ReadTarget(text, record); break;
    default: break;
  }
}

ParseError ReadCell(Column column, std::string_view text, Row& row) {
  switch (column) {
    case Column::kStartIso:
    case Column::kEndIso:
    case Column::kStartIsoOrNone:
    case Column::kEndIsoUtc:
    case Column::kStartClf:
    case Column::kEndEpoch: return ReadTime(column, text, row);
    case Column::kDate: row.date = text; return ParseError::kNone;
    case Column::kClock: row.clock = text; return ParseError::kNone;
    case Column::kStatus:
    case Column::kSquidResult:
    case Column::kBytes:
    case Column::kDurationSeconds:
    case Column::kDurationMillis:
    case Column::kDurationMicros:
    case Column::kDurationByForm:
    case Column::kPartSeconds:
    case Column::kUpstreamSeconds:
    case Column::kUpstreamMillis: return ReadNumber(column, text, row);
    default: ReadName(column, text, row.record); return ParseError::kNone;
  }
}

std::optional<TimeNs> TimeOf(std::string_view date, std::string_view clock, const TimeZone& zone) {
  const auto civil = ParseIsoCivil(date, clock.substr(0, 8));
  const auto fraction = ParseFraction(clock.substr(std::min<size_t>(clock.size(), 8)));
  if (!civil || !fraction) return std::nullopt;
  return zone.ToUtc(*civil) + *fraction;
}

// The details of a failure hold blanks in braces, in Envoy of up to 2021.
void SkipRestOfDetails(std::string_view& rest, const Cell& cell) {
  if (cell.text.find('{') == std::string_view::npos || cell.text.ends_with('}')) return;
  const size_t brace = rest.find("} ");
  if (brace != std::string_view::npos) rest.remove_prefix(brace + 1);
}

// A start that is logged beside the end is taken as it is, unless the clocks disagree.
bool SetTimes(const Row& row) {
  AccessRecord& record = row.record;
  const DurationNs duration = std::max<DurationNs>(record.duration_ns, 0);
  if (row.end) {
    record.end_ns = *row.end;
    record.start_ns = row.start && *row.start <= *row.end ? *row.start : *row.end - duration;
    return true;
  }
  if (!row.start) return false;
  record.start_ns = *row.start;
  record.end_ns = *row.start + duration;
  return true;
}

bool Fits(Column column, const Cell& cell) {
  switch (column) {
    case Column::kWord:
    case Column::kDetails:
    case Column::kBytes:
    case Column::kStatus:
    case Column::kFlags: return cell.opener == '\0';
    case Column::kQuoted: return cell.opener == '"';
    case Column::kTls: return cell.text == "tls";
    case Column::kS3Operation: {
      const size_t dot = cell.text.find('.');
      return dot != std::string_view::npos && dot > 0 && cell.text[0] >= 'A' && cell.text[0] <= 'Z';
    }
    case Column::kStartIso:
    case Column::kEndIso:
    case Column::kEndIsoUtc: return LooksLikeIso(cell.text);
    case Column::kStartClf: return cell.opener == '[' && cell.text.size() > 2 && cell.text[2] == '/';
    case Column::kDate: return cell.text.size() == 10 && cell.text[4] == '-' && cell.text[7] == '-';
    case Column::kClock: return cell.text.size() >= 8 && cell.text[2] == ':' && cell.text[5] == ':';
    case Column::kEndEpoch: return LooksLikeEpoch(cell.text);
    case Column::kSquidResult:
      return !cell.text.empty() && cell.text[0] >= 'A' && cell.text[0] <= 'Z' &&
             cell.text.find('/') != std::string_view::npos;
    case Column::kAppBalancer: return cell.text.starts_with("app/");
    case Column::kNetBalancer: return cell.text.starts_with("net/");
    case Column::kPartSeconds:
    case Column::kUpstreamSeconds: return cell.opener == '\0' && LooksLikeNumber(cell.text);
    case Column::kRequestLine: return cell.opener == '"';
    case Column::kRequestParts: return cell.opener == '"' || cell.text == "-";
    default: return true;
  }
}

}  // namespace

bool FitsColumns(std::span<const Cell> cells, std::span<const Column> columns) {
  const size_t count = std::min(cells.size(), columns.size());
  for (size_t i = 0; i < count; ++i) {
    if (!Fits(columns[i], cells[i])) return false;
  }
  return true;
}

size_t CutFitting(std::string_view line, std::span<const Column> columns, std::span<Cell> cells) {
  const size_t room = std::min(columns.size(), cells.size());
  size_t count = 0;
  while (count < room && TakeCell(line, cells[count])) {
    if (!Fits(columns[count], cells[count])) return 0;
    if (columns[count] == Column::kDetails) SkipRestOfDetails(line, cells[count]);
    ++count;
  }
  return count;
}

ParseError ReadRow(std::span<const Cell> cells, std::span<const Column> columns, const RowOptions& options,
                   AccessRecord& record) {
  Row row{.record = record, .start = {}, .end = {}, .date = options.date, .clock = {}};
  const size_t count = std::min(cells.size(), columns.size());
  for (size_t i = 0; i < count; ++i) {
    if (const ParseError error = ReadCell(columns[i], cells[i].text, row); error != ParseError::kNone) return error;
  }
  if (!row.clock.empty()) {
    row.end = TimeOf(row.date, row.clock, options.zone);
    if (!row.end) return ParseError::kBadTime;
  }
  return SetTimes(row) ? ParseError::kNone : ParseError::kBadTime;
}

}  // namespace revertd
