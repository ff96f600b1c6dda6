#include "ingest/fast/layout_plan.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/sample.h"
#include "ingest/fast/byte_search.h"
#include "ingest/fast/clf_time_cache.h"
#include "ingest/fast/layout_steps.h"
#include "ingest/format/text_fields.h"

namespace revertd {
namespace {

// The field's end: exact where the step's literal stands there.
inline const char* EndOf(const LayoutStep& step, const char* at, const char* next_mark) {
  return step.ends_by_mark ? next_mark - step.mark_offset : FindByte(at, next_mark, step.until);
}

// Whether the exact reader would take the same text for the field. Between quotes: the closing one is not escaped.
// Elsewhere: not empty, and no CR at the line's end.
inline bool IsPlain(const LayoutStep& step, const char* at, const char* end) {
  if (step.forbidden != '\0' && FindByte(at, end, step.forbidden) != end) return false;
  if (step.quoted) return end[-1] != '\\';
  return end > at && end[-1] != '\r' && !(step.is_list && (end[-1] == ',' || end[1] == ':'));
}

inline bool ReadSeconds(const char* at, const char* end, DurationNs& value) {
  int64_t thousandths;
  if (ReadShortThousandths(at, end, &thousandths)) [[likely]] {
    value = thousandths * kMillisecondNs;
    return true;
  }
  value = kNotLogged;
  return end - at == 1 && *at == '-';
}

inline bool ReadNumber(const LayoutStep& step, const char* at, const char* end, AccessRecord& record) {
  int64_t value;
  if (ReadShortNumber(at, end, &value)) [[likely]] {
    record.*step.number = value * step.unit;
    return true;
  }
  // Sizes may be longer, and "-"; of durations the exact reader knows.
  const auto exact = step.unit == 1 && end > at ? ParseSize({at, end}) : std::nullopt;
  record.*step.number = exact.value_or(0);
  return exact.has_value();
}

inline bool ReadStatus(const char* at, int& status) {
  const uint64_t word = LoadWord(at);
  const uint64_t digits = word & 0x0F0F0F;
  status = static_cast<int>((digits & 0xF) * 100 + (digits >> 8 & 0xF) * 10 + (digits >> 16));
  return AreDigits((word & 0xFFFFFF) | 0x3030303030000000);
}

// For want of a host the request's is taken.
inline bool ReadHost(const LayoutStep& step, const char* at, const char* end, AccessRecord& record) {
  const std::string_view host(at, static_cast<size_t>(end - at));
  if (!IsPlain(step, at, end) || host.empty() || host == "-") return false;
  if (*at == '[' || end[-1] == ',') return false;
  const char* const colon = FindByte(at, end, ':');
  // More than one is an address: where its port begins the exact function knows.
  const bool is_address = colon < end && FindByte(colon + 1, end, ':') != end;
  record.host = is_address ? HostWithoutPort(host) : host.substr(0, static_cast<size_t>(colon - at));
  return !record.host.empty() && (!is_address || MayBeHost(record.host));
}

inline bool ReadWord(const LayoutStep& step, const char* at, const char* end, AccessRecord& record) {
  const bool is_dash = end - at == 1 && *at == '-';
  record.*step.text = is_dash ? std::string_view() : std::string_view(at, static_cast<size_t>(end - at));
  return IsPlain(step, at, end);
}

// The combined format, with or without a host in front and a duration behind: what nearly every CLF log is, read in
// one go and not step by step.
struct CombinedShape {
  bool fits = false;
  bool has_host = false;
  bool has_duration = false;
};

CombinedShape CombinedShapeOf(const std::vector<LayoutStep>& steps) {
  using Kind = LayoutStep::Kind;
  CombinedShape shape;
  size_t at = 0;
  const auto take = [&](Kind kind, std::string_view literal) {
    const bool is = at < steps.size() && steps[at].kind == kind && steps[at].literal_size == literal.size() &&
                    steps[at].literal.word == ShortLiteral::Of(literal).word;
    at += is ? 1 : 0;
    return is;
  };
  shape.has_host = take(Kind::kHost, " ");
  if (shape.has_host && steps[0].quoted) return {};
  if (!take(Kind::kClient, " [") || !take(Kind::kClfCore, " \"")) return {};
  if (steps[at - 1].number != &AccessRecord::bytes || steps[at - 1].unit != 1) return {};
  shape.has_duration = take(Kind::kTwoTexts, "\" ");
  if (!shape.has_duration) {
    if (!take(Kind::kTwoTexts, "\"")) return {};
  } else if (!take(Kind::kSeconds, "") || steps[at - 1].number != &AccessRecord::duration_ns) {
    return {};
  }
  shape.fits = at == steps.size();
  return shape;
}

// One layout of a plan.
struct Program {
  Program(const Layout& layout, std::vector<LayoutStep> layout_steps)
      : steps(std::move(layout_steps)),
        combined(CombinedShapeOf(steps)),
        escapes(layout.escapes),
        time_is_start(layout.time_is_start),
        has_host(std::any_of(layout.items.begin(), layout.items.end(),
                             [](const LayoutItem& item) { return item.field == LayoutField::kHost; })) {}

