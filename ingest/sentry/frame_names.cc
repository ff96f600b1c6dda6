#include "ingest/sentry/frame_names.h"

#include <algorithm>

#include "base/ascii.h"
#include "ingest/path_template.h"
#include "ingest/sentry/message_template.h"
#include "ingest/sentry/text_marks.h"

namespace revertd {
namespace {

constexpr size_t kHashMin = 8;

// "3f2a9c1b", "DkT3x9Qz", "1234": no word that somebody chose.
bool IsHash(std::string_view part) {
  const auto count = [&](auto is) { return static_cast<size_t>(std::count_if(part.begin(), part.end(), is)); };
  const size_t digits = count(IsDigit);
  if (digits == part.size()) return !part.empty();
  if (part.size() < kHashMin || digits == 0) return false;
  if (count([](char c) { return HexDigit(c) >= 0; }) == part.size()) return true;
  // What bundlers write in base 64: letters of both cases mixed with figures, as no name mixes them.
  const size_t upper = count([](char c) { return c >= 'A' && c <= 'Z'; });
  return digits >= 2 && upper >= 2 && upper + digits < part.size() && part.size() <= 32;
}

bool IsJoint(char c) { return !IsAlnum(c) && c != '_' && c >= '\0'; }

// The parts between joints that are no hashes, with the joints before them.
std::string WithoutHashes(std::string_view text) {
  std::string out;
  size_t begin = 0;  // of a part with the joints before it
  while (begin < text.size()) {
    size_t word = begin;
    while (word < text.size() && IsJoint(text[word])) ++word;
    size_t end = word;
    while (end < text.size() && !IsJoint(text[end])) ++end;
    if (word == end || !IsHash(text.substr(word, end - word))) out += text.substr(begin, end - begin);
    begin = end;
  }
  return out;
}

std::string_view BaseName(std::string_view path) {
  path = path.substr(0, path.find_first_of("?#"));
  while (!path.empty() && (path.back() == '/' || path.back() == '\\')) path.remove_suffix(1);
  return path.substr(path.find_last_of("/\\") + 1);
}

// Rust's "::h" and 16 hexadecimal digits.
std::string_view WithoutRustHash(std::string_view function) {
  constexpr size_t kSuffix = 19;
  if (function.size() <= kSuffix) return function;
  const std::string_view suffix = function.substr(function.size() - kSuffix);
  const bool hash = suffix.substr(0, 3) == "::h" &&
                    std::all_of(suffix.begin() + 3, suffix.end(), [](char c) { return HexDigit(c) >= 0; });
  return hash ? function.substr(0, function.size() - kSuffix) : function;
}

bool IsMethod(std::string_view word) {
  return !word.empty() && word.size() <= 10 &&
         std::all_of(word.begin(), word.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

}  // namespace

std::string PlaceName(const ErrorFrame& frame) {
  if (!frame.module.empty()) return WithoutHashes(frame.module.substr(0, kFrameNameMax));
  const std::string_view file = frame.filename.empty() ? frame.package : frame.filename;
  return WithoutHashes(BaseName(file.substr(0, 8 * kFrameNameMax)).substr(0, kFrameNameMax));
}

std::string FunctionName(std::string_view function) {
  constexpr std::string_view kAnonymous = "<anonymous>";
  function = WithoutRustHash(function.substr(0, kFrameNameMax));
  for (const std::string_view none : {"", "?", "<anonymous>", "anonymous", "(anonymous)", "<unknown>", "(unknown)",
                                      "<lambda>", "{anonymous}", "<redacted>", "Anonymous function", "eval"}) {
    if (function == none) return std::string(kAnonymous);
  }
  // "Object.<anonymous>", "null.<anonymous>": by the engine's version.
  constexpr std::string_view kTail = ".<anonymous>";
  if (function.size() > kTail.size() && function.substr(function.size() - kTail.size()) == kTail) {
    return std::string(kAnonymous);
  }
  std::string out;
  for (size_t i = 0; i < function.size();) {
    const std::string_view rest = function.substr(i);
    size_t digits = 0;
    if (rest.substr(0, 2) == "0x") {
      digits = 2;
      while (digits < rest.size() && HexDigit(rest[digits]) >= 0) ++digits;
    } else {
      while (digits < rest.size() && IsDigit(rest[digits])) ++digits;
      // "lambda$pay$3", "{closure#2}", Go's "Pay.func1.2": counted by the compiler, other than "utf8".
      const bool after_mark = out.empty() || out.back() == '$' || out.back() == '#' || out.back() == '.' ||
                              (out.size() >= 5 && out.compare(out.size() - 5, 5, ".func") == 0);
      if (!after_mark) digits = 0;
    }
    if (digits > 0 && (digits == rest.size() || !IsLetter(rest[digits]))) {
      i += digits;
    } else {
      const size_t kept = std::max<size_t>(digits, 1);
      out += rest.substr(0, kept);
      i += kept;
    }
  }
  return out.empty() ? std::string(kAnonymous) : out;
}

std::string TransactionName(std::string_view transaction) {
  transaction = transaction.substr(0, kTemplateInputMax);
  std::string name;
  const size_t blank = transaction.find(' ');
  if (blank != std::string_view::npos && IsMethod(transaction.substr(0, blank))) {
    name = std::string(transaction.substr(0, blank + 1));
    transaction.remove_prefix(blank + 1);
  }
  if (const size_t colon = transaction.find("://"); colon != std::string_view::npos && colon <= 10) {
    const size_t slash = transaction.find('/', colon + 3);
    transaction = slash == std::string_view::npos ? std::string_view("/") : transaction.substr(slash);
  }
  if (transaction.empty() || transaction.front() != '/') return name + TemplateOf(transaction);
  PathTemplate path;
  return name + std::string(path.Write(transaction.substr(0, transaction.find_first_of("?#"))));
}

}  // namespace revertd
