#include "actions/markdown.h"

#include <algorithm>
#include <vector>

#include "base/strings.h"

namespace revertd {
namespace {

// What could open or close something in the middle of a line; the others only matter at its start.
constexpr std::string_view kMarks = "\\`*_[]<>#|~&!";
constexpr std::string_view kMarksAtStart = "-+=";

size_t LongestRun(std::string_view text, char wanted) {
  size_t longest = 0;
  size_t run = 0;
  for (const char c : text) {
    run = c == wanted ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return longest;
}

std::vector<std::string> PrintableLines(std::string_view text) {
  std::vector<std::string> lines;
  for (std::string_view line : Split(text, '\n')) {
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    std::string blanks(line);
    std::replace(blanks.begin(), blanks.end(), '\t', ' ');
    lines.push_back(Printable(blanks));
  }
  while (!lines.empty() && Trim(lines.back()).empty()) lines.pop_back();
  return lines;
}

}  // namespace

std::string MarkdownCode(std::string_view text) {
  if (Trim(text).empty()) return "-";
  const std::string printable = Printable(text);
  const std::string fence(LongestRun(printable, '`') + 1, '`');
  // A blank on both sides is taken off again, and a backtick at an end needs one.
  const bool needs_blanks =
      printable.front() == '`' || printable.back() == '`' || (printable.front() == ' ' && printable.back() == ' ');
  const std::string_view blank = needs_blanks ? " " : "";
  return fence + std::string(blank) + printable + std::string(blank) + fence;
}

std::string MarkdownCellCode(std::string_view text) {
  std::string cell;
  for (const char c : MarkdownCode(text)) {
    if (c == '|') cell += '\\';
    cell += c;
  }
  return cell;
}

std::string MarkdownBlock(std::string_view text) {
  const std::vector<std::string> lines = PrintableLines(text);
  const std::string body = Join(lines, "\n");
  const std::string fence(std::max<size_t>(3, LongestRun(body, '`') + 1), '`');
  return fence + "text\n" + (body.empty() ? "" : body + "\n") + fence + "\n";
}

std::string MarkdownQuote(std::string_view text) {
  std::string quote;
  for (const std::string& line : PrintableLines(text)) {
    const std::string_view words = Trim(line);
    quote += words.empty() ? ">" : "> ";
    for (size_t i = 0; i < words.size(); ++i) {
      const bool is_mark = kMarks.find(words[i]) != std::string_view::npos ||
                           (i == 0 && kMarksAtStart.find(words[i]) != std::string_view::npos);
      if (is_mark) quote += '\\';
      quote += words[i];
    }
    quote += '\n';
  }
  return quote;
}

}  // namespace revertd
