#include "ingest/fast/haproxy_plan.h"

#include <algorithm>
#include <array>

#include "base/sample.h"
#include "ingest/fast/byte_search.h"
#include "ingest/fast/haproxy_counts.h"
#include "ingest/fast/head_shape.h"
#include "ingest/fast/wide_text.h"
#include "ingest/format/civil_text.h"
#include "ingest/format/haproxy_fields.h"
#include "ingest/format/haproxy_request.h"
#include "ingest/syslog_head.h"

namespace revertd {
namespace {

using Kind = HaproxyHttp::Kind;

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

class HaproxyLineReader {
 public:
  HaproxyLineReader(Kind kind, const ReaderOptions& options, const FieldNeeds& needs)
      : kind_(kind), is_alone_(options.alone), needs_(needs), times_(options.zone) {}

  // As FastPlanOf asks. The first mark behind the head is the request's quote, or a LF where there is none: what is
  // read in front of it is of this line.
  template <typename Text>
  REVERTD_ALWAYS_INLINE size_t Read(const char* data, LineAt line, AccessRecord& record) {
    const char* const bracket = head_.StandsAt(data + line.begin) ? FindBracket<Text>(data, line) : nullptr;
    const char* const blank = bracket != nullptr ? bracket : LearnBracket(data, line);
    if (blank == nullptr || !ReadStart(data + line.begin + head_.size(), blank, record)) return 0;
    const uint32_t* const marks = line.marks + head_.quotes();
    const char* const quote = data + marks[0];
    const char* const counts = ReadNames<Text>(blank + kBracketBytes, data, marks, record);
    if (counts == nullptr) return 0;
    const char* const behind = ReadCounts<Text>(counts, data, marks, record);
    if (behind == nullptr) return 0;
    record.end_ns = record.start_ns + std::max<DurationNs>(record.duration_ns, 0);
    if (behind + 1 == quote && IsUsualRequest<Text>(data, marks)) [[likely]] {
      record.host = {};
      if (needs_.request) SetRequest({.text = Between(quote + 1, data + marks[1]), .tail = {}}, {}, {}, record);
      return head_.quotes() + kUsualMarks;
    }
    return ReadAnyRequest(behind, data, marks, record);
  }

 private:
  static constexpr size_t kBracketBytes = std::string_view(" [21/Nov/2026:03:10:09.785] ").size();
  static constexpr size_t kUsualMarks = 3;  // the request's quotes and the LF

  // The blank behind "CLIENT:PORT" in front of the date's bracket, where the head that is known stands; or nullptr.
  template <typename Text>
  REVERTD_ALWAYS_INLINE const char* FindBracket(const char* data, LineAt line) const {
    const char* const client = data + line.begin + head_.size();
    const char* const quote = data + line.marks[head_.quotes()];
    if (client >= quote) return nullptr;
    const char* const blank = client + std::countr_zero(Text::Find(client, ' '));
    return blank + kBracketBytes < quote && IsBracket(blank) ? blank : nullptr;
  }

  static bool IsBracket(const char* blank) { return kBracket.StandsAt(blank) && blank[8] == '/'; }

  // The same where another head stands, which is then known.
  [[gnu::noinline]] const char* LearnBracket(const char* data, LineAt line) {
    const char* const begin = data + line.begin;
    const uint32_t* mark = line.marks;
    while (data[*mark] != '\n') ++mark;
    const char* const end = data + *mark;
    const char* blank = FindByte(begin, end, ' ');
    const char* client = begin;
    for (; blank + kBracketBytes < end && !IsBracket(blank); blank = FindByte(client, end, ' ')) client = blank + 1;
    if (blank + kBracketBytes >= end) return nullptr;
    const std::string_view head = Between(begin, client);
    // LineUnwrapper must take off just this head, or nothing that matters. Its other wrappers in front of a syslog
    // head begin otherwise, but CRI's: that names a stream.
    if (head.size() > HeadShape::kBytesMax || head.find(" std") != std::string_view::npos) return nullptr;
    std::string_view rest = Between(begin, blank + 1);
    if (!head.empty() && (!ConsumeSyslogHead(rest) || rest.data() != client)) return nullptr;
    head_.Set(head);
    return FindBracket<PortableText>(data, line);
  }

  // "CLIENT:PORT", which is no wrapper's beginning, whatever head stands in front; then the time of the start.
  bool ReadStart(const char* client, const char* blank, AccessRecord& record) {
    if (blank - client < 2 || *client == '{' || *client == '<' || client[4] == '-' || !IsPort(client, blank))
      return false;
    const char* const text = blank + 2;
    const char* const fraction = text + AcceptTimes::kTextBytes;
    int64_t milliseconds;
    TimeNs time;
    if (!kClose.StandsAt(fraction + 4) || *fraction != '.' || !ReadThreeDigits(fraction + 1, &milliseconds) ||
        !times_.Read(text, &time))
      return false;
    record.start_ns = time + milliseconds * kMillisecondNs;
    return true;
  }

  // Whether a digit stands before `end`, and a colon in [begin, end).
  static bool IsPort(const char* begin, const char* end) {
    constexpr uint64_t kColons = 0x3A3A3A3A3A3A3A3A;
    constexpr uint64_t kOnes = 0x0101010101010101;
    if (end[-1] < '0' || end[-1] > '9') return false;
    if (end - begin < 8) return FindByte(begin, end, ':') != end;
    // No port has more than five digits, so that the last eight bytes have the colon.
    const uint64_t others = LoadWord(end - 8) ^ kColons;
    return ((others - kOnes) & ~others & (kOnes << 7)) != 0;
  }

