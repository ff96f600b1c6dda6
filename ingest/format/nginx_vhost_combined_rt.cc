#include "ingest/format/nginx_vhost_combined_rt.h"

#include "ingest/format/combined_fields.h"
#include "ingest/format/text_fields.h"

namespace revertd {
namespace {

// Takes "$host:$server_port " off the front. The port is what tells a host from a client address.
bool ConsumeHost(std::string_view& client, std::string_view& host) {
  const std::string_view first = TakeUntil(client, ' ');
  if (!Consume(client, " ") || client.empty()) return false;
  const size_t colon = first.rfind(':');
  if (colon == std::string_view::npos || colon + 1 == first.size()) return false;
  if (first.find_first_not_of("0123456789", colon + 1) != std::string_view::npos) return false;
  host = first.substr(0, colon);
  return true;
}

class Reader final : public LineReader {
 public:
  ParseError Parse(std::string_view line, AccessRecord& record) override {
    CombinedFields fields;
    std::string_view host;
    if (!SplitCombined(line, fields) || !ConsumeHost(fields.before_user, host)) return ParseError::kNoFormat;
    // Another quoted field would be combined's; anything else that is one word is this format's, good or damaged.
    if (!Consume(fields.tail, " ") || fields.tail.empty() || fields.tail.front() == '"' ||
        fields.tail.find(' ') != std::string_view::npos) {
      return ParseError::kNoFormat;
    }
    if (const ParseError error = ReadCombined(fields, record); error != ParseError::kNone) return error;
    const auto duration = ParseMillisecondSeconds(fields.tail);
    if (!duration) return ParseError::kBadField;
    record.host = host;
    record.duration_ns = *duration;
    if (*duration != kNotLogged) record.start_ns = record.end_ns - *duration;
    return ParseError::kNone;
  }
};

}  // namespace

std::unique_ptr<LineReader> NginxVhostCombinedRt::NewReader(const ReaderOptions& /*options*/) const {
  return std::make_unique<Reader>();
}

}  // namespace revertd
