#include "ingest/format/uwsgi.h"

#include <algorithm>

#include "ingest/format/civil_text.h"
#include "ingest/format/text_fields.h"

namespace revertd {
namespace {

// Takes everything through `mark` off the front and answers what stood before it; false where there is none.
bool TakeThrough(std::string_view& rest, std::string_view mark, std::string_view& before) {
  const size_t at = rest.find(mark);
  if (at == std::string_view::npos) return false;
  before = rest.substr(0, at);
  rest.remove_prefix(at + mark.size());
  return true;
}

struct Fields {
  std::string_view time;
  std::string_view method;
  std::string_view target;
  std::string_view size;
  std::string_view duration;
  std::string_view unit;
  std::string_view status;
};

bool Split(std::string_view line, Fields& fields) {
  std::string_view head;
  std::string_view protocol;
  std::string_view via;  // "via sendfile(", "via route(" or "via offload("
  // With memory-report a line begins with what the process holds.
  const size_t pid = line.find("[pid: ");
  if (pid == std::string_view::npos || (pid > 0 && !line.starts_with("{address space usage: "))) return false;
  line.remove_prefix(pid);
  return TakeThrough(line, "} [", head) && TakeThrough(line, "] ", fields.time) &&
         TakeThrough(line, " ", fields.method) && TakeThrough(line, " => generated ", fields.target) &&
         TakeThrough(line, " bytes in ", fields.size) && TakeThrough(line, " ", fields.duration) &&
         TakeThrough(line, " ", fields.unit) && (!line.starts_with("via ") || TakeThrough(line, ") ", via)) &&
         Consume(line, "(") && TakeThrough(line, " ", protocol) && TakeThrough(line, ")", fields.status);
}

class Reader final : public LineReader {
 public:
  explicit Reader(const ReaderOptions& options) : zone_(options.zone) {}

  ParseError Parse(std::string_view line, AccessRecord& record) override {
    Fields fields;
    if (!Split(line, fields)) return ParseError::kNoFormat;
    const auto civil = ParseCtimeCivil(fields.time);
    if (!civil) return ParseError::kBadTime;
    const auto status = ParseStatus(fields.status);
    if (!status) return ParseError::kBadStatus;
    const auto size = ParseSize(fields.size);
    // "msecs", or "micros" where log-micros is set.
    const auto duration =
        ParseLoggedDuration(fields.duration, fields.unit == "micros" ? kMicrosecondNs : kMillisecondNs);
    if (!size || !duration || (fields.unit != "micros" && fields.unit != "msecs")) return ParseError::kBadField;
    record.start_ns = zone_.ToUtc(*civil);
    record.end_ns = record.start_ns + std::max<DurationNs>(*duration, 0);
    record.duration_ns = *duration;
    record.status = *status;
    record.bytes = *size;
    record.method = fields.method;
    const Target target = SplitTarget(fields.target);
    record.path = target.path;
    record.host = target.host;
    return ParseError::kNone;
  }

 private:
  TimeZone zone_;
};

}  // namespace

std::unique_ptr<LineReader> Uwsgi::NewReader(const ReaderOptions& options) const {
  return std::make_unique<Reader>(options);
}

}  // namespace revertd