  std::vector<LayoutStep> steps;
  CombinedShape combined;
  Escapes escapes;
  bool time_is_start;
  bool has_host;
};

class LayoutPlan final : public FastPlanOf<LayoutPlan> {
 public:
  LayoutPlan(std::vector<Program> programs, const FieldNeeds& needs)
      : programs_(std::move(programs)), needs_(needs), program_(programs_.data()) {}

  const DelimiterSet& delimiters() const override {
    static constexpr DelimiterSet kQuotes{.bytes = {'"'}, .size = 1, .dense = false};
    return kQuotes;
  }

  size_t ReadLine(const char* data, LineAt line, AccessRecord& record) {
    if (data[line.begin] == '#') [[unlikely]]
      return 0;  // a directive, as LayoutFormat's reader has it
    if (program_->combined.fits) [[likely]] {
      if (ReadCombined(data, line, record)) [[likely]]
        return kCombinedMarks;
    }
    if (const size_t used = ReadAs(data, line, record)) [[likely]]
      return used;
    // A log keeps to one layout for long: the one that fitted last is tried first.
    Program* const before = program_;
    for (Program& program : programs_) {
      if (&program == before) continue;
      program_ = &program;
      record = {};
      if (const size_t used = ReadAs(data, line, record)) return used;
    }
    program_ = before;
    record = {};
    return 0;
  }

 private:
  size_t ReadAs(const char* data, LineAt line, AccessRecord& record) {
    const uint32_t* mark = line.marks;
    const char* at = data + line.begin;
    record.duration_ns = kNotLogged;
    record.escapes = program_->escapes;
    for (const LayoutStep& step : program_->steps) {
      const char* const end = ReadField(step, data, at, mark, record);
      if (end == nullptr || !step.literal.StandsAt(end)) return 0;
      const char* const next_mark = data + *mark;
      at = end + step.literal_size;
      // Every quote of the literal is a mark, so the place of the first proves them all.
      if (step.quotes == 0 ? at > next_mark : end + step.mark_offset != next_mark) return 0;
      mark += step.quotes;
    }
    if (at != data + *mark || *at != '\n') return 0;
    PlaceInTime(record);
    return static_cast<size_t>(mark - line.marks) + 1;
  }

  // The logged time stands in end_ns.
  void PlaceInTime(AccessRecord& record) const {
    const DurationNs duration = record.duration_ns == kNotLogged ? 0 : record.duration_ns;
    record.start_ns = program_->time_is_start ? record.end_ns : record.end_ns - duration;
    record.end_ns = record.start_ns + duration;
  }

  // Quotes of request, referer and user agent, and the LF.
  static constexpr size_t kCombinedMarks = 7;

