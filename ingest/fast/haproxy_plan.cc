#include "ingest/fast/haproxy_plan.h"

#include <algorithm>
#include <array>

#include "base/sample.h"
#include "ingest/fast/byte_search.h"
#include "ingest/fast/head_shape.h"
#include "ingest/format/civil_text.h"
#include "ingest/format/haproxy_fields.h"
#include "ingest/format/haproxy_request.h"
#include "ingest/syslog_head.h"

namespace revertd {
namespace {

using Kind = HaproxyHttp::Kind;

// The blanks of a line from the one in front of its bracket on; each is behind the word of its name.
enum Blank : uint8_t {
  kClient,
  kTime,
  kFrontend,
  kServer,
  kTimers,
  kStatus,
  kBytes,
  kRequestCookie,
  kResponseCookie,
  kState,
  kConnections,
  kQueues,
  // In a request of three words, the line's last:
  kMethod,
  kTarget,
  kLineEnd,
};

inline std::string_view Between(const char* begin, const char* end) {
  return {begin, static_cast<size_t>(end - begin)};
}

// Accept times, "21/Nov/2026:03:10:09". Requests end in another order than they came in, so that neighbouring lines
// are of many seconds: each second of a minute has a place of its own.
class AcceptTimes {
 public:
  explicit AcceptTimes(TimeZone zone) : clock_(std::move(zone)) {}

  static constexpr size_t kTextBytes = 20;

  bool Read(const char* text, TimeNs* time) {
    const Words words = {LoadWord(text), LoadWord(text + 8), LoadWord(text + kTextBytes - 8)};
    Entry& entry = entries_[((words[2] >> 48 & 0xF) * 10 + (words[2] >> 56 & 0xF)) % kPlaces];
    if (((entry.words[0] ^ words[0]) | (entry.words[1] ^ words[1]) | (entry.words[2] ^ words[2])) != 0) [[unlikely]] {
      const auto parsed = clock_.ReadClf({text, kTextBytes});
      if (!parsed) return false;
      entry = {.words = words, .time = *parsed};
    }
    *time = entry.time;
    return true;
  }

 private:
  static constexpr size_t kPlaces = 64;
  using Words = std::array<uint64_t, 3>;
  struct Entry {
    Words words{};  // all zero: no text
    TimeNs time = 0;
  };

  ZonelessClock clock_;
  std::array<Entry, kPlaces> entries_{};
};

class HaproxyPlan final : public FastPlanOf<HaproxyPlan> {
 public:
  HaproxyPlan(Kind kind, const ReaderOptions& options, const FieldNeeds& needs)
      : kind_(kind), is_alone_(options.alone), needs_(needs), times_(options.zone) {}

  const DelimiterSet& delimiters() const override {
    static constexpr DelimiterSet kBlanks{.bytes = {' '}, .size = 1, .dense = true};
    return kBlanks;
  }

  size_t ReadLine(const char* data, LineAt line, AccessRecord& record) {
    if (!SkipHead(data, line)) return 0;
    const uint32_t* const marks = line.marks + head_.blanks();
    const auto at = [data, marks](Blank blank) { return data + marks[blank]; };
    // A mark is a blank or an LF, which has not this bit.
    char all = ' ';
    for (size_t i = kClient; i <= kQueues; ++i) all &= data[marks[i]];
    if (all != ' ' || !IsClient(data + line.begin + head_.size(), at(kClient))) return 0;
    if (!ReadTimes(at(kClient), at(kTime), at(kServer) + 1, at(kTimers), record)) return 0;
    if (!ReadServer(at(kFrontend) + 1, at(kServer), record)) return 0;
    if (!ReadNumbers(data, marks, record)) return 0;
    const size_t used = ReadRequest(data, marks, record);
    return used == 0 ? 0 : head_.blanks() + used;
  }

 private:
  // Whether a date's bracket stands behind the head that is known, or else behind another one, which is then known.
  bool SkipHead(const char* data, LineAt line) {
    if (head_.StandsAt(data + line.begin) && IsBracket(data + line.marks[head_.blanks()])) [[likely]]
      return true;
    return LearnHead(data, line);
  }

  static bool IsBracket(const char* blank) { return kBracket.StandsAt(blank) && blank[8] == '/'; }

