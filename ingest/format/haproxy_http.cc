#include "ingest/format/haproxy_http.h"

#include <algorithm>
#include <array>

#include "ingest/format/haproxy_fields.h"
#include "ingest/format/request_text.h"

namespace revertd {
namespace {

// Words that operators add between server and timers; more than these is another program's line.
constexpr int kOwnWordsMax = 3;

bool LooksLikeHost(std::string_view word) {
  bool has_letter = false;
  for (const char c : word) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    has_letter |= is_letter;
    if (!is_letter && (c < '0' || c > '9') && c != '.' && c != '-' && c != ':') return false;
  }
  return has_letter && word.find('.') != std::string_view::npos;
}

bool HasSlashes(std::string_view word, int64_t count) { return std::count(word.begin(), word.end(), '/') == count; }

// ` 0/0/0/0/1 shop.example.com/TLSv1.3/TLS_AES_256_GCM_SHA384`, what httpslog writes behind the request.
bool ReadTlsTail(std::string_view tail, std::string_view& sni) {
  if (!Consume(tail, " ")) return false;
  const std::string_view errors = TakeWord(tail);
  const std::string_view session = TakeWord(tail);
  if (!HasSlashes(errors, 4) || !HasSlashes(session, 2)) return false;
  if (errors.find_first_not_of("0123456789abcdefABCDEFx-/") != std::string_view::npos) return false;
  sni = session.substr(0, session.find('/'));
  if (sni == "-") sni = {};
  return true;
}

struct Quoted {
  std::string_view request;
  std::string_view tail;
  bool is_cut = false;
};

// The request ends at the quote behind its protocol; HAProxy writes quotes inside it as #22, old ones as they came.
Quoted TakeRequest(std::string_view rest) {
  rest.remove_prefix(1);
  size_t last = std::string_view::npos;
  for (size_t quote = rest.find('"'); quote != std::string_view::npos; quote = rest.find('"', quote + 1)) {
    last = quote;
    const std::string_view request = rest.substr(0, quote);
    const size_t protocol = request.rfind(' ');
    const bool is_whole = protocol == std::string_view::npos || request.substr(protocol + 1).starts_with("HTTP/");
    if (is_whole && (quote + 1 == rest.size() || rest[quote + 1] == ' ')) break;
  }
  if (last == std::string_view::npos) return {.request = rest, .tail = {}, .is_cut = true};
  return {.request = rest.substr(0, last), .tail = rest.substr(last + 1)};
}

// Behind the queues: the captured headers, in braces that no header may hold itself, then the request. False where
// neither stands there. A line cut inside the captures has no request, and is_cut.
bool TakeCapturesAndRequest(std::string_view rest, Quoted& quoted) {
  while (rest.starts_with('{')) {
    const size_t close = rest.find('}');
    if (close == std::string_view::npos) {
      quoted.is_cut = true;
      return true;
    }
    rest.remove_prefix(close + 1);
    Consume(rest, " ");
  }
  // The operator's own words may stand here too.
  const size_t quote = rest.starts_with('"') ? 0 : rest.find(" \"");
  if (quote == std::string_view::npos) return false;
  if (quote > 0) rest.remove_prefix(quote + 1);
  quoted = TakeRequest(rest);
  return true;
}

struct Fields {
  std::string_view time;
  std::string_view own_host;
  std::array<DurationNs, 5> timers{};  // TR, Tw, Tc, Tr, Ta; before HAProxy 1.7 Tq, Tw, Tc, Tr, Tt
  std::string_view status;
  std::string_view size;
  std::string_view state;
  int64_t queued = kNotLogged;
  Quoted quoted;
};

// Takes the words up to the timers off the front.
bool TakeTimers(std::string_view& rest, Fields& fields) {
  for (int words = 0; words <= kOwnWordsMax; ++words) {
    const std::string_view word = TakeWord(rest);
    if (ReadTimers(word, fields.timers)) return true;
    std::array<DurationNs, 3> tcp_timers{};
    if (ReadTimers(word, tcp_timers)) return false;
    if (fields.own_host.empty() && LooksLikeHost(word)) fields.own_host = word;
  }
  return false;
}

// Whether `line` has the layout; says nothing of time, status and size.
bool Split(std::string_view line, Fields& fields, AccessRecord& record) {
  HaproxyHead head;
  if (!TakeClientHead(line, head)) return false;
  fields.time = head.time;
  line = head.rest;
  TakeWord(line);  // the frontend
  if (!ReadBackendAndServer(TakeWord(line), record) || !TakeTimers(line, fields)) return false;
  fields.status = TakeWord(line);
  fields.size = TakeWord(line);
  TakeWord(line);  // the captured cookies
  TakeWord(line);
  fields.state = TakeWord(line);
  if (!IsTerminationState(fields.state, 4) || !IsConnectionCounts(TakeWord(line)) ||
      !ReadQueues(TakeWord(line), fields.queued)) {
    return false;
  }
  return TakeCapturesAndRequest(line, fields.quoted);
}

class Reader final : public LineReader {
 public:
  Reader(HaproxyHttp::Kind kind, const ReaderOptions& options)
      : kind_(kind), is_alone_(options.alone), clock_(options.zone) {}

  ParseError Parse(std::string_view line, AccessRecord& record) override {
    Fields fields;
    if (!Split(line, fields, record)) return ParseError::kNoFormat;
    std::string_view sni;
    const bool is_https = ReadTlsTail(fields.quoted.tail, sni);
    if (!is_alone_ && is_https != (kind_ == HaproxyHttp::Kind::kHttps)) return ParseError::kNoFormat;
    const auto time = clock_.ReadClf(fields.time);
    if (!time) return ParseError::kBadTime;
    const auto status = ReadHaproxyStatus(fields.status);
    if (!status) return ParseError::kBadStatus;
    const auto size = ReadHaproxySize(fields.size);
    if (!size) return ParseError::kBadField;
    record.status = *status;
    record.bytes = *size;
    record.aborted = IsClientAbort(fields.state);
    record.queue_ns = fields.timers[1];
    record.connect_ns = fields.timers[2];
    record.upstream_ns = fields.timers[3];
    record.duration_ns = fields.timers[4];
    record.queue_length = fields.queued;
    record.start_ns = *time;
    record.end_ns = *time + std::max<DurationNs>(record.duration_ns, 0);
    const Quoted& quoted = fields.quoted;
    const RequestLine request = quoted.is_cut ? SplitCutRequest(quoted.request) : SplitRequestLine(quoted.request);
    record.method = request.method;
    record.path = request.path;
    record.host = HostWithoutPort(!request.host.empty() ? request.host : !sni.empty() ? sni : fields.own_host);
    return ParseError::kNone;
  }

 private:
  const HaproxyHttp::Kind kind_;
  const bool is_alone_;
  ZonelessClock clock_;
};

}  // namespace

std::unique_ptr<LineReader> HaproxyHttp::NewReader(const ReaderOptions& options) const {
  return std::make_unique<Reader>(kind_, options);
}

}  // namespace revertd
