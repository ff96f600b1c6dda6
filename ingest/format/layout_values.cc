#include "ingest/format/layout_values.h"

#include "base/check.h"
#include "ingest/format/text_fields.h"

namespace revertd {
namespace {

std::string_view EmptyIfDash(std::string_view text) { return text == "-" ? std::string_view() : text; }

// What begins like a number and is none is damaged; anything else is another format's field.
ParseError ErrorOfNumber(std::string_view text) {
  const bool begins_like_one = !text.empty() && (text.front() == '-' || (text.front() >= '0' && text.front() <= '9'));
  return begins_like_one ? ParseError::kBadField : ParseError::kNoFormat;
}

// Of a number that is not read: what is none proves that the layout is another.
ParseError CheckNumber(std::string_view text) {
  return text == "-" || ParseDecimal(text, 1) ? ParseError::kNone : ParseError::kNoFormat;
}

ParseError ReadTime(std::optional<TimeNs> time, AccessRecord& record) {
  if (!time) return ParseError::kBadTime;
  record.end_ns = *time;
  return ParseError::kNone;
}

// ParseTime's range, so that a time plus a duration stays a time.
ParseError ReadEpoch(std::string_view text, DurationNs unit, AccessRecord& record) {
  constexpr TimeNs kYear2201 = 7'289'654'400 * kSecondNs;
  const auto time = ParseDecimal(text, unit);
  return ReadTime(time && *time < kYear2201 ? time : std::nullopt, record);
}

ParseError ReadNumber(std::string_view text, std::optional<int64_t> number, int64_t& value) {
  if (!number) return ErrorOfNumber(text);
  value = *number;
  return ParseError::kNone;
}

ParseError ReadStatus(std::string_view text, AccessRecord& record) {
  // "-" and "0": no answer was sent.
  const auto status = text == "-" || text == "0" ? std::optional<int>(0) : ParseStatus(text);
  if (!status) return ParseError::kBadStatus;
  record.status = *status;
  return ParseError::kNone;
}

// A number of `unit`, or "-" where there was nothing to measure.
std::optional<DurationNs> LoggedDuration(std::string_view text, DurationNs unit) {
  constexpr DurationNs kDurationMax = 1'000'000'000 * kSecondNs;  // 31 years: with a time it stays below 2^63
  if (text == "-") return kNotLogged;
  const auto duration = ParseDecimal(text, unit);
  return duration && *duration <= kDurationMax ? duration : std::nullopt;
}

// Calls `use` with each member of nginx's list "a, b : c".
template <typename Use>
bool ForEachMember(std::string_view list, const Use& use) {
  while (true) {
    const size_t end = list.find_first_of(" ,");
    if (!use(list.substr(0, end))) return false;
    if (end == std::string_view::npos) return true;
    list.remove_prefix(end);
    if (!Consume(list, ", ") && !Consume(list, " : ")) return false;
  }
}

// The sum of a list of seconds; "-" members say nothing.
std::optional<DurationNs> SumOfSeconds(std::string_view list) {
  constexpr DurationNs kSumMax = 1'000'000'000 * kSecondNs;  // 31 years, which keeps the sum within 64 bits
  DurationNs sum = kNotLogged;
  const bool is_whole = ForEachMember(list, [&sum](std::string_view member) {
    const auto seconds = LoggedDuration(member, kSecondNs);
    if (!seconds) return false;
    if (*seconds == kNotLogged) return true;
    sum = (sum == kNotLogged ? 0 : sum) + *seconds;
    return sum <= kSumMax;
  });
  return is_whole ? std::optional<DurationNs>(sum) : std::nullopt;
}

// The last server that was tried.
std::string_view LastMember(std::string_view list) {
  std::string_view last;
  const bool is_whole = ForEachMember(list, [&last](std::string_view member) {
    if (member != "-") last = member;
    return true;
  });
  return is_whole ? last : EmptyIfDash(list);
}

void ReadRequestLine(std::string_view text, AccessRecord& record) {
  const RequestLine request = SplitRequestLine(text);
  record.method = request.method;
  record.path = request.path;
  if (record.host.empty()) record.host = request.host;
}

void ReadTarget(std::string_view text, AccessRecord& record) {
  const Target target = SplitTarget(EmptyIfDash(text));
  record.path = target.path;
  if (record.host.empty()) record.host = target.host;
}

// A host of its own field goes before that of the target.
ParseError ReadHost(std::string_view text, AccessRecord& record) {
  const std::string_view host = HostWithoutPort(EmptyIfDash(text));
  if (!MayBeHost(host)) return ParseError::kNoFormat;
  if (!host.empty()) record.host = host;
  return ParseError::kNone;
}

std::optional<DurationNs> WholeNumber(std::string_view text, DurationNs unit) {
  return text.find('.') == std::string_view::npos ? LoggedDuration(text, unit) : std::nullopt;
}

}  // namespace

ParseError ReadLayoutValue(LayoutField field, std::string_view text, const std::optional<TimePattern>& pattern,
                           const TimeZone& zone, AccessRecord& record) {
  switch (field) {
    case LayoutField::kIgnored:
    case LayoutField::kIgnoredWord:
    case LayoutField::kIgnoredList:
    case LayoutField::kIgnoredQuoted: return ParseError::kNone;
    case LayoutField::kIgnoredNumber:
    case LayoutField::kSecondsAgain: return CheckNumber(text);
    case LayoutField::kTimeClf: return ReadTime(ParseClfTime(text), record);
    case LayoutField::kTimeIso: return ReadTime(ParseIsoTime(text), record);
    case LayoutField::kTimeEpochSeconds: return ReadEpoch(text, kSecondNs, record);
    case LayoutField::kTimeEpochMillis: return ReadEpoch(text, kMillisecondNs, record);
    case LayoutField::kTimeEpochMicros: return ReadEpoch(text, kMicrosecondNs, record);
    case LayoutField::kTimeOther: return ReadTime(pattern->Parse(text, zone), record);
    case LayoutField::kRequestLine: ReadRequestLine(text, record); return ParseError::kNone;
    case LayoutField::kMethod: record.method = IsMethod(text) ? text : std::string_view(); return ParseError::kNone;
    case LayoutField::kPathAndArgs:
      if (text.find('?') == std::string_view::npos && text.ends_with('-')) text.remove_suffix(1);
      [[fallthrough]];
    case LayoutField::kTarget:
    case LayoutField::kPath: ReadTarget(text, record); return ParseError::kNone;
    case LayoutField::kStatus: return ReadStatus(text, record);
    case LayoutField::kBytes: return ReadNumber(text, ParseSize(text), record.bytes);
    case LayoutField::kDurationSeconds: return ReadNumber(text, ParseMillisecondSeconds(text), record.duration_ns);
    case LayoutField::kDurationWholeSeconds: return ReadNumber(text, WholeNumber(text, kSecondNs), record.duration_ns);
    case LayoutField::kDurationMillis:
      return ReadNumber(text, LoggedDuration(text, kMillisecondNs), record.duration_ns);
    case LayoutField::kDurationMicros: return ReadNumber(text, WholeNumber(text, kMicrosecondNs), record.duration_ns);
    case LayoutField::kUpstreamSeconds: return ReadNumber(text, SumOfSeconds(text), record.upstream_ns);
    case LayoutField::kConnectSeconds: return ReadNumber(text, SumOfSeconds(text), record.connect_ns);
    case LayoutField::kHost: return ReadHost(text, record);
    case LayoutField::kUpstream: record.upstream = LastMember(text); return ParseError::kNone;
    case LayoutField::kBackend: record.backend = EmptyIfDash(text); return ParseError::kNone;
    case LayoutField::kRelease: record.release = EmptyIfDash(text); return ParseError::kNone;
    case LayoutField::kConnection: record.aborted = text == "X"; return ParseError::kNone;
  }
  REVERTD_CHECK(false);
}

}  // namespace revertd
