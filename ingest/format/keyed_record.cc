#include "ingest/format/keyed_record.h"

#include "base/strings.h"
#include "ingest/format/haproxy_fields.h"
#include "ingest/format/text_fields.h"

namespace revertd {
namespace {

// "200", "009", "0", "200 OK"; HAProxy's -1 (the client went away before an answer) is 0.
std::optional<int> ParseKeyedStatus(std::string_view text) {
  if (text == "-1") return 0;
  if (text.size() > 4 && text[3] == ' ') text = text.substr(0, 3);
  const auto status = ParseScaled(text, 0);
  return status && *status >= 0 && *status <= 999 ? std::optional<int>(static_cast<int>(*status)) : std::nullopt;
}

// HAProxy's "CD--" and "cR--": the client closed or timed out. Envoy's "DC" or "DR" among "UF,DC": the downstream
// connection was cut or reset. Google's "client_disconnected_before_any_response".
bool TellsAbort(std::string_view text) {
  const bool termination_state = text.size() == 4 && text.find(',') == std::string_view::npos;
  if (termination_state) return IsClientAbort(text);
  if (text.starts_with("client_disconnected")) return true;
  while (!text.empty()) {
    const std::string_view flag = TakeUntil(text, ',');
    if (flag == "DC" || flag == "DR") return true;
    Consume(text, ",");
  }
  return false;
}

ParseError ReadTimes(const KeyedValues& values, bool stamps_make_duration, const TimeZone& zone, AccessRecord& record) {
  const std::string_view end_text = values.Text(KeyedField::kEnd);
  const std::string_view start_text = values.Text(KeyedField::kStart);
  const auto end = end_text.empty() ? std::nullopt : ParseAnyTime(end_text, zone);
  const auto start = start_text.empty() ? std::nullopt : ParseAnyTime(start_text, zone);
  if ((!end_text.empty() && !end) || (!start_text.empty() && !start)) return ParseError::kBadTime;
  return PlaceInTime(end, start, stamps_make_duration, record);
}

ParseError ReadNumbers(const KeyedValues& values, AccessRecord& record) {
  const auto duration_of = [&](KeyedField field, DurationNs& duration) {
    TimeUnit unit = values.Unit(field);
    const bool first_version = values.Text(KeyedField::kInstance).find("_IN_") != std::string_view::npos;
    if (field == KeyedField::kDuration && first_version) unit = TimeUnit::kMillis;
    const auto parsed = ParseAnyDuration(values.Text(field), unit);
    if (parsed) duration = *parsed;
    return parsed.has_value();
  };
  if (!duration_of(KeyedField::kDuration, record.duration_ns) ||
      !duration_of(KeyedField::kUpstreamTime, record.upstream_ns) ||
      !duration_of(KeyedField::kQueueTime, record.queue_ns) ||
      !duration_of(KeyedField::kConnectTime, record.connect_ns)) {
    return ParseError::kBadField;
  }
  if (const std::string_view text = values.Text(KeyedField::kBytes); !text.empty()) {
    const auto bytes = ParseScaled(text, 0);
    if (!bytes) return ParseError::kBadField;
    if (*bytes >= 0) record.bytes = *bytes;
  }
  return ParseError::kNone;
}

}  // namespace

KeyedValues::KeyedValues(const KeyedFamily& family, uint16_t dialect, const KeyedLine& line) {
  for (const KeyedNode node : line.found()) {
    const uint16_t index = family.RowOf(dialect, node);
    if (index == KeyedFamily::kNone) continue;
    const KeyedRow& row = family.dialect(dialect).rows[index];
    Slot& slot = slots_[static_cast<size_t>(row.field)];
    const std::string_view text = IsBlankValue(line.value(node)) ? std::string_view() : line.value(node);
    if (slot.row == KeyedFamily::kNone || (text.empty() == slot.text.empty() ? index < slot.row : slot.text.empty())) {
      slot = {.row = index, .unit = row.unit, .text = text};
    }
  }
}

bool KeyedValues::LooksLikeRequest() const {
  const bool request = Has(KeyedField::kMethod) || Has(KeyedField::kTarget) || Has(KeyedField::kRequestLine) ||
                       Has(KeyedField::kDuration) || Has(KeyedField::kHost);
  return request && Has(KeyedField::kStatus) && (Has(KeyedField::kEnd) || Has(KeyedField::kStart));
}

ParseError PlaceInTime(std::optional<TimeNs> end, std::optional<TimeNs> start, bool stamps_make_duration,
                       AccessRecord& record) {
  if (!end && !start) return ParseError::kBadTime;
  if (record.duration_ns == kNotLogged && stamps_make_duration && start && end && *end >= *start) {
    record.duration_ns = *end - *start;
  }
  const DurationNs duration = record.duration_ns == kNotLogged ? 0 : record.duration_ns;
  // A start and a duration are finer than the time that the line was written, where there are all three.
  const bool from_start = start && (!end || record.duration_ns != kNotLogged);
  record.end_ns = from_start ? *start + duration : *end;
  record.start_ns = record.end_ns - duration;
  return ParseError::kNone;
}

void ReadKeyedService(const KeyedValues& values, AccessRecord& record) {
  record.host = HostWithoutPort(values.Text(KeyedField::kHost));
  if (record.host.empty()) record.host = SplitTarget(values.Text(KeyedField::kTarget)).host;
  if (record.host.empty()) record.host = SplitRequestLine(values.Text(KeyedField::kRequestLine)).host;
  record.backend = values.Text(KeyedField::kBackend);
  record.aborted = TellsAbort(values.Text(KeyedField::kAbort));
}

void ReadKeyedRequest(const KeyedValues& values, AccessRecord& record) {
  const std::string_view line = values.Text(KeyedField::kRequestLine);
  const RequestLine request = SplitRequestLine(line);
  const Target target = SplitTarget(values.Text(KeyedField::kTarget));
  const std::string_view method = values.Text(KeyedField::kMethod);
  record.method = method.empty() || !IsMethod(method) ? request.method : method;
  record.path = target.path.empty() ? request.path : target.path;
  // Grok's pattern of a request line calls the target alone "request".
  if (record.path.empty() && !record.method.empty() && line.starts_with('/')) record.path = SplitTarget(line).path;
}

void ReadKeyedCohort(const KeyedValues& values, AccessRecord& record) {
  record.upstream = LastOfList(values.Text(KeyedField::kUpstream));
  record.release = values.Text(KeyedField::kRelease);
}

bool TellsNoRequest(const KeyedValues& values) {
  const std::string_view kind = values.Text(KeyedField::kKind);
  return kind.starts_with("http.log.error") || kind.find("Firewall") != std::string_view::npos;
}

ParseError ReadKeyedRecord(const KeyedValues& values, bool stamps_make_duration, const TimeZone& zone,
                           AccessRecord& record) {
  if (TellsNoRequest(values)) return ParseError::kHeader;
  if (const ParseError error = ReadNumbers(values, record); error != ParseError::kNone) return error;
  if (const ParseError error = ReadTimes(values, stamps_make_duration, zone, record); error != ParseError::kNone) {
    return error;
  }
  const auto status = ParseKeyedStatus(values.Text(KeyedField::kStatus));
  if (!status) return ParseError::kBadStatus;
  record.status = *status;
  ReadKeyedService(values, record);
  ReadKeyedRequest(values, record);
  ReadKeyedCohort(values, record);
  return ParseError::kNone;
}

}  // namespace revertd