  // "FRONTEND BACKEND/SERVER "; answers what is behind it, at most at the quote, or nullptr.
  template <typename Text>
  REVERTD_ALWAYS_INLINE const char* ReadNames(const char* names, const char* data, const uint32_t* marks,
                                              AccessRecord& record) const {
    const uint64_t blanks = Text::Find(names, ' ');
    const uint64_t behind_frontend = ~(blanks ^ (blanks - 1));
    const uint64_t others = blanks & behind_frontend;
    const char* const end = names + std::countr_zero(others);
    const char* const backend = names + std::countr_zero(behind_frontend);
    const char* const slash = names + std::countr_zero(Text::Find(names, '/') & behind_frontend);
    const bool is_usual = others != 0 && end < data + marks[0] && slash != backend && *backend != '-' &&
                          slash + 1 < end && slash[1] != '<' && slash[1] != '-';
    if (!is_usual) [[unlikely]]
      return ReadAnyNames(names, data, marks, record);
    record.backend = Between(backend, slash);
    record.upstream = Between(slash + 1, end);
    return end + 1;
  }

  // The same by the exact reader's own functions, as all that follow. Words end at a blank before the quote.
  [[gnu::noinline]] static const char* ReadAnyNames(const char* names, const char* data, const uint32_t* marks,
                                                    AccessRecord& record) {
    std::string_view rest = Between(names, data + marks[0]);
    TakeWord(rest);  // the frontend
    const bool is_read = ReadBackendAndServer(TakeWord(rest), record);
    return is_read && rest.data()[-1] == ' ' ? rest.data() : nullptr;
  }

  // From the timers on; answers what is behind the queues, of this line, or nullptr.
  template <typename Text>
  REVERTD_ALWAYS_INLINE const char* ReadCounts(const char* counts, const char* data, const uint32_t* marks,
                                               AccessRecord& record) {
    const char* const behind = counts_.ReadUsual<Text>(counts, record);
    return behind != nullptr && behind < data + marks[0] ? behind : ReadAnyCounts(counts, data, marks, record);
  }
  [[gnu::noinline]] static const char* ReadAnyCounts(const char* counts, const char* data, const uint32_t* marks,
                                                     AccessRecord& record) {
    std::string_view rest = Between(counts, data + marks[0]);
    return HaproxyCounts::TakeAny(rest, record) && rest.data()[-1] == ' ' ? rest.data() - 1 : nullptr;
  }

  // Two quotes around "METHOD /PATH...", and the line's end. Of a path no host is read.
  template <typename Text>
  REVERTD_ALWAYS_INLINE bool IsUsualRequest(const char* data, const uint32_t* marks) const {
    const char* const quote = data + marks[0];
    const char* const closing = data + marks[1];
    const char* const newline = data + marks[2];
    const char* const target = quote + 2 + std::countr_zero(Text::Find(quote + 1, ' '));
    return *quote == '"' && *closing == '"' && *newline == '\n' && closing + 1 == newline && target < closing &&
           *target == '/' && kind_ != Kind::kHttps;
  }

  // Captures, the request and a tail. `blank` stands in front of them. Answers as Read.
  [[gnu::noinline]] size_t ReadAnyRequest(const char* blank, const char* data, const uint32_t* marks,
                                          AccessRecord& record) const {
    size_t last = 0;
    while (data[marks[last]] != '\n') ++last;
    const char* const end = data + marks[last];
    HaproxyRequest request;
    if (blank >= end || end[-1] == '\r' || !ReadCapturesAndRequest(Between(blank + 1, end), request)) return 0;
    std::string_view sni;
    const bool is_https = ReadTlsTail(request.tail, sni);
    if (!is_alone_ && is_https != (kind_ == Kind::kHttps)) return 0;
    SetRequest(request, sni, {}, record);
    return head_.quotes() + last + 1;
  }

  static constexpr ShortLiteral kBracket{.word = 0x2F00005B20, .mask = 0xFF0000FFFF};  // " [dd/"
  static constexpr ShortLiteral kClose = ShortLiteral::Of("] ");

  const Kind kind_;
  const bool is_alone_;
  const FieldNeeds needs_;
  HeadShape head_;
  AcceptTimes times_;
  HaproxyCounts counts_;
};

constexpr DelimiterSet kQuotes{.bytes = {'"'}, .size = 1, .dense = false};

class PortablePlan final : public FastPlanOf<PortablePlan> {
 public:
  explicit PortablePlan(HaproxyLineReader reader) : reader_(std::move(reader)) {}
  const DelimiterSet& delimiters() const override { return kQuotes; }
  size_t ReadLine(const char* data, LineAt line, AccessRecord& record) {
    return reader_.Read<PortableText>(data, line, record);
  }

 private:
  HaproxyLineReader reader_;
};

#if defined(__x86_64__)
class Avx2Plan final : public FastPlanOf<Avx2Plan> {
 public:
  explicit Avx2Plan(HaproxyLineReader reader) : reader_(std::move(reader)) {}
  const DelimiterSet& delimiters() const override { return kQuotes; }
  REVERTD_TARGET_AVX2 size_t ReadLine(const char* data, LineAt line, AccessRecord& record) {
    return reader_.Read<Avx2Text>(data, line, record);
  }

 private:
  HaproxyLineReader reader_;
};
#endif

}  // namespace

std::unique_ptr<FastPlan> NewHaproxyPlan(HaproxyHttp::Kind kind, const ReaderOptions& options, const FieldNeeds& needs,
                                         SimdKernel kernel) {
  HaproxyLineReader reader(kind, options, needs);
#if defined(__x86_64__)
  if (kernel != SimdKernel::kPortable) return std::make_unique<Avx2Plan>(std::move(reader));
#endif
  return std::make_unique<PortablePlan>(std::move(reader));
}

}  // namespace revertd
