#include "ingest/format/haproxy_http.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "ingest/fast/haproxy_plan.h"
#include "ingest/format/haproxy_fields.h"
#include "ingest/format/haproxy_request.h"

namespace revertd {
namespace {

// Words that operators add between server and timers; more than these is another program's line.
constexpr int kOwnWordsMax = 3;

bool LooksLikeHost(std::string_view word) {
  bool has_letter = false;
  for (const char c : word) {
    const bool is_letter = IsLetter(c);
    has_letter |= is_letter;
    if (!is_letter && !IsDigit(c) && c != '.' && c != '-' && c != ':') return false;
  }
  return has_letter && word.find('.') != std::string_view::npos;
}

struct Fields {
  std::string_view time;
  std::string_view own_host;
  std::array<DurationNs, 5> timers{};
  std::string_view status;
  std::string_view size;
  std::string_view state;
  int64_t queued = kNotLogged;
  HaproxyRequest request;
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
  return ReadCapturesAndRequest(line, fields.request);
}

class Reader final : public LineReader {
 public:
  Reader(HaproxyHttp::Kind kind, const ReaderOptions& options)
      : kind_(kind), is_alone_(options.alone), clock_(options.zone) {}

  ParseError Parse(std::string_view line, AccessRecord& record) override {
    Fields fields;
    if (!Split(line, fields, record)) return ParseError::kNoFormat;
    std::string_view sni;
    const bool is_https = ReadTlsTail(fields.request.tail, sni);
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
    SetTimers(fields.timers, record);
    record.queue_length = fields.queued;
    record.start_ns = *time;
    record.end_ns = *time + std::max<DurationNs>(record.duration_ns, 0);
    SetRequest(fields.request, sni, fields.own_host, record);
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

std::unique_ptr<FastPlan> HaproxyHttp::NewFastPlan(const ReaderOptions& options, const FieldNeeds& needs,
                                                   SimdKernel kernel) const {
  return NewHaproxyPlan(kind_, options, needs, kernel);
}

}  // namespace revertd
