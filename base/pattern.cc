#include "base/pattern.h"

#include <re2/re2.h>

#include "base/strings.h"

namespace revertd {
namespace {

// Of one expression, compiled and at work. RE2 refuses what does not compile into a part of it; what runs out of it at
// work goes on with RE2's slower machine, still in linear time.
constexpr int64_t kMemoryBytesMax = int64_t{1} << 20;

// RE2 tells a text without memory from an empty one; we do not.
re2::StringPiece Piece(std::string_view text) {
  return text.empty() ? re2::StringPiece("", 0) : re2::StringPiece(text.data(), text.size());
}

}  // namespace

StatusOr<Pattern> Pattern::Compile(std::string_view expression) {
  if (expression.size() > kPatternBytesMax) {
    return InvalidArgument("an expression of at most " + std::to_string(kPatternBytesMax) + " bytes expected");
  }
  re2::RE2::Options options;
  options.set_encoding(re2::RE2::Options::EncodingUTF8);
  options.set_log_errors(false);  // what is wrong is answered, not printed
  options.set_max_mem(kMemoryBytesMax);
  options.set_never_capture(true);
  auto compiled = std::make_shared<const re2::RE2>(Piece(expression), options);
  if (!compiled->ok()) return InvalidArgument("no RE2 expression: " + Printable(compiled->error()));
  return Pattern(std::move(compiled));
}

bool Pattern::FindsIn(std::string_view text) const { return re2::RE2::PartialMatch(Piece(text), *compiled_); }

const std::string& Pattern::expression() const { return compiled_->pattern(); }

}  // namespace revertd
