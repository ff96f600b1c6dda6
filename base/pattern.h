// Pattern: whether a text holds a match of an expression that a user wrote (RE2 syntax). RE2, because it takes time
// linear in the text and bounded memory whatever the expression is; one that backtracks could be hung by a body.
//
// Thread contract: compiled once, then const and thread-safe; a copy shares what was compiled.
// Text and expression are UTF-8, so that a class or a dot stands for a whole character. A byte of a text that is no
// UTF-8 is matched by nothing, and the rest of the text still is; read as Latin-1, every letter beyond ASCII in an
// expression would be two. Case is as written ((?i) says otherwise), a dot is not a line end ((?s) says otherwise), ^
// and $ are the ends of the text ((?m) says otherwise).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"

namespace re2 {
class RE2;
}

namespace revertd {

inline constexpr size_t kPatternBytesMax = 1000;  // of the expression; longer ones are nobody's by hand

class Pattern {
 public:
  // InvalidArgument, with RE2's own words, where the expression is none or needs too much memory.
  static StatusOr<Pattern> Compile(std::string_view expression);

  bool FindsIn(std::string_view text) const;
  const std::string& expression() const;

 private:
  explicit Pattern(std::shared_ptr<const re2::RE2> compiled) : compiled_(std::move(compiled)) {}

  std::shared_ptr<const re2::RE2> compiled_;  // never null
};

}  // namespace revertd