  // Proves the usual line only, or leaves it to ReadAs, which reads the same steps.
  bool ReadCombined(const char* data, LineAt line, AccessRecord& record) {
    const CombinedShape shape = program_->combined;
    const char* const opening = data + line.marks[0];
    const char* const closing = data + line.marks[1];
    const char* const referer = data + line.marks[2];
    const char* const middle = data + line.marks[3];
    const char* const behind = data + line.marks[5];
    const char* const newline = data + line.marks[6];
    const bool is_laid_out = kBeforeRequest.StandsAt(opening - 2) &&
                             (LoadWord(closing) & kStatusMask) == kStatusShape && kBeforeText.StandsAt(referer - 1) &&
                             kBetweenTexts.StandsAt(middle) && *behind == '"' && *newline == '\n';
    const bool is_escaped = closing[-1] == '\\' || middle[-1] == '\\' || behind[-1] == '\\';
    if (!is_laid_out || is_escaped) return false;
    if (!ReadFront(data + line.begin, opening, shape.has_host, record)) return false;
    if (!ReadStatus(closing + 2, record.status) || !ReadShortNumber(closing + 6, referer - 1, &record.bytes))
      return false;
    record.duration_ns = kNotLogged;
    if (shape.has_duration) {
      int64_t thousandths;
      if (behind[1] != ' ' || !ReadShortThousandths(behind + 2, newline, &thousandths)) return false;
      record.duration_ns = thousandths * kMillisecondNs;
    } else if (newline != behind + 1) {
      return false;
    }
    if (!ReadRequest(opening + 1, closing, record)) return false;
    record.escapes = program_->escapes;
    PlaceInTime(record);
    return true;
  }

  // `HOST CLIENT - - [TIME] ` or the same without host, from `at` to the request's quote.
  bool ReadFront(const char* at, const char* opening, bool has_host, AccessRecord& record) {
    const char* const time = opening - 2 - ClfTimeCache::kTextBytes;
    const char* const client_end = time - 6;
    const auto size = static_cast<size_t>(client_end - at);
    if (size - 1 >= 63 || !kNoUser.StandsAt(client_end) || client_end[-1] == ',') return false;
    const uint64_t blanks = MatchMask64(at, ' ') & ~(~uint64_t{0} << size);
    const char* client = at;
    if (has_host) {
      // Exactly one, and something before it.
      if (blanks <= 1 || (blanks & (blanks - 1)) != 0) return false;
      const char* const end = at + std::countr_zero(blanks);
      const uint64_t colons = MatchMask64(at, ':') & (blanks - 1);
      const uint64_t host_end = colons == 0 ? blanks : colons;
      if ((colons & (colons - 1)) != 0 || host_end == 1) return false;
      if (*at == '[' || *at == '-' || end[-1] == ',' || end[-1] == '\r') return false;
      record.host = {at, static_cast<size_t>(std::countr_zero(host_end))};
      client = end + 1;
    } else if (blanks != 0) {
      return false;
    }
    return client != client_end && *client != '-' && times_.Read(time, &record.end_ns);
  }

  // Answers the field's end, nullptr where it is not proven to be one. A time becomes end_ns.
  const char* ReadField(const LayoutStep& step, const char* data, const char* at, const uint32_t*& mark,
                        AccessRecord& record) {
    using Kind = LayoutStep::Kind;
    switch (step.kind) {
      case Kind::kLiteral: return at;
      case Kind::kTime: return times_.Read(at, &record.end_ns) ? at + ClfTimeCache::kTextBytes : nullptr;
      case Kind::kStatus: return ReadStatus(at, record.status) ? at + 3 : nullptr;
      case Kind::kClient: return ReadClient(at, data + *mark);
      case Kind::kTwoTexts: return ReadTwoTexts(data, at, mark);
      case Kind::kClfCore: return ReadClfCore(step, data, at, mark, record);
      case Kind::kIgnoredNumber:
        if (const size_t digits = CountDigits(at); digits - 1 < 7) return at + digits;
        return nullptr;
      default: break;
    }
    const char* const end = EndOf(step, at, data + *mark);
    return end >= at && ReadText(step, at, end, record) ? end : nullptr;
  }

  bool ReadText(const LayoutStep& step, const char* at, const char* end, AccessRecord& record) const {
    switch (step.kind) {
      case LayoutStep::Kind::kText: return IsPlain(step, at, end);
      case LayoutStep::Kind::kRequest: return IsPlain(step, at, end) && ReadRequest(at, end, record);
      case LayoutStep::Kind::kHost: return ReadHost(step, at, end, record);
      case LayoutStep::Kind::kWord: return ReadWord(step, at, end, record);
      case LayoutStep::Kind::kConnection: record.aborted = end - at == 1 && *at == 'X'; return IsPlain(step, at, end);
      case LayoutStep::Kind::kNumber: return ReadNumber(step, at, end, record);
      case LayoutStep::Kind::kSeconds: return ReadSeconds(at, end, record.*step.number);
      default: return false;
    }
  }

