// The rules that this tree holds itself to, each a function from a file to what is wrong with it. A review comment made
// twice becomes a line here, with the preferred replacement in its message.
//
// Pure functions, any thread.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/tidy/source_text.h"

namespace revertd::tidy {

inline constexpr size_t kColumnsMax = 120;
inline constexpr size_t kFunctionLinesMax = 70;
inline constexpr size_t kFileLinesMax = 450;

// One complaint reads "path:line: what is wrong; what to do instead".
using Complaints = std::vector<std::string>;

// The include table of docs/architecture.md: a folder includes only what stands to its left.
Complaints CheckIncludeTable(const SourceText& source);
// Each third-party package has one owner in the tree.
Complaints CheckPackageOwners(const SourceText& source);
// Calls that have a better place or a better form.
Complaints CheckBannedCalls(const SourceText& source);
// A header opens with what it is for, then #pragma once before any other directive.
Complaints CheckHeaderOpening(const SourceText& source);
// A source file includes its own header, if it has one, before all others: so every build proves that the header stands
// alone, and cmake/Library.cmake compiles by themselves only the headers without a source file.
Complaints CheckOwnHeaderFirst(const SourceText& source, bool has_header);
// Columns, lines of a function, lines of a file.
Complaints CheckLengths(const SourceText& source);

// Rules of every text of the tree, scripts and documents too.
Complaints CheckPlainAscii(const SourceText& source);  // also trailing blanks and tabs
Complaints CheckNoLeftovers(const SourceText& source);
// `root` is where this checkout stands: it may be written nowhere, nor may any developer's home.
Complaints CheckNoMachinePath(const SourceText& source, std::string_view root);

// A source file that its folder's CMakeLists.txt does not name is never built, and a test in it never runs.
Complaints CheckIsBuilt(const SourceText& source, std::string_view cmake_lists);

// One name, one type in the whole tree: where two files each define a `revertd::X`, the linker keeps one of the two
// destructors without a word, for both. Reads file after file.
class OneTypePerName {
 public:
  Complaints Check(const SourceText& source);

 private:
  std::map<std::string, std::string> places_;  // by the type's name
};

}  // namespace revertd::tidy
