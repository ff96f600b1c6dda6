// SourceText: one C++ file cut into what a compiler reads, what a person reads, and what is quoted, so that a rule
// about calls never trips over a comment or a string. Good enough for this tree; not a C++ parser.
//
// Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace revertd::tidy {

struct SourceText {
  std::string path;                   // from the root of the tree, with forward slashes
  std::vector<std::string> lines;     // as written
  std::vector<std::string> code;      // comments and the inside of quotes blanked; same lines, same columns
  std::vector<std::string> unquoted;  // only the inside of quotes blanked: code and comments
};

SourceText ReadSourceText(std::string_view path, std::string_view text);

struct Include {
  size_t line = 0;  // from 1
  std::string name;
  bool angled = false;  // <name> rather than "name"
};
std::vector<Include> IncludesOf(const SourceText& source);

struct FunctionExtent {
  size_t line = 0;  // from 1, where its declaration begins
  size_t lines = 0;
};
// The bodies that stand directly in a namespace or class: functions, tests, constructors. Initialised tables are none.
std::vector<FunctionExtent> FunctionsOf(const SourceText& source);

struct NamedType {
  size_t line = 0;   // from 1, where its declaration begins
  std::string name;  // with its namespaces: "revertd::StatusOr"
};
// The classes, structs, unions and enums that a linker may meet: those directly in a namespace that has a name.
std::vector<NamedType> TypesOf(const SourceText& source);

}  // namespace revertd::tidy
