#include "ingest/format/haproxy.h"

#include <algorithm>
#include <array>

#include "ingest/format/haproxy_fields.h"
#include "ingest/format/haproxy_http.h"
#include "ingest/format/text_fields.h"

namespace revertd {
namespace {

// option tcplog: CLIENT [TIME] FRONTEND BACKEND/SERVER Tw/Tc/Tt BYTES STATE A/F/B/S/R SQ/BQ
class TcpReader final : public LineReader {
 public:
  explicit TcpReader(const ReaderOptions& options) : clock_(options.zone) {}

  ParseError Parse(std::string_view line, AccessRecord& record) override {
    HaproxyHead head;
    if (!TakeClientHead(line, head)) return ParseError::kNoFormat;
    line = head.rest;
    TakeWord(line);  // the frontend
    std::array<DurationNs, 3> timers{};
    if (!ReadBackendAndServer(TakeWord(line), record) || !ReadTimers(TakeWord(line), timers)) {
      return ParseError::kNoFormat;
    }
    const auto size = ReadHaproxySize(TakeWord(line));
    const std::string_view state = TakeWord(line);
    if (!IsTerminationState(state, 2) || !IsConnectionCounts(TakeWord(line)) ||
        !ReadQueues(TakeWord(line), record.queue_length)) {
      return ParseError::kNoFormat;
    }
    const auto time = clock_.ReadClf(head.time);
    if (!time) return ParseError::kBadTime;
    if (!size) return ParseError::kBadField;
    record.status = StatusOfSession(state);
    record.aborted = IsClientAbort(state);
    record.bytes = *size;
    record.queue_ns = timers[0];
    record.connect_ns = timers[1];
    record.duration_ns = timers[2];
    record.start_ns = *time;
    record.end_ns = *time + std::max<DurationNs>(record.duration_ns, 0);
    return ParseError::kNone;
  }

 private:
  ZonelessClock clock_;
};

// Takes a quoted text and the blank behind it.
bool TakeQuotedWord(std::string_view& rest, std::string_view& text) {
  return ConsumeQuoted(rest, text) && Consume(rest, " ");
}

// option httplog clf: the combined format with empty referer and user agent, and the rest of httplog as words behind:
//   CLIENT - - [TIME] "REQUEST" STATUS BYTES "" "" PORT MS "FRONTEND" "BACKEND" "SERVER" TR Tw Tc Tr Ta STATE A F B S R
//   SQ BQ "COOKIE" "COOKIE" HEADERS
class ClfReader final : public LineReader {
 public:
  ParseError Parse(std::string_view line, AccessRecord& record) override {
    HaproxyHead head;
    if (!TakeHead(line, head) || !head.before.ends_with(" - -")) return ParseError::kNoFormat;
    line = head.rest;
    std::string_view request_text;
    if (!TakeQuotedWord(line, request_text)) return ParseError::kNoFormat;
    const std::string_view status_text = TakeWord(line);
    const std::string_view size_text = TakeWord(line);
    if (!Consume(line, "\"\" \"\" ")) return ParseError::kNoFormat;
    TakeWord(line);  // the client's port
    const std::string_view milliseconds = TakeWord(line);
    if (!TakeServer(line, record) || !TakeNumbers(line, record)) return ParseError::kNoFormat;
    const auto time = ParseClfTime(head.time);
    const auto fraction = ParseDecimal(milliseconds, kMillisecondNs);
    if (!time || !fraction || *fraction >= kSecondNs) return ParseError::kBadTime;
    const auto status = ReadHaproxyStatus(status_text);
    if (!status) return ParseError::kBadStatus;
    const auto size = ReadHaproxySize(size_text);
    if (!size) return ParseError::kBadField;
    record.status = *status;
    record.bytes = *size;
    record.start_ns = *time + *fraction;
    record.end_ns = record.start_ns + std::max<DurationNs>(record.duration_ns, 0);
    const RequestLine request = SplitRequestLine(request_text);
    record.method = request.method;
    record.path = request.path;
    record.host = request.host;
    return ParseError::kNone;
  }

