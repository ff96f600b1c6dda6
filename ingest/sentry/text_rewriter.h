// TextRewriter: a text read once from left to right and written anew: what stays is copied, what must not stay becomes
// a mark. Base of those who know what to look for.
//
// One text, one thread. The text outlives it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace revertd {

class TextRewriter {
 protected:
  explicit TextRewriter(std::string_view text) : text_(text) { out_.reserve(text.size()); }

  std::string_view rest() const { return text_.substr(at_); }
  void Keep(size_t count) {
    out_ += text_.substr(at_, count);
    at_ += count;
  }
  void Replace(size_t count, std::string_view mark) {
    out_ += mark;
    at_ += count;
  }

  std::string_view text_;
  size_t at_ = 0;
  std::string out_;
};

}  // namespace revertd
