#include "ingest/format/config_text.h"

#include "base/strings.h"
#include "ingest/format/text_fields.h"

namespace revertd {
namespace {

// Takes the directive's name and the blanks behind it off the front.
bool ConsumeDirective(std::string_view& rest, std::string_view name) {
  if (!rest.starts_with(name) || rest.size() == name.size() || rest[name.size()] != ' ') return false;
  rest = Trim(rest.substr(name.size()));
  return true;
}

// Takes a quoted piece off the front; `text` keeps its backslashes. False where it is not closed.
bool ConsumePiece(std::string_view& rest, std::string_view& text) {
  const char quote = rest.front();
  for (size_t i = 1; i < rest.size(); ++i) {
    if (rest[i] == '\\') {
      ++i;
    } else if (rest[i] == quote) {
      text = rest.substr(1, i - 1);
      rest = Trim(rest.substr(i + 1));
      return true;
    }
  }
  return false;
}

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

}  // namespace

StatusOr<std::string> NginxFormatString(std::string_view text) {
  std::string_view rest = Trim(text);
  const bool is_directive = ConsumeDirective(rest, "log_format");
  if (is_directive) {
    TakeUntil(rest, ' ');  // its name
    rest = Trim(rest);
  }
  std::string format;
  if (rest.starts_with("escape=")) {
    format = std::string(TakeUntil(rest, ' ')) + " ";
    rest = Trim(rest);
  }
  const auto is_piece = [&] { return rest.starts_with('\'') || (is_directive && rest.starts_with('"')); };
  if (!is_piece()) return std::string(text);
  while (is_piece()) {
    std::string_view piece;
    if (!ConsumePiece(rest, piece)) return NotClosed(rest);
    format += WithoutBackslashes(piece);
  }
  if (!rest.empty() && rest != ";") {
    return InvalidArgument("\"" + std::string(rest.substr(0, 20)) + "\" stands behind the pieces of a log_format");
  }
  return format;
}

StatusOr<std::string> ApacheFormatString(std::string_view text) {
  std::string_view rest = Trim(text);
  if (!ConsumeDirective(rest, "LogFormat") || !rest.starts_with('"')) return std::string(text);
  std::string_view piece;
  if (!ConsumePiece(rest, piece)) return NotClosed(rest);
  return std::string(piece);
}

}  // namespace revertd
