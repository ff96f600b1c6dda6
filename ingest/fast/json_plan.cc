#include "ingest/fast/json_plan.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ingest/fast/byte_search.h"
#include "ingest/fast/json_shape.h"
#include "ingest/format/json_scanner.h"
#include "ingest/format/keyed_record.h"

namespace revertd {
namespace {

// Unproven lines in a row after which the plan looks whether the log has changed its shape: seldom enough to cost
// nothing in a log without one, often enough to lose less than a block.
constexpr int kUnprovenMax = 64;

// 2200 begins behind it: later times are the exact reader's affair.
constexpr TimeNs kLatestPlainNs = 7'000'000'000 * kSecondNs;

constexpr auto kIsBare = [] {
  std::array<bool, 256> is_bare{};
  for (int c = 0; c < 256; ++c) is_bare[static_cast<size_t>(c)] = IsJsonBare(static_cast<char>(c));
  return is_bare;
}();

class JsonPlan final : public FastPlanOf<JsonPlan> {
 public:
  JsonPlan(std::shared_ptr<const KeyedFamily> family, uint16_t dialect, const ReaderOptions& options,
           const FieldNeeds& needs, std::unique_ptr<LineReader> exact)
      : family_(std::move(family)), own_(dialect), options_(options), needs_(needs), exact_(std::move(exact)) {}

  const DelimiterSet& delimiters() const override {
    // A backslash is a mark as well: with one in it, no line has the marks that are expected, so no value has escapes.
    static constexpr DelimiterSet kQuotesAndEscapes{.bytes = {'"', '\\'}, .size = 2, .dense = true};
    return kQuotesAndEscapes;
  }

  size_t ReadLine(const char* data, LineAt line, AccessRecord& record) {
    if (const size_t marks = Prove(data, line, record)) [[likely]] {
      unproven_ = 0;
      return marks;
    }
    if (unproven_++ % kUnprovenMax == 0) Learn(data, line);
    return 0;
  }

 private:
  // Answers the line's marks, or 0.
  size_t Prove(const char* data, LineAt line, AccessRecord& record) {
    if (steps_.empty()) return 0;
    const char* at = data + line.begin;
    // The first one at `at` or behind it: every quote of a literal that was found is one, and no byte of a bare value.
    const uint32_t* mark = line.marks;
    Stamps stamps;
    record = {};
    for (const Step& step : steps_) {
      // What was found holds no LF, so that `at` stands in the block and the compare ends within the block's margin.
      if ((EqualMask32(at, step.text.data()) | step.behind) != ~uint32_t{0}) return 0;
      at += step.size;
      mark += step.quotes;
      const char* end = at;
      if (step.value == Value::kString) {
        end = data + *mark;
      } else if (step.value == Value::kBare) {
        while (kIsBare[static_cast<uint8_t>(*end)]) ++end;
        if (end == at) return 0;
      }
      if (step.is_field && !ReadValue(step, {at, static_cast<size_t>(end - at)}, stamps, record)) return 0;
      at = end;
    }
    if (at != data + *mark || *at != '\n') return 0;
    if (record.status == kStatusNotLogged) return 0;
    if (values_.Has(KeyedField::kKind) && TellsNoRequest(values_)) return 0;
    if (PlaceInTime(stamps.end, stamps.start, make_duration_, record) != ParseError::kNone) return 0;
    ReadKeyedService(values_, record);
    if (needs_.request) ReadKeyedRequest(values_, record);
    if (needs_.cohort) ReadKeyedCohort(values_, record);
    return static_cast<size_t>(mark - line.marks) + 1;
  }

  enum class Value : uint8_t { kNone, kString, kBare };

  // JsonStep, packed, or a piece of one whose literal is longer than one compare: the value comes behind the last.
  struct Step {
    static constexpr size_t kTextBytes = 32;

    std::array<char, kTextBytes> text{};
    uint32_t behind = 0;  // bit i: byte i is behind the text's end
    uint8_t size = 0;
    uint8_t quotes = 0;  // in the text
    Value value = Value::kNone;
    bool is_field = false;  // of those that are asked for
    bool has_rivals = false;
    KeyedField field = KeyedField::kMarker;
    TimeUnit unit = TimeUnit::kByForm;
  };

  struct Stamps {
    std::optional<TimeNs> end;
    std::optional<TimeNs> start;
  };

  // Numbers are read here in their usual forms and else as the exact reader does; texts are kept for it.
  bool ReadValue(const Step& step, std::string_view text, Stamps& stamps, AccessRecord& record) {
    if (IsBlankValue(text) || (step.value == Value::kBare && text == "null")) {
      // Of the line before another text may be there.
      values_.Set(step.field, step.unit, {});
      return !step.has_rivals;
    }
    switch (step.field) {
      case KeyedField::kStatus: return ReadStatus(text, record.status);
      case KeyedField::kBytes: return ReadShortNumber(text.data(), text.data() + text.size(), &record.bytes);
      case KeyedField::kDuration: return ReadDuration(text, step.unit, record.duration_ns);
      case KeyedField::kUpstreamTime: return ReadDuration(text, step.unit, record.upstream_ns);
      case KeyedField::kQueueTime: return ReadDuration(text, step.unit, record.queue_ns);
      case KeyedField::kConnectTime: return ReadDuration(text, step.unit, record.connect_ns);
      case KeyedField::kEnd: return ReadTime(text, stamps.end);
      case KeyedField::kStart: return ReadTime(text, stamps.start);
      case KeyedField::kInstance: return text.find("_IN_") == std::string_view::npos;
      default: values_.Set(step.field, step.unit, text); return true;
    }
  }

