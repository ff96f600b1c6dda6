#include "ingest/format/nginx_combined.h"

#include "ingest/format/combined_fields.h"
#include "ingest/format/text_fields.h"

namespace revertd {
namespace {

// Empty, or one quoted field.
bool IsCombinedTail(std::string_view tail) {
  if (tail.empty()) return true;
  std::string_view forwarded_for;
  return Consume(tail, " ") && ConsumeQuoted(tail, forwarded_for) && tail.empty();
}

// The host in front of the client. A client may be a list, "a, b": its members end in a comma and are no host.
std::string_view HostBefore(std::string_view client) {
  const std::string_view first = client.substr(0, client.find(' '));
  if (first.size() == client.size() || first.find(',') != std::string_view::npos) return {};
  return HostWithoutPort(first);
}

class Reader final : public LineReader {
 public:
  ParseError Parse(std::string_view line, AccessRecord& record) override {
    CombinedFields fields;
    if (!SplitCombined(line, fields) || !IsCombinedTail(fields.tail)) return ParseError::kNoFormat;
    const ParseError error = ReadCombined(fields, record);
    if (error == ParseError::kNone) record.host = HostBefore(fields.before_user);
    return error;
  }
};

}  // namespace

std::unique_ptr<LineReader> NginxCombined::NewReader(const ReaderOptions& /*options*/) const {
  return std::make_unique<Reader>();
}

}  // namespace revertd
