// Markdown (CommonMark, tables of GitHub's) of texts that others chose: names out of log lines, commit messages, the
// remote's words. What comes in can end neither the code that it stands in, nor its table cell, nor its line, so it
// can add no heading, link or row of its own.
//
// Pure, any thread.
#pragma once

#include <string>
#include <string_view>

namespace revertd {

// One line of code: `text`, control characters as '?'. An empty text is the word "-".
std::string MarkdownCode(std::string_view text);
// The same in a table's cell, where '|' ends a cell even inside code.
std::string MarkdownCellCode(std::string_view text);
// Several lines of code.
std::string MarkdownBlock(std::string_view text);
// A person's words, as a quotation: paragraphs stay, their marks are letters.
std::string MarkdownQuote(std::string_view text);

}  // namespace revertd