  bool LearnHead(const char* data, LineAt line) {
    const uint32_t* mark = line.marks;
    for (; !IsBracket(data + *mark); ++mark) {
      if (data[*mark] != ' ') return false;
    }
    const char* const begin = data + line.begin;
    const char* const client = mark == line.marks ? begin : data + mark[-1] + 1;
    const std::string_view head = Between(begin, client);
    // LineUnwrapper must take off just this head, or nothing that matters. Its other wrappers in front of a syslog
    // head begin otherwise, but CRI's: that names a stream.
    if (head.size() > HeadShape::kBytesMax || head.find(" std") != std::string_view::npos) return false;
    std::string_view rest = Between(begin, data + *mark + 1);
    if (!head.empty() && (!ConsumeSyslogHead(rest) || rest.data() != client)) return false;
    head_.Set(head);
    return true;
  }

  // "CLIENT:PORT", which is no wrapper's beginning, whatever head stands in front.
  static bool IsClient(const char* begin, const char* end) {
    constexpr uint64_t kColons = 0x3A3A3A3A3A3A3A3A;
    constexpr uint64_t kOnes = 0x0101010101010101;
    const auto size = static_cast<size_t>(end - begin);
    if (size < 2 || *begin == '{' || *begin == '<' || begin[4] == '-' || end[-1] < '0' || end[-1] > '9') return false;
    if (size < 8) return FindByte(begin, end, ':') != end;
    // No port has more than five digits, so that the last eight bytes have the colon.
    const uint64_t others = LoadWord(end - 8) ^ kColons;
    return ((others - kOnes) & ~others & (kOnes << 7)) != 0;
  }

  // Of " [21/Nov/2026:03:10:09.785] " and "10/0/30/69/109".
  bool ReadTimes(const char* blank, const char* close, const char* timers_begin, const char* timers_end,
                 AccessRecord& record) {
    const char* const text = blank + 2;
    const char* const fraction = text + AcceptTimes::kTextBytes;
    int64_t milliseconds;
    // The bracket closes behind three digits: no other place was looked at for it.
    if (close != fraction + 5 || close[-1] != ']' || *fraction != '.') return false;
    if (!ReadThreeDigits(fraction + 1, &milliseconds)) return false;
    TimeNs time;
    if (!times_.Read(text, &time)) return false;
    std::array<int64_t, 5> milliseconds_of;
    if (ReadShortNumbers(timers_begin, timers_end, milliseconds_of)) [[likely]] {
      record.queue_ns = milliseconds_of[1] * kMillisecondNs;
      record.connect_ns = milliseconds_of[2] * kMillisecondNs;
      record.upstream_ns = milliseconds_of[3] * kMillisecondNs;
      record.duration_ns = milliseconds_of[4] * kMillisecondNs;
    } else {
      std::array<DurationNs, 5> timers;
      if (!ReadTimers(Between(timers_begin, timers_end), timers)) return false;
      record.queue_ns = timers[1];
      record.connect_ns = timers[2];
      record.upstream_ns = timers[3];
      record.duration_ns = timers[4];
    }
    record.start_ns = time + milliseconds * kMillisecondNs;
    record.end_ns = record.start_ns + std::max<DurationNs>(record.duration_ns, 0);
    return true;
  }

  static bool ReadServer(const char* begin, const char* end, AccessRecord& record) {
    const char* const slash = FindByte(begin, end, '/');
    if (slash == begin || *begin == '-' || slash + 1 >= end || slash[1] == '<' || slash[1] == '-') [[unlikely]]
      return ReadBackendAndServer(Between(begin, end), record);
    record.backend = Between(begin, slash);
    record.upstream = Between(slash + 1, end);
    return true;
  }