  static bool ReadStatus(std::string_view text, int& status) {
    int64_t number = 0;
    if (text.size() != 3 || !ReadShortNumber(text.data(), text.data() + 3, &number)) return false;
    status = static_cast<int>(number);
    return true;
  }

  static bool ReadDuration(std::string_view text, TimeUnit unit, DurationNs& duration) {
    const char* const end = text.data() + text.size();
    int64_t number = 0;
    if (unit == TimeUnit::kSeconds && ReadShortThousandths(text.data(), end, &number)) {
      duration = number * kMillisecondNs;
      return true;
    }
    if (unit == TimeUnit::kMillis && ReadShortNumber(text.data(), end, &number)) {
      duration = number * kMillisecondNs;
      return true;
    }
    const auto parsed = ParseAnyDuration(text, unit);
    duration = parsed.value_or(kNotLogged);
    return parsed.has_value();
  }

  // "1795230609.493", or a text that was there before: times of whole seconds come often.
  bool ReadTime(std::string_view text, std::optional<TimeNs>& time) {
    constexpr size_t kEpochBytes = 14;
    if (text.size() == kEpochBytes && text[10] == '.') {
      const uint64_t head = LoadWord(text.data());
      // 0 9 . 4 9 3 behind eight digits: without the point, and with three zeros in front, eight digits again.
      const uint64_t rest = LoadWord(text.data() + 6);
      const uint64_t tail = 0x303030 | (rest & 0xFFFF0000) << 8 | (rest & 0xFFFFFF0000000000);
      if (AreDigits(head) && AreDigits(tail)) {
        const auto milliseconds = static_cast<int64_t>(EightDigits(head) * 100'000 + EightDigits(tail));
        time = milliseconds * kMillisecondNs;
        return *time < kLatestPlainNs;
      }
    }
    if (text != last_text_) {
      const auto parsed = ParseAnyTime(text, options_.zone);
      if (!parsed) return false;
      last_text_ = text;
      last_time_ = *parsed;
    }
    time = last_time_;
    return true;
  }

  void Learn(const char* data, LineAt line) {
    const uint32_t* mark = line.marks;
    while (data[*mark] != '\n') ++mark;
    const std::string_view text(data + line.begin, *mark - line.begin);
    AccessRecord record;
    if (exact_->Parse(text, record) != ParseError::kNone) return;
    found_.Clear();
    if (scanner_.Scan(*family_, text, found_) != KeyedScanner::Result::kWhole) return;
    const bool any_dialect = !options_.alone || family_->dialect(own_).takes_the_rest;
    const uint16_t dialect = any_dialect ? family_->DialectOf(found_) : own_;
    if (KeyedValues(*family_, dialect, found_).Has(KeyedField::kInnerLine)) return;
    auto steps = LearnJsonShape(*family_, dialect, text);
    if (!steps) return;
    Compile(*steps, family_->dialect(dialect));
  }

  void Compile(const std::vector<JsonStep>& steps, const KeyedDialect& dialect) {
    make_duration_ = dialect.stamps_make_duration;
    values_ = {};
    steps_.clear();
    for (const JsonStep& step : steps) {
      std::string_view literal = step.literal;
      for (; literal.size() > Step::kTextBytes; literal.remove_prefix(Step::kTextBytes)) {
        AddText(literal.substr(0, Step::kTextBytes));
      }
      AddText(literal);
      if (&step == &steps.back()) return;
      Step& last = steps_.back();
      last.value = step.is_string ? Value::kString : Value::kBare;
      if (step.row == JsonStep::kNoRow || !IsAskedFor(dialect.rows[step.row].field)) continue;
      last.is_field = true;
      last.has_rivals = step.has_rivals;
      last.field = dialect.rows[step.row].field;
      last.unit = dialect.rows[step.row].unit;
    }
  }

  void AddText(std::string_view text) {
    Step& step = steps_.emplace_back();
    text.copy(step.text.data(), text.size());
    step.behind = text.size() == Step::kTextBytes ? 0 : ~uint32_t{0} << text.size();
    step.size = static_cast<uint8_t>(text.size());
    step.quotes = static_cast<uint8_t>(std::count(text.begin(), text.end(), '"'));
  }

  // The target and the request line may tell the host.
  bool IsAskedFor(KeyedField field) const {
    if (field == KeyedField::kMethod) return needs_.request;
    if (field == KeyedField::kUpstream || field == KeyedField::kRelease) return needs_.cohort;
    return true;
  }

  const std::shared_ptr<const KeyedFamily> family_;
  const uint16_t own_;
  const ReaderOptions options_;
  const FieldNeeds needs_;
  const std::unique_ptr<LineReader> exact_;
  JsonScanner scanner_;
  KeyedLine found_;
  std::vector<Step> steps_;  // empty: nothing is learned yet
  bool make_duration_ = false;
  KeyedValues values_;  // texts of the line at hand; every line of the shape sets the same ones
  int unproven_ = 0;
  std::string last_text_;  // the time that was parsed last
  TimeNs last_time_ = 0;
};

}  // namespace

std::unique_ptr<FastPlan> NewJsonPlan(std::shared_ptr<const KeyedFamily> family, uint16_t dialect,
                                      const ReaderOptions& options, const FieldNeeds& needs,
                                      std::unique_ptr<LineReader> exact) {
  return std::make_unique<JsonPlan>(std::move(family), dialect, options, needs, std::move(exact));
}

}  // namespace revertd
