#include "ingest/format/config_text.h"

#include <algorithm>
#include <optional>

#include "base/strings.h"
#include "ingest/format/text_fields.h"

namespace revertd {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

bool IsBlank(char c) { return kBlanks.find(c) != std::string_view::npos; }

// Takes the directive's name off the front.
bool ConsumeDirective(std::string_view& rest, std::string_view name) {
  if (!rest.starts_with(name) || rest.size() == name.size() || !IsBlank(rest[name.size()])) return false;
  rest = Trim(rest.substr(name.size()));
  return true;
}

// Takes blanks and comments off the front. A comment begins where a word could, so '#' inside one is text.
void SkipBlanks(std::string_view& rest) {
  while (!rest.empty() && (IsBlank(rest.front()) || rest.front() == '#')) {
    const size_t end = rest.front() == '#' ? rest.find('\n') : rest.find_first_not_of(kBlanks);
    rest.remove_prefix(std::min(end, rest.size()));
  }
}

// Where the first of `ends` stands in `text` that no backslash covers; npos where none does.
size_t FindUncovered(std::string_view text, std::string_view ends) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (ends.find(text[i]) != std::string_view::npos) {
      return i;
    }
  }
  return std::string_view::npos;
}

// Takes a quoted piece off the front; `text` keeps its backslashes. False where it is not closed.
bool ConsumePiece(std::string_view& rest, std::string_view& text) {
  const size_t end = FindUncovered(rest.substr(1), rest.substr(0, 1));
  if (end == std::string_view::npos) return false;
  text = rest.substr(1, end);
  rest.remove_prefix(end + 2);
  return true;
}

bool IsQuote(char c) { return c == '\'' || c == '"'; }

// As nginx reads its configuration: other backslashes stay.
std::string WithoutBackslashes(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    const char next = text[i] == '\\' && i + 1 < text.size() ? text[i + 1] : '\0';
    switch (next) {
      case '"':
      case '\'':
      case '\\': plain += next; break;
      case 't': plain += '\t'; break;
      case 'r': plain += '\r'; break;
      case 'n': plain += '\n'; break;
      default: plain += text[i]; continue;
    }
    ++i;
  }
  return plain;
}

Status NotClosed(std::string_view rest) {
  return InvalidArgument("the quote before \"" + std::string(rest.substr(1, 20)) + "\" is not closed");
}

Status StandsBehind(std::string_view rest) {
  return InvalidArgument("\"" + std::string(rest.substr(0, 20)) + "\" stands behind the pieces of a log_format");
}

// The next word of a directive, quoted or not, its backslashes undone; nullopt behind the last one.
StatusOr<std::optional<std::string>> TakeWord(std::string_view& rest) {
  SkipBlanks(rest);
  if (rest.empty() || rest.front() == ';') return std::optional<std::string>();
  std::string_view text;
  if (!IsQuote(rest.front())) {
    text = rest.substr(0, FindUncovered(rest, " \t\r\n;"));
    rest.remove_prefix(text.size());
    return std::optional(WithoutBackslashes(text));
  }
  const std::string_view from = rest;
  if (!ConsumePiece(rest, text)) return NotClosed(from);
  // nginx refuses it too: most often a quote inside the piece lacks its backslash.
  if (!rest.empty() && rest.front() != ';' && !IsBlank(rest.front())) return StandsBehind(rest);
  return std::optional(WithoutBackslashes(text));
}

// The pieces of a log_format, joined.
StatusOr<std::string> JoinWords(std::string_view rest) {
  std::string format;
  while (true) {
    auto word = TakeWord(rest);
    if (!word.ok()) return word.status();
    if (!word->has_value()) break;
    format += **word;
  }
  Consume(rest, ";");
  SkipBlanks(rest);
  if (!rest.empty()) return StandsBehind(rest);
  return format;
}

// Whether `text`, which has no directive in front, is pieces and not what stands inside one. A format may begin with a
// double quote; one that is a piece's has quotes with backslashes in it, or it could hold none.
bool ArePieces(std::string_view text) {
  if (text.starts_with('\'')) return true;
  std::string_view piece;
  return text.starts_with('"') && ConsumePiece(text, piece) && piece.find("\\\"") != std::string_view::npos;
}

}  // namespace

StatusOr<std::string> NginxFormatString(std::string_view text) {
  std::string_view rest = Trim(text);
  const bool is_directive = ConsumeDirective(rest, "log_format");
  if (is_directive) {
    if (auto name = TakeWord(rest); !name.ok()) return name.status();
    SkipBlanks(rest);
  }
  std::string escape;
  if (rest.starts_with("escape=")) {
    const size_t end = rest.find_first_of(kBlanks);
    escape = std::string(rest.substr(0, end)) + " ";
    rest = end == std::string_view::npos ? std::string_view() : Trim(rest.substr(end));
  }
  if (!is_directive && !ArePieces(rest)) {
    // What stands inside the quotes. Its blanks count, at both ends too.
    return escape + WithoutBackslashes(escape.empty() ? text : rest);
  }
  auto format = JoinWords(rest);
  if (!format.ok()) return format.status();
  return escape + *format;
}

StatusOr<std::string> ApacheFormatString(std::string_view text) {
  std::string_view rest = Trim(text);
  if (!ConsumeDirective(rest, "LogFormat") || !rest.starts_with('"')) return std::string(text);
  std::string_view piece;
  if (!ConsumePiece(rest, piece)) return NotClosed(rest);
  return std::string(piece);
}

}  // namespace revertd