  // From the status to the queues.
  static bool ReadNumbers(const char* data, const uint32_t* marks, AccessRecord& record) {
    const auto begin = [data, marks](Blank blank) { return data + marks[blank - 1] + 1; };
    const auto end = [data, marks](Blank blank) { return data + marks[blank]; };
    const auto word = [&](Blank blank) { return Between(begin(blank), end(blank)); };
    int64_t status;
    if (end(kStatus) - begin(kStatus) == 3 && ReadThreeDigits(begin(kStatus), &status)) [[likely]] {
      record.status = static_cast<int>(status);
    } else if (const auto exact = ReadHaproxyStatus(word(kStatus))) {
      record.status = *exact;
    } else {
      return false;
    }
    if (!ReadShortNumber(begin(kBytes), end(kBytes), &record.bytes)) [[unlikely]] {
      const auto exact = ReadHaproxySize(word(kBytes));
      if (!exact) return false;
      record.bytes = *exact;
    }
    const bool is_usual = end(kState) - begin(kState) == 4 && kNoState.StandsAt(begin(kState));
    if (!is_usual && !IsTerminationState(word(kState), 4)) return false;
    record.aborted = !is_usual && IsClientAbort(word(kState));
    if (!IsShortList(begin(kConnections), end(kConnections)) && !IsConnectionCounts(word(kConnections))) return false;
    record.queue_length = 0;
    return kNoQueues.StandsAt(end(kConnections)) || ReadQueues(word(kQueues), record.queue_length);
  }

  // Whether [begin, end) is "1/1/0/0/0": five numbers in twenty bytes, so that none has more than twelve digits.
  static bool IsShortList(const char* begin, const char* end) {
    const auto size = static_cast<size_t>(end - begin);
    if (size > 20) return false;
    const uint32_t inside = (uint32_t{1} << size) - 1;
    uint32_t slashes = MatchMask32(begin, '/') & inside;
    const uint32_t gaps = slashes | uint32_t{1} << size;  // a number ends in front of each
    const bool fits = (~DigitOrSlashMask32(begin) & inside) == 0 && (gaps & (gaps << 1 | 1)) == 0;
    for (int i = 0; i < 3; ++i) slashes &= slashes - 1;
    return fits && slashes != 0 && (slashes & (slashes - 1)) == 0;
  }

  // Answers how many marks there are from the client's on, or 0.
  size_t ReadRequest(const char* data, const uint32_t* marks, AccessRecord& record) const {
    const char* const opening = data + marks[kQueues] + 1;
    const char* const line_end = data + marks[kLineEnd];
    const char* const target = data + marks[kMethod] + 1;
    // Three words between quotes, no other quote before a blank, and a path for a target.
    const bool is_usual = (data[marks[kMethod]] & data[marks[kTarget]]) == ' ' && *line_end == '\n' &&
                          *opening == '"' && line_end[-1] == '"' && target[-2] != '"' &&
                          data[marks[kTarget] - 1] != '"' && *target == '/';
    if (!is_usual || kind_ == Kind::kHttps) [[unlikely]]
      return ReadAnyRequest(data, marks, record);
    record.host = {};
    if (needs_.request) SetRequest({.text = Between(opening + 1, line_end - 1), .tail = {}}, {}, {}, record);
    return kLineEnd + 1;
  }

  size_t ReadAnyRequest(const char* data, const uint32_t* marks, AccessRecord& record) const {
    size_t last = kMethod;
    while (data[marks[last]] != '\n') ++last;
    const std::string_view rest = Between(data + marks[kQueues] + 1, data + marks[last]);
    HaproxyRequest request;
    if (rest.ends_with('\r') || !ReadCapturesAndRequest(rest, request)) return 0;
    std::string_view sni;
    const bool is_https = ReadTlsTail(request.tail, sni);
    if (!is_alone_ && is_https != (kind_ == Kind::kHttps)) return 0;
    SetRequest(request, sni, {}, record);
    return last + 1;
  }

  static constexpr ShortLiteral kBracket{.word = 0x2F00005B20, .mask = 0xFF0000FFFF};  // " [dd/"
  static constexpr ShortLiteral kNoState = ShortLiteral::Of("---- ");
  static constexpr ShortLiteral kNoQueues = ShortLiteral::Of(" 0/0 ");

  const Kind kind_;
  const bool is_alone_;
  const FieldNeeds needs_;
  HeadShape head_;
  AcceptTimes times_;
};

}  // namespace

std::unique_ptr<FastPlan> NewHaproxyPlan(HaproxyHttp::Kind kind, const ReaderOptions& options,
                                         const FieldNeeds& needs) {
  return std::make_unique<HaproxyPlan>(kind, options, needs);
}

}  // namespace revertd
