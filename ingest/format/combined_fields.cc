#include "ingest/format/combined_fields.h"

#include "ingest/format/text_fields.h"

namespace revertd {

bool SplitCombined(std::string_view line, CombinedFields& fields) {
  std::string_view rest = line;
  std::string_view head = TakeUntil(rest, '"');
  if (!head.ends_with("] ")) return false;
  head.remove_suffix(2);
  const size_t bracket = head.rfind(" [");
  if (bracket == std::string_view::npos) return false;
  fields.time = head.substr(bracket + 2);
  head = head.substr(0, bracket);
  // The first " - ": a user name may hold one too, an address may not.
  const size_t user = head.find(" - ");
  if (user == std::string_view::npos) return false;
  fields.before_user = head.substr(0, user);

  std::string_view referer;
  std::string_view user_agent;
  if (!ConsumeQuoted(rest, fields.request) || !Consume(rest, " ")) return false;
  fields.status = TakeUntil(rest, ' ');
  if (!Consume(rest, " ")) return false;
  fields.size = TakeUntil(rest, ' ');
  if (!Consume(rest, " ") || !ConsumeQuoted(rest, referer)) return false;
  if (!Consume(rest, " ") || !ConsumeQuoted(rest, user_agent)) return false;
  fields.tail = rest;
  return true;
}

ParseError ReadCombined(const CombinedFields& fields, AccessRecord& record) {
  const auto time = ParseClfTime(fields.time);
  if (!time) return ParseError::kBadTime;
  const auto status = ParseStatus(fields.status);
  if (!status) return ParseError::kBadStatus;
  const auto size = ParseSize(fields.size);
  if (!size) return ParseError::kBadField;
  const RequestLine request = SplitRequestLine(fields.request);
  record = AccessRecord{};
  record.end_ns = *time;
  record.start_ns = *time;
  record.status = *status;
  record.escapes = Escapes::kNginx;
  record.bytes = *size;
  record.method = request.method;
  record.path = request.path;
  return ParseError::kNone;
}

}  // namespace revertd