 private:
  static bool TakeServer(std::string_view& line, AccessRecord& record) {
    std::string_view frontend;
    if (!TakeQuotedWord(line, frontend) || !TakeQuotedWord(line, record.backend) ||
        !TakeQuotedWord(line, record.upstream)) {
      return false;
    }
    if (record.upstream.starts_with('<')) record.upstream = {};
    return true;
  }

  // The timers, the state, the connection counts and the queues.
  static bool TakeNumbers(std::string_view& line, AccessRecord& record) {
    DurationNs until_request = 0;
    for (DurationNs* timer :
         {&until_request, &record.queue_ns, &record.connect_ns, &record.upstream_ns, &record.duration_ns}) {
      if (!ReadTimers(TakeWord(line), std::span(timer, 1))) return false;
    }
    const std::string_view state = TakeWord(line);
    if (!IsTerminationState(state, 4)) return false;
    record.aborted = IsClientAbort(state);
    record.queue_length = 0;
    constexpr int kCounts = 7;
    for (int i = 0; i < kCounts; ++i) {
      const auto count = ReadHaproxySize(TakeWord(line));
      if (!count || *count < 0) return false;
      if (i >= kCounts - 2) record.queue_length += *count;
    }
    return true;
  }
};

class HaproxyTcp final : public Format {
 public:
  std::string_view name() const override { return "haproxy_tcp"; }
  std::unique_ptr<LineReader> NewReader(const ReaderOptions& options) const override {
    return std::make_unique<TcpReader>(options);
  }
};

class HaproxyClf final : public Format {
 public:
  std::string_view name() const override { return "haproxy_clf"; }
  std::unique_ptr<LineReader> NewReader(const ReaderOptions& /*options*/) const override {
    return std::make_unique<ClfReader>();
  }
};

}  // namespace

std::span<const Format* const> HaproxyFormats() {
  using enum HaproxyHttp::Kind;
  // The same lines with captured headers, without a syslog head or with another, and one more name for httpslog.
  static const std::array http = {
      HaproxyHttp("haproxy_http", kHttp),          HaproxyHttp("haproxy_http_captures", kHttp),
      HaproxyHttp("haproxy_http_nosyslog", kHttp), HaproxyHttp("haproxy_http_rfc5424", kHttp),
      HaproxyHttp("haproxy_https", kHttps),        HaproxyHttp("haproxy_http_tls", kHttps)};
  static const HaproxyTcp tcp;
  static const HaproxyClf clf;
  static const auto formats = [] {
    std::vector<const Format*> all;
    all.reserve(std::size(http) + 2);
    for (const HaproxyHttp& format : http) all.push_back(&format);
    all.push_back(&tcp);
    all.push_back(&clf);
    return all;
  }();
  return formats;
}

int StatusOfSession(std::string_view state) {
  constexpr int kRefused = 403;
  constexpr int kOwnFault = 500;
  constexpr int kBrokenOff = 502;
  constexpr int kNoServer = 503;
  const bool was_connected = state.size() > 1 && (state[1] == 'D' || state[1] == 'L' || state[1] == 'T');
  switch (state.empty() ? '-' : state.front()) {
    case 'P': return kRefused;
    case 'I': return kOwnFault;
    case 'S': return was_connected ? kBrokenOff : kNoServer;
    // A server that was silent for long is how sessions end that nobody closes.
    case 's': return was_connected ? kStatusNotLogged : kNoServer;
    case 'R':  // no connection or memory was left
    case 'D':  // the server was found dead
      return kNoServer;
    // Clients that went away, and 'L', 'K', 'U': HAProxy's own answer, an operator's end, a better server came back.
    default: return kStatusNotLogged;
  }
}

}  // namespace revertd
