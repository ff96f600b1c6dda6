#include "ingest/sentry/text_marks.h"

#include <algorithm>

#include "base/ascii.h"

namespace revertd {
namespace {

bool IsLocal(char c) { return IsAlnum(c) || c == '.' || c == '_' || c == '%' || c == '+' || c == '-'; }

// Letters, figures and hyphens.
size_t LabelLength(std::string_view text) {
  size_t length = 0;
  while (length < text.size() && (IsAlnum(text[length]) || text[length] == '-')) ++length;
  return length;
}

// 1 to 4 hexadecimal digits with nothing of a word behind them.
size_t HexGroupLength(std::string_view text) {
  size_t length = 0;
  while (length < text.size() && length < 5 && HexDigit(text[length]) >= 0) ++length;
  return length > 4 || (length < text.size() && IsAlnum(text[length])) ? 0 : length;
}

}  // namespace

size_t EmailDomainLength(std::string_view text) {
  text = text.substr(0, kMarkBytesMax);
  size_t length = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t label = LabelLength(text.substr(at));
    if (label == 0) break;
    const std::string_view name = text.substr(at, label);
    if (at > 0 && label >= 2 && std::all_of(name.begin(), name.end(), IsLetter)) length = at + label;
    at += label;
    if (at == text.size() || text[at] != '.') break;
    ++at;
  }
  return length;
}

size_t EmailLocalLength(std::string_view text) {
  size_t length = 0;
  while (length < text.size() && IsLocal(text[text.size() - 1 - length])) ++length;
  return length;
}

size_t Ipv4Length(std::string_view text) {
  size_t at = 0;
  for (int part = 0; part < 4; ++part) {
    if (part > 0 && (at == text.size() || text[at++] != '.')) return 0;
    size_t digits = 0;
    while (at + digits < text.size() && digits < 4 && IsDigit(text[at + digits])) ++digits;
    if (digits == 0 || digits > 3) return 0;
    at += digits;
  }
  return at < text.size() && IsAlnum(text[at]) ? 0 : at;
}

size_t Ipv6Length(std::string_view text) {
  constexpr int kGroups = 8;
  int groups = 0;
  bool gap = false;
  bool digit = false;
  size_t at = 0;  // behind the last group, or behind the gap
  while (groups < kGroups) {
    size_t begin = at;
    const std::string_view rest = text.substr(at);
    if (!gap && rest.substr(0, 2) == "::") {
      gap = true;
      at += 2;
      begin = at;
    } else if (groups > 0 && (at == 0 || text[at - 1] != ':')) {
      if (rest.empty() || rest[0] != ':') break;
      ++begin;
    }
    const size_t length = HexGroupLength(text.substr(begin));
    if (length == 0) break;
    const std::string_view group = text.substr(begin, length);
    digit = digit || std::any_of(group.begin(), group.end(), IsDigit);
    at = begin + length;
    ++groups;
  }
  // "abc::def" is a name of C++; an address has a figure somewhere.
  return digit && (gap || groups == kGroups) ? at : 0;
}

size_t SchemeLength(std::string_view text, size_t colon) {
  size_t length = 0;
  while (length < colon && IsLetter(text[colon - 1 - length])) ++length;
  return length < 2 ? 0 : length;
}

size_t UrlRestLength(std::string_view text) {
  size_t length = 0;
  while (length < text.size()) {
    const char c = text[length];
    if (c <= ' ' && c >= '\0') break;
    if (c == '"' || c == '\'' || c == '`' || c == '<' || c == '>' || c == '\x7F') break;
    ++length;
  }
  constexpr std::string_view kEnds = ".,;:!?)]}";
  while (length > 0 && kEnds.find(text[length - 1]) != std::string_view::npos) --length;
  return length;
}

}  // namespace revertd
