#include "ingest/fast/json_plan.h"

#include <cstring>
#include <utility>

#include "ingest/fast/json_shape.h"
#include "ingest/format/json_scanner.h"
#include "ingest/format/keyed_record.h"

namespace revertd {
namespace {

// Unproven lines in a row after which the plan looks whether the log has changed its shape: seldom enough to cost
// nothing in a log without one, often enough to lose less than a block.
constexpr int kUnprovenMax = 64;

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
    const auto& rows = family_->dialect(dialect_).rows;
    const char* at = data + line.begin;
    const uint32_t* mark = line.marks;
    KeyedValues values;
    for (const JsonStep& step : steps_) {
      // The quotes first: they say that there are as many bytes as are compared.
      if (step.quotes != 0 && data + mark[step.quotes - 1] != at + step.last_quote) return 0;
      if (!StandsAt(step, at)) return 0;
      at += step.literal.size();
      mark += step.quotes;
      if (&step == &steps_.back()) break;
      const char* end = at;
      if (step.is_string) {
        end = data + *mark;
      } else {
        while (IsJsonBare(*end)) ++end;
        if (end == at) return 0;
      }
      if (step.row != JsonStep::kNoRow && !Keep(step, rows[step.row], {at, static_cast<size_t>(end - at)}, values)) {
        return 0;
      }
      at = end;
    }
    if (at != data + *mark || *at != '\n') return 0;
    record = {};
    const bool stamps = family_->dialect(dialect_).stamps_make_duration;
    if (ReadKeyedRecord(values, stamps, options_.zone, record) != ParseError::kNone) return 0;
    return static_cast<size_t>(mark - line.marks) + 1;
  }

  static bool StandsAt(const JsonStep& step, const char* at) {
    uint64_t differs = 0;
    for (const JsonStep::Word& word : step.words) {
      uint64_t bytes;
      std::memcpy(&bytes, at, sizeof(bytes));
      differs |= (bytes ^ word.bytes) & word.mask;
      at += sizeof(bytes);
    }
    return differs == 0;
  }

  static bool Keep(const JsonStep& step, const KeyedRow& row, std::string_view text, KeyedValues& values) {
    const bool is_blank = IsBlankValue(text) || (!step.is_string && text == "null");
    if (is_blank && step.has_rivals) return false;
    values.Set(row.field, row.unit, is_blank ? std::string_view() : text);
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
    steps_ = *std::move(steps);
    dialect_ = dialect;
  }

  const std::shared_ptr<const KeyedFamily> family_;
  const uint16_t own_;
  const ReaderOptions options_;
  const std::unique_ptr<LineReader> exact_;
  JsonScanner scanner_;
  KeyedLine found_;
  uint16_t dialect_ = 0;
  std::vector<JsonStep> steps_;  // empty: nothing is learned yet
  int unproven_ = 0;
};

}  // namespace

std::unique_ptr<FastPlan> NewJsonPlan(std::shared_ptr<const KeyedFamily> family, uint16_t dialect,
                                      const ReaderOptions& options, std::unique_ptr<LineReader> exact) {
  return std::make_unique<JsonPlan>(std::move(family), dialect, options, std::move(exact));
}

}  // namespace revertd
