// LayoutReader: reads lines that are written in a Layout, exactly.
//
// A line is cut at its bare quotes first, which no field can forge where quotes are escaped. In the piece between two
// quotes the fields with a shape (numbers, words, lists, times) are taken from both ends, and what is left in the
// middle goes to the fields that may hold any text: each ends at the first place where the literal behind it stands,
// the last takes the rest. So a user name may hold blanks, brackets and dashes, and the time stays the time.
//
// Thread contract: a compiled layout is immutable, any thread; a reader belongs to one thread.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/format/format.h"
#include "ingest/format/layout.h"
#include "ingest/format/time_pattern.h"

namespace revertd {

// More quotes than any format has: a JSON line's keys and values as a log_format string need 4 each.
inline constexpr size_t kQuotesMax = 256;

// Where the bare quotes of a line stand. A quote behind a backslash is text, unless that backslash is itself escaped.
struct QuotePlaces {
  std::array<uint32_t, kQuotesMax> at;  // not initialised beyond count
  size_t count = 0;
  bool overflowed = false;
};
void FindQuotes(std::string_view line, QuotePlaces& quotes);

// A layout cut into the pieces between quotes.
class CompiledLayout {
 public:
  explicit CompiledLayout(const Layout& layout);

  struct Field {
    std::string literal;  // without quotes
    LayoutField field = LayoutField::kIgnored;
    std::optional<TimePattern> pattern;  // of kTimeOther
    int blanks = 0;                      // gaps in a time's text
  };
  struct Segment {
    std::vector<Field> fields;
    std::string tail;
    std::string separator;  // what ends the segment in the line; empty for the last
  };

  const std::vector<Segment>& segments() const { return segments_; }
  size_t quotes() const { return segments_.size() - 1; }  // of a line, where they are escaped
  bool quotes_are_escaped() const { return quotes_are_escaped_; }
  bool nothing_is_empty() const { return nothing_is_empty_; }
  bool ends_in_any_quoted() const { return ends_in_any_quoted_; }
  bool time_is_start() const { return time_is_start_; }
  Escapes escapes() const { return escapes_; }

 private:
  void Cut(std::string_view literal);

  std::vector<Segment> segments_;
  bool quotes_are_escaped_;
  bool nothing_is_empty_;
  bool ends_in_any_quoted_ = false;
  bool time_is_start_;
  Escapes escapes_;
};

class LayoutReader final : public LineReader {
 public:
  // `layout` outlives the reader.
  LayoutReader(const CompiledLayout* layout, const ReaderOptions& options);

  ParseError Parse(std::string_view line, AccessRecord& record) override;
  // The same with the line's quotes already found; for readers of several layouts.
  ParseError Parse(std::string_view line, const QuotePlaces& quotes, AccessRecord& record);

 private:
  // A field's text as the line has it.
  struct Value {
    const CompiledLayout::Field* field;
    std::string_view text;
  };

  bool MatchAtQuotes(std::string_view line, const QuotePlaces& quotes);
  bool MatchAtSeparators(std::string_view line);
  bool MatchSegment(const CompiledLayout::Segment& segment, std::string_view text, bool is_quoted);
  ParseError ReadValues(AccessRecord& record) const;

  const CompiledLayout* const layout_;
  const ReaderOptions options_;
  std::vector<Value> values_;  // of the line at hand; its memory is kept
};

}  // namespace revertd