  // A client, and a user who is nearly always "-".
  static const char* ReadClient(const char* at, const char* next_mark) {
    const char* const blank = FindByte(at, next_mark, ' ');
    // A list goes on behind a comma. "-" for a client might be a user's name instead (AreDisjoint).
    if (blank == at || blank[-1] == ',' || (blank - at == 1 && *at == '-')) return nullptr;
    const uint64_t word = LoadWord(blank);
    if ((word & LowBytes(6)) == kNoUser.word) [[likely]]
      return blank + 4;
    if ((word & LowBytes(3)) != (kNoUser.word & LowBytes(3))) return nullptr;
    const char* const user = blank + 3;
    const char* const end = FindByte(user, next_mark, ' ');
    return end > user ? end : nullptr;
  }

  static const char* ReadTwoTexts(const char* data, const char* at, const uint32_t*& mark) {
    const char* const middle = data + mark[0];
    if (middle < at || !kBetweenTexts.StandsAt(middle) || middle[-1] == '\\') return nullptr;
    mark += 2;  // both of the literal
    const char* const end = data + mark[0];
    return end[-1] == '\\' ? nullptr : end;
  }

  const char* ReadClfCore(const LayoutStep& step, const char* data, const char* at, const uint32_t*& mark,
                          AccessRecord& record) {
    const char* const opening = data + mark[0];
    const char* const closing = data + mark[1];
    if (opening - at != ClfTimeCache::kTextBytes + 2 || !kBeforeRequest.StandsAt(opening - 2)) return nullptr;
    if (!times_.Read(at, &record.end_ns)) return nullptr;
    // `" 200 `: the digits' own bits are not looked at, and then are.
    if ((LoadWord(closing) & kStatusMask) != kStatusShape || !ReadStatus(closing + 2, record.status)) return nullptr;
    if (closing[-1] == '\\' || !ReadRequest(opening + 1, closing, record)) return nullptr;
    mark += 2;
    const char* const number = closing + 6;
    const char* const end = EndOf(step, number, data + *mark);
    return end > number && ReadNumber(step, number, end, record) ? end : nullptr;
  }

  bool ReadRequest(const char* at, const char* end, AccessRecord& record) const {
    if (!needs_.request && program_->has_host) return true;
    const std::string_view text(at, static_cast<size_t>(end - at));
    if (needs_.request) {
      const RequestLine request = SplitRequestLine(text);
      record.method = request.method;
      record.path = request.path;
      if (!program_->has_host) record.host = request.host;
      // What the backslashes in a path say hangs on who wrote them.
      return request.path.find('\\') == std::string_view::npos;
    }
    // Only an absolute target names a host; a path that begins with '/' is by far the usual.
    const char* const blank = FindByte(text.begin(), text.end(), ' ');
    record.host = {};
    if (blank != text.end() && blank[1] != '/') record.host = SplitRequestLine(text).host;
    return true;
  }

  static constexpr ShortLiteral kNoUser = ShortLiteral::Of(" - - [");
  static constexpr ShortLiteral kBeforeText = ShortLiteral::Of(" \"");
  static constexpr ShortLiteral kBetweenTexts = ShortLiteral::Of("\" \"");
  static constexpr ShortLiteral kBeforeRequest = ShortLiteral::Of("] \"");
  static constexpr uint64_t kStatusMask = 0xFFF0F0F0FFFF;
  static constexpr uint64_t kStatusShape = 0x203030302022;

  std::vector<Program> programs_;
  const FieldNeeds needs_;
  Program* program_;
  ClfTimeCache times_;
};

}  // namespace

std::unique_ptr<FastPlan> NewLayoutPlan(const std::vector<PlanLayout>& layouts, const FieldNeeds& needs) {
  std::vector<Program> programs;
  for (size_t i = 0; i < layouts.size(); ++i) {
    if (!layouts[i].wanted) continue;
    const Layout& layout = *layouts[i].layout;
    // The exact reader takes the first layout that fits: none before this one may.
    const bool is_first = std::all_of(layouts.begin(), layouts.begin() + static_cast<ptrdiff_t>(i),
                                      [&](const PlanLayout& before) { return AreDisjoint(*before.layout, layout); });
    if (!is_first) continue;
    if (auto steps = CompileLayoutSteps(layout)) programs.emplace_back(layout, *std::move(steps));
  }
  if (programs.empty()) return nullptr;
  return std::make_unique<LayoutPlan>(std::move(programs), needs);
}

}  // namespace revertd
