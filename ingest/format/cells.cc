#include "ingest/format/cells.h"

#include <algorithm>

#include "ingest/format/text_fields.h"

namespace revertd {
namespace {

constexpr bool IsBlank(char c) { return c == ' ' || c == '\t'; }

// Where a cell that began with a quote ends in `text`, which follows that quote.
size_t ClosingQuote(std::string_view text, bool backslash_escapes) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (backslash_escapes && text[i] == '\\') {
      ++i;
      continue;
    }
    if (text[i] != '"') continue;
    if (i + 1 == text.size() || IsBlank(text[i + 1])) return i;
    if (text[i + 1] == '"') ++i;
  }
  return std::string_view::npos;
}

bool TakeQuotedCell(std::string_view& rest, Cell& cell) {
  const std::string_view text = rest.substr(1);
  size_t end = ClosingQuote(text, true);
  if (end == std::string_view::npos) end = ClosingQuote(text, false);  // one that ends in a backslash
  if (end == std::string_view::npos) end = text.find('"');             // one with the next cell glued to it
  if (end == std::string_view::npos) return false;
  cell = {.text = text.substr(0, end), .opener = '"'};
  rest.remove_prefix(end + 2);
  return true;
}

// False where the bracket is only part of a word, as in "[::1]:443".
bool TakeBracketedCell(std::string_view& rest, Cell& cell) {
  const size_t end = rest.find(']');
  if (end == std::string_view::npos || (end + 1 < rest.size() && !IsBlank(rest[end + 1]))) return false;
  cell = {.text = rest.substr(1, end - 1), .opener = '['};
  rest.remove_prefix(end + 1);
  return true;
}

size_t CutAtTabs(std::string_view line, std::span<Cell> cells) {
  size_t count = 0;
  while (count < cells.size()) {
    cells[count++] = {.text = TakeUntil(line, '\t'), .opener = '\0'};
    if (!Consume(line, "\t")) break;
  }
  return count;
}

}  // namespace

bool TakeCell(std::string_view& rest, Cell& cell) {
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
  if (rest.empty()) return false;
  if (rest.front() == '"') return TakeQuotedCell(rest, cell);
  if (rest.front() == '[' && TakeBracketedCell(rest, cell)) return true;
  cell = {.text = rest.substr(0, rest.find_first_of(" \t")), .opener = '\0'};
  rest.remove_prefix(cell.text.size());
  return true;
}

size_t CutCells(std::string_view line, std::span<Cell> cells) {
  if (line.find('\t') != std::string_view::npos) return CutAtTabs(line, cells);
  size_t count = 0;
  while (count < cells.size() && TakeCell(line, cells[count])) ++count;
  return count;
}

size_t CutWords(std::string_view line, std::span<Cell> cells) {
  if (line.find('\t') != std::string_view::npos) return CutAtTabs(line, cells);
  size_t count = 0;
  for (; count < cells.size(); ++count) {
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    if (line.empty()) break;
    std::string_view word = TakeUntil(line, ' ');
    if (word.size() >= 2 && word.starts_with('"') && word.ends_with('"')) word = word.substr(1, word.size() - 2);
    cells[count] = {.text = word, .opener = '\0'};
  }
  return count;
}

}  // namespace revertd
