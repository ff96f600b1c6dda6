#include "ingest/format/layout_reader.h"

#include <algorithm>
#include <cstdlib>

#include "ingest/format/layout_values.h"
#include "ingest/format/text_fields.h"

namespace revertd {
namespace {

constexpr size_t kNone = std::string_view::npos;

// What a server has no value of for some requests: where no upstream was asked, for one.
bool MayBeNothing(LayoutField field) {
  return field == LayoutField::kUpstreamSeconds || field == LayoutField::kConnectSeconds ||
         field == LayoutField::kIgnoredNumber;
}

// Fields that may hold any text.
bool IsFree(LayoutField field) {
  return field == LayoutField::kIgnored || field == LayoutField::kIgnoredQuoted || field == LayoutField::kRequestLine ||
         IsTarget(field);
}

bool IsList(LayoutField field) {
  return field == LayoutField::kIgnoredList || field == LayoutField::kUpstreamSeconds ||
         field == LayoutField::kConnectSeconds || field == LayoutField::kUpstream;
}

bool HasBlank(std::string_view text) { return text.find(' ') != kNone; }

// The length of a list "a, b : c" at the front of `text`, which may go on behind it.
size_t ListLength(std::string_view text) {
  size_t end = 0;
  while (true) {
    end = text.find(' ', end);
    if (end == kNone) return text.size();
    if (end > 0 && text[end - 1] == ',') {
      ++end;
    } else if (text.substr(end).starts_with(" : ")) {
      end += 3;
    } else {
      return end;
    }
  }
}

// Where the list begins that ends where `text` ends.
size_t ListBegin(std::string_view text) {
  size_t begin = text.size();
  while (true) {
    const size_t blank = text.rfind(' ', begin == 0 ? 0 : begin - 1);
    if (begin == 0 || blank == kNone) return 0;
    begin = blank + 1;
    const std::string_view before = text.substr(0, blank);
    if (before.ends_with(',')) {
      begin = blank;
    } else if (before.ends_with(" :")) {
      begin = blank - 2;
    } else {
      return begin;
    }
  }
}

// Whether all of `text` can be the field. Between quotes anything can: they say where it ends.
bool HasShape(const CompiledLayout::Field& field, std::string_view text) {
  if (IsFree(field.field) || field.blanks > 0) return true;
  return IsList(field.field) ? ListLength(text) == text.size() : !HasBlank(text);
}

// Where the text goes on behind `gaps` gaps of blanks.
size_t BehindGaps(std::string_view text, int gaps) {
  size_t at = 0;
  for (; gaps > 0 && at != kNone; --gaps) at = text.find_first_not_of(' ', text.find(' ', at));
  return at;
}

// Where the text before `gaps` gaps of blanks ends, counted from the end.
size_t BeforeGaps(std::string_view text, int gaps) {
  size_t end = text.size();
  for (; gaps > 0; --gaps) {
    const size_t blank = text.substr(0, end).rfind(' ');
    if (blank == kNone) return kNone;
    const size_t last = text.substr(0, blank).find_last_not_of(' ');
    if (last == kNone) return kNone;
    end = last + 1;
  }
  return end;
}

// The length of a shaped field at the front of `text`, with `next` the literal behind it; kNone where none fits.
size_t ShapedLength(const CompiledLayout::Field& field, std::string_view text, std::string_view next) {
  if (IsList(field.field) && (next.empty() || next.front() == ' ')) return ListLength(text);
  // A bracket behind a time ends it whatever it holds; a blank does so only behind the time's own.
  const size_t from = next.starts_with(' ') ? BehindGaps(text, field.blanks) : 0;
  if (from == kNone) return kNone;
  const size_t length = next.empty() ? text.size() : text.find(next, from);
  const bool may_have_blanks = IsList(field.field) || field.blanks > 0;
  return length == kNone || (!may_have_blanks && HasBlank(text.substr(0, length))) ? kNone : length;
}

// The begin of a shaped field that ends where `text` does, with a literal before it; kNone where none fits.
size_t ShapedBegin(const CompiledLayout::Field& field, std::string_view text) {
  const std::string_view literal = field.literal;
  if (IsList(field.field) && literal.ends_with(' ')) {
    const size_t begin = ListBegin(text);
    return text.substr(0, begin).ends_with(literal) ? begin : kNone;
  }
  const size_t end = literal.ends_with(' ') ? BeforeGaps(text, field.blanks) : text.size();
  const size_t at = end == kNone ? kNone : text.substr(0, end).rfind(literal);
  if (at == kNone) return kNone;
  const size_t begin = at + literal.size();
  const bool may_have_blanks = IsList(field.field) || field.blanks > 0;
  return !may_have_blanks && HasBlank(text.substr(begin)) ? kNone : begin;
}

bool IsQuoteEscaped(std::string_view line, size_t quote) {
  size_t backslashes = 0;
  while (backslashes < quote && line[quote - backslashes - 1] == '\\') ++backslashes;
  return backslashes % 2 == 1;
}

// Two numbers of which one is said to be the other's seconds, and is not, are of another format. A server may read its
// clock for each.
bool AgreesWithSeconds(DurationNs duration_ns, std::string_view text) {
  const auto seconds = text.empty() ? std::nullopt : ParseDecimal(text, 1);
  if (!seconds || duration_ns == kNotLogged) return true;
  return std::abs(duration_ns / kSecondNs - *seconds) <= 1;
}

// What no writer but nginx's log_escape writes: every backslash begins \xHH with capital digits.
bool AreNginxEscapes(std::string_view text) {
  constexpr std::string_view kHexDigits = "0123456789ABCDEF";
  for (size_t at = text.find('\\'); at != kNone; at = text.find('\\', at + 1)) {
    const std::string_view escape = text.substr(at, 4);
    if (escape.size() < 4 || escape[1] != 'x' || escape.find_first_not_of(kHexDigits, 2) != kNone) return false;
  }
  return true;
}

}  // namespace

void FindQuotes(std::string_view line, QuotePlaces& quotes) {
  quotes.count = 0;
  quotes.overflowed = false;
  for (size_t at = line.find('"'); at != kNone; at = line.find('"', at + 1)) {
    if (IsQuoteEscaped(line, at)) continue;
    if (quotes.count == kQuotesMax) {
      quotes.overflowed = true;
      return;
    }
    quotes.at[quotes.count++] = static_cast<uint32_t>(at);
  }
}

CompiledLayout::CompiledLayout(const Layout& layout)
    : quotes_are_escaped_(layout.quotes_are_escaped),
      nothing_is_empty_(layout.nothing_is_empty),
      time_is_start_(layout.time_is_start),
      escapes_(layout.escapes) {
  segments_.emplace_back();
  for (const LayoutItem& item : layout.items) {
    Cut(item.literal);
    Segment& segment = segments_.back();
    Field field{.literal = std::move(segment.tail), .field = item.field, .pattern = std::nullopt, .blanks = 0};
    if (item.field == LayoutField::kTimeClf) field.blanks = 1;
    field.blanks += static_cast<int>(std::ranges::count(item.time_format, ' '));
    if (item.field == LayoutField::kTimeOther) field.pattern = TimePattern::Compile(item.time_format).value();
    segment.fields.push_back(std::move(field));
    segment.tail.clear();
  }
  Cut(layout.tail);
  ends_in_any_quoted_ = !layout.items.empty() && layout.items.back().field == LayoutField::kIgnoredQuoted;
}

// Leaves what stands before the next field as the open segment's tail.
void CompiledLayout::Cut(std::string_view literal) {
  if (!quotes_are_escaped_) {
    if (literal.find('"') == kNone) {
      segments_.back().tail = literal;
    } else {
      segments_.back().separator = literal;
      segments_.emplace_back();
    }
    return;
  }
  for (size_t quote = literal.find('"'); quote != kNone; quote = literal.find('"')) {
    segments_.back().tail = literal.substr(0, quote);
    segments_.back().separator = "\"";
    segments_.emplace_back();
    literal.remove_prefix(quote + 1);
  }
  segments_.back().tail = literal;
}

LayoutReader::LayoutReader(const CompiledLayout* layout, const ReaderOptions& options)
    : layout_(layout), options_(options) {
  size_t fields = 0;
  for (const auto& segment : layout_->segments()) fields += segment.fields.size();
  values_.reserve(fields);
}

ParseError LayoutReader::Parse(std::string_view line, AccessRecord& record) {
  QuotePlaces quotes;
  if (layout_->quotes_are_escaped()) FindQuotes(line, quotes);
  return Parse(line, quotes, record);
}

ParseError LayoutReader::Parse(std::string_view line, const QuotePlaces& quotes, AccessRecord& record) {
  values_.clear();
  const bool fits = layout_->quotes_are_escaped() ? MatchAtQuotes(line, quotes) : MatchAtSeparators(line);
  if (!fits) return ParseError::kNoFormat;
  return ReadValues(record);
}

bool LayoutReader::MatchAtQuotes(std::string_view line, const QuotePlaces& quotes) {
  const size_t wanted = layout_->quotes();
  if (layout_->ends_in_any_quoted()) {
    if (quotes.count < wanted || quotes.count % 2 != 0 || quotes.overflowed) return false;
  } else if (quotes.count != wanted || quotes.overflowed) {
    return false;
  }
  const auto& segments = layout_->segments();
  const auto text_of = [&](size_t i) {
    const size_t begin = i == 0 ? 0 : quotes.at[i - 1] + 1;
    return line.substr(begin, i < wanted ? quotes.at[i] - begin : kNone);
  };
  // The last piece tells formats of one family apart: it goes first.
  for (size_t i = segments.size(); i-- > 0;) {
    if (!MatchSegment(segments[i], text_of(i), /*is_quoted=*/i % 2 == 1)) return false;
  }
  return true;
}

bool LayoutReader::MatchAtSeparators(std::string_view line) {
  const auto& segments = layout_->segments();
  std::string_view rest = line;
  for (size_t i = 0; i + 1 < segments.size(); ++i) {
    const CompiledLayout::Segment& segment = segments[i];
    const bool is_at_the_end = i + 2 == segments.size() && segments.back().fields.empty();
    const size_t end = is_at_the_end ? rest.rfind(segment.separator) : rest.find(segment.separator);
    if (end == kNone || !MatchSegment(segment, rest.substr(0, end), i > 0)) return false;
    rest.remove_prefix(end + segment.separator.size());
  }
  return MatchSegment(segments.back(), rest, /*is_quoted=*/false);
}

bool LayoutReader::MatchSegment(const CompiledLayout::Segment& segment, std::string_view text, bool is_quoted) {
  const auto& fields = segment.fields;
  if (!text.ends_with(segment.tail)) return false;
  size_t end = text.size() - segment.tail.size();
  if (fields.empty()) return end == 0;
  if (fields.size() == 1) {
    std::string_view value = text.substr(0, end);
    if (!Consume(value, fields[0].literal) || (!is_quoted && !HasShape(fields[0], value))) return false;
    values_.push_back({.field = fields.data(), .text = value});
    return true;
  }
  // From the left, up to the first free field. `first` and `begin` are what is not yet taken, as are `last` and `end`.
  size_t first = 0;
  size_t begin = 0;
  for (; first < fields.size() && !IsFree(fields[first].field); ++first) {
    const std::string& literal = fields[first].literal;
    const bool is_last = first + 1 == fields.size();
    const std::string_view next = is_last ? std::string_view() : std::string_view(fields[first + 1].literal);
    if (!is_last && next.empty()) break;  // a target runs on from here
    const std::string_view rest = text.substr(0, end).substr(begin);
    if (!rest.starts_with(literal)) return false;
    const size_t length = ShapedLength(fields[first], rest.substr(literal.size()), next);
    if (length == kNone) return false;
    values_.push_back({.field = &fields[first], .text = rest.substr(literal.size(), length)});
    begin += literal.size() + length;
  }
  if (first == fields.size()) return begin == end;
  // From the right, down to the last free field.
  size_t last = fields.size();
  for (; last - 1 > first && !IsFree(fields[last - 1].field) && !fields[last - 1].literal.empty(); --last) {
    const CompiledLayout::Field& field = fields[last - 1];
    const std::string_view rest = text.substr(0, end).substr(begin);
    const size_t at = ShapedBegin(field, rest);
    if (at == kNone) return false;
    values_.push_back({.field = &field, .text = rest.substr(at)});
    end = begin + at - field.literal.size();
  }
  // The middle.
  std::string_view rest = text.substr(0, end).substr(begin);
  for (; first < last; ++first) {
    if (!Consume(rest, fields[first].literal)) return false;
    size_t length = rest.size();
    if (first + 1 < last) {
      const std::string& next = fields[first + 1].literal;
      length = next.empty() ? rest.find('/') : rest.find(next);
      if (length == kNone) return false;
    }
    values_.push_back({.field = &fields[first], .text = rest.substr(0, length)});
    rest.remove_prefix(length);
  }
  return true;
}

ParseError LayoutReader::ReadValues(AccessRecord& record) const {
  record = AccessRecord{};
  bool has_method = false;
  bool has_path = false;
  std::string_view seconds_again;
  for (const Value& value : values_) {
    const LayoutField field = value.field->field;
    if (value.text.empty() && layout_->nothing_is_empty() && MayBeNothing(field)) continue;
    const ParseError error = ReadLayoutValue(field, value.text, value.field->pattern, options_.zone, record);
    if (error != ParseError::kNone) return error;
    if (field == LayoutField::kSecondsAgain) seconds_again = value.text;
    has_method = has_method || field == LayoutField::kMethod;
    has_path = has_path || IsTarget(field);
  }
  if (!AgreesWithSeconds(record.duration_ns, seconds_again)) return ParseError::kNoFormat;
  // One without the other is no request, where both are logged.
  if (has_method && has_path && (record.method.empty() || record.path.empty())) record.method = record.path = {};
  const DurationNs duration_ns = record.duration_ns == kNotLogged ? 0 : record.duration_ns;
  if (layout_->time_is_start()) {
    record.start_ns = record.end_ns;
    record.end_ns = record.start_ns + duration_ns;
  } else {
    record.start_ns = record.end_ns - duration_ns;
  }
  // Lines of one layout may come from nginx and from others: the text itself says how it is escaped.
  record.escapes = layout_->escapes();
  if (record.escapes == Escapes::kNginx && !AreNginxEscapes(record.path)) record.escapes = Escapes::kNone;
  return ParseError::kNone;
}

}  // namespace revertd
