// Cells: cuts a line of columns into its cells. Between cells stand blanks or tabs; a cell in "quotes" or [brackets]
// may hold blanks. Pure functions, any thread.
#pragma once

#include <span>
#include <string_view>

namespace revertd {

struct Cell {
  std::string_view text;  // without its quotes or brackets, escapes left in
  char opener = '\0';     // '"' or '[', or none
};

// Takes the next cell off the front; false at the end of the line, and where a quote is not closed (the line was cut).
// A quote inside a cell is doubled, has a backslash before it, or has no blank behind it: servers differ.
bool TakeCell(std::string_view& rest, Cell& cell);
// Fills `cells` from the front of `line` and answers how many there were, at most as many as there is room for. Where
// the line holds a tab, tabs alone divide it, and a cell may be empty or hold blanks.
size_t CutCells(std::string_view line, std::span<Cell> cells);
// The same with quotes and brackets as ordinary characters, but for those around a whole word, which are taken off.
size_t CutWords(std::string_view line, std::span<Cell> cells);

}  // namespace revertd
