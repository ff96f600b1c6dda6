#include "ingest/fast/json_plan.h"

#include <algorithm>
#include <cstring>
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

class JsonPlan final : public FastPlanOf<JsonPlan> {
 public:
  JsonPlan(std::shared_ptr<const KeyedFamily> family, uint16_t dialect, const ReaderOptions& options,
           std::unique_ptr<LineReader> exact)
      : family_(std::move(family)), own_(dialect), options_(options), exact_(std::move(exact)) {}

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
    const uint32_t* mark = line.marks;
    const Word* word = words_.data();
    Stamps stamps;
    record = {};
    for (const Step& step : steps_) {
      // The quotes first: they say that there are as many bytes as are compared.
      if (step.quotes != 0 && data + mark[step.quotes - 1] != at + step.last_quote) return 0;
      uint64_t differs = 0;
      for (const char* from = at; from < at + step.literal_size; from += 8, ++word) {
        differs |= (LoadWord(from) ^ word->bytes) & word->mask;
      }
      if (differs != 0) return 0;
      at += step.literal_size;
      mark += step.quotes;
      const char* end = at;
      if (step.ends_by_mark) {
        end = data + *mark;
      } else if (!step.is_tail) {
        while (IsJsonBare(*end)) ++end;
        if (end == at) return 0;
      }
      if (step.is_field && !ReadValue(step, {at, static_cast<size_t>(end - at)}, stamps, record)) return 0;
      at = end;
    }
    if (at != data + *mark || *at != '\n') return 0;
    if (record.status == kStatusNotLogged || TellsNoRequest(values_)) return 0;
    if (PlaceInTime(stamps.end, stamps.start, make_duration_, record) != ParseError::kNone) return 0;
    ReadKeyedTexts(values_, record);
    return static_cast<size_t>(mark - line.marks) + 1;
  }

  // Eight bytes of a literal; of the last word those that count.
  struct Word {
    uint64_t bytes;
    uint64_t mask;
  };
  // JsonStep, packed; its words follow those of the step before.
  struct Step {
    uint32_t literal_size;
    uint32_t quotes;
    uint32_t last_quote;
    bool ends_by_mark;
    bool is_tail;
    bool is_field;
    bool has_rivals;
    KeyedField field;
    TimeUnit unit;
  };

  struct Stamps {
    std::optional<TimeNs> end;
    std::optional<TimeNs> start;
  };

  // Numbers are read here in their usual forms and else as the exact reader does; texts are kept for it.
  bool ReadValue(const Step& step, std::string_view text, Stamps& stamps, AccessRecord& record) {
    if (IsBlankValue(text) || (!step.ends_by_mark && text == "null")) {
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
    words_.clear();
    for (const JsonStep& step : steps) {
      const bool is_field = step.row != JsonStep::kNoRow;
      const KeyedRow row = is_field ? dialect.rows[step.row] : KeyedRow{.path = {}, .field = KeyedField::kMarker};
      steps_.push_back({.literal_size = static_cast<uint32_t>(step.literal.size()),
                        .quotes = step.quotes,
                        .last_quote = step.last_quote,
                        .ends_by_mark = step.is_string,
                        .is_tail = &step == &steps.back(),
                        .is_field = is_field,
                        .has_rivals = step.has_rivals,
                        .field = row.field,
                        .unit = row.unit});
      for (size_t i = 0; i < step.literal.size(); i += 8) {
        const size_t size = std::min<size_t>(step.literal.size() - i, 8);
        Word word{.bytes = 0, .mask = LowBytes(size)};
        std::memcpy(&word.bytes, step.literal.data() + i, size);
        words_.push_back(word);
      }
    }
  }

  const std::shared_ptr<const KeyedFamily> family_;
  const uint16_t own_;
  const ReaderOptions options_;
  const std::unique_ptr<LineReader> exact_;
  JsonScanner scanner_;
  KeyedLine found_;
  std::vector<Step> steps_;  // empty: nothing is learned yet
  std::vector<Word> words_;
  bool make_duration_ = false;
  KeyedValues values_;  // texts of the line at hand; every line of the shape sets the same ones
  int unproven_ = 0;
  std::string last_text_;  // the time that was parsed last
  TimeNs last_time_ = 0;
};

}  // namespace

std::unique_ptr<FastPlan> NewJsonPlan(std::shared_ptr<const KeyedFamily> family, uint16_t dialect,
                                      const ReaderOptions& options, std::unique_ptr<LineReader> exact) {
  return std::make_unique<JsonPlan>(std::move(family), dialect, options, std::move(exact));
}

}  // namespace revertd
