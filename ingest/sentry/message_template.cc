#include "ingest/sentry/message_template.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "ingest/sentry/text_marks.h"
#include "ingest/sentry/text_rewriter.h"

namespace revertd {
namespace {

constexpr size_t kUnitMax = 3;   // letters behind figures: "ms", "MB", "rd"
constexpr size_t kHexIdMin = 7;  // a revision, as git shortens it
constexpr size_t kIdMin = 16;
constexpr std::string_view kOpenQuote = "\xE2\x80\x9C";
constexpr std::string_view kCloseQuote = "\xE2\x80\x9D";

size_t CountWhile(std::string_view text, bool (*fits)(char)) {
  size_t count = 0;
  while (count < text.size() && fits(text[count])) ++count;
  return count;
}

// `pattern` in which d is a digit and x a hexadecimal one, at the beginning of `text`.
bool Fits(std::string_view text, std::string_view pattern) {
  if (text.size() < pattern.size()) return false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const bool fits = pattern[i] == 'd'   ? IsDigit(text[i])
                      : pattern[i] == 'x' ? HexDigit(text[i]) >= 0
                                          : text[i] == pattern[i];
    if (!fits) return false;
  }
  return true;
}

bool EndsAt(std::string_view text, size_t length) { return length == text.size() || !IsAlnum(text[length]); }

size_t UuidLength(std::string_view text) {
  constexpr std::string_view kPattern = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  return Fits(text, kPattern) && EndsAt(text, kPattern.size()) ? kPattern.size() : 0;
}

size_t DateLength(std::string_view text) {
  if (!Fits(text, "dddd-dd-dd")) return 0;
  size_t length = 10;
  if (EndsAt(text, length)) return length;
  if (!Fits(text.substr(length), "Tdd:dd")) return 0;
  length += 6;
  if (Fits(text.substr(length), ":dd")) length += 3;
  if (Fits(text.substr(length), ".d")) length += 1 + CountWhile(text.substr(length + 1), IsDigit);
  const std::string_view zone = text.substr(length);
  if (Fits(zone, "Z")) length += 1;
  if (Fits(zone, "+dd:dd") || Fits(zone, "-dd:dd")) length += 6;
  return EndsAt(text, length) ? length : 0;
}

// Figures with dots between them, and an exponent; a short unit may stand behind them, and is not counted. 0: none.
size_t NumberLength(std::string_view text) {
  size_t length = 0;
  for (size_t at = 0;;) {
    const size_t digits = CountWhile(text.substr(at), IsDigit);
    if (digits == 0) break;
    const std::string_view rest = text.substr(at + digits);
    const size_t letters = CountWhile(rest, IsLetter);
    if (letters > kUnitMax) break;
    if (!EndsAt(rest, letters)) {
      // "1e5" is a number, "3rd7" a name.
      const size_t exponent = letters == 1 && (rest[0] | 0x20) == 'e' ? CountWhile(rest.substr(1), IsDigit) : 0;
      if (exponent > 0 && EndsAt(rest, 1 + exponent)) length = at + digits + 1 + exponent;
      break;
    }
    length = at + digits;
    if (letters > 0 || rest.empty() || rest[0] != '.') break;
    at += digits + 1;
  }
  return length;
}

// A whole word of letters and figures; empty where it stays.
std::string_view WordMark(std::string_view word) {
  const size_t digits = static_cast<size_t>(std::count_if(word.begin(), word.end(), IsDigit));
  if (digits == 0 || digits == word.size()) return {};
  const auto is_hex = [](char c) { return HexDigit(c) >= 0; };
  if (word.size() > 2 && word[0] == '0' && word[1] == 'x' && std::all_of(word.begin() + 2, word.end(), is_hex)) {
    return "<n>";
  }
  if (word.size() >= kHexIdMin && std::all_of(word.begin(), word.end(), is_hex)) return "<n>";
  return word.size() >= kIdMin && digits >= 2 ? std::string_view("<id>") : std::string_view();
}

class Templater : private TextRewriter {
 public:
  explicit Templater(std::string_view text) : TextRewriter(text) {}

  std::string Write() && {
    while (at_ < text_.size()) {
      if (!TakeQuoted() && !TakeChunk()) Keep(1);
    }
    return std::move(out_);
  }

 private:
  char before() const { return at_ == 0 ? '\n' : text_[at_ - 1]; }

  bool TakeQuoted() {
    const char c = text_[at_];
    if (c == '"' || c == '`') return TakeTo(c == '"' ? 0 : 1, 1, std::string_view(&text_[at_], 1));
    if (c == '\'') return TakeApostrophes();
    return rest().substr(0, kOpenQuote.size()) == kOpenQuote && TakeTo(2, kOpenQuote.size(), kCloseQuote);
  }

  // To the next `close` on the line. Where there is none, the rest of the line is not searched again.
  bool TakeTo(size_t kind, size_t open_bytes, std::string_view close) {
    if (at_ < none_before_[kind]) return false;
    if (line_end_ <= at_) line_end_ = std::min(text_.find('\n', at_), text_.size());
    const size_t end = text_.substr(0, line_end_).find(close, at_ + open_bytes);
    if (end == std::string_view::npos) {
      none_before_[kind] = line_end_;
      return false;
    }
    Replace(end + close.size() - at_, "<text>");
    return true;
  }

  // 'so', but not the apostrophes of "can't": what opens stands before a word, what closes behind one.
  bool TakeApostrophes() {
    constexpr std::string_view kBefore = " \t\r\n([{=:,;|/+-";
    if (kBefore.find(before()) == std::string_view::npos || at_ < none_before_[3]) return false;
    size_t end = at_ + 1;
    for (; end < text_.size() && text_[end] != '\n'; ++end) {
      if (text_[end] != '\'') continue;
      const char next = end + 1 < text_.size() ? text_[end + 1] : ' ';
      if (IsAlnum(next) || next == '<') continue;
      Replace(end + 1 - at_, "<text>");
      return true;
    }
    none_before_[3] = end;
    return false;
  }

  static bool InChunk(char c) {
    constexpr std::string_view kMarks = ".:-/@%+#$\\_";
    return IsAlnum(c) || kMarks.find(c) != std::string_view::npos;
  }

  // A run of what addresses, names and numbers are written with.
  bool TakeChunk() {
    const size_t length = CountWhile(rest(), InChunk);
    if (length == 0) return false;
    const size_t end = at_ + length;
    if (TakeUrl(end)) return true;
    size_t searched = at_;
    while (at_ < end) {
      const size_t sign = text_.substr(0, end).find('@', searched);
      const size_t before_email = sign == std::string_view::npos ? end : EmailBegin(sign, end);
      if (sign != std::string_view::npos && before_email == end) {
        searched = sign + 1;
        continue;
      }
      TakePieces(before_email);
      if (before_email == end) break;
      Replace(sign + 1 + EmailDomainLength(text_.substr(sign + 1)) - before_email, "<email>");
      searched = at_;
    }
    return true;
  }

  // Where the address around the @ at `sign` begins; `end` where there is none.
  size_t EmailBegin(size_t sign, size_t end) const {
    const size_t local = EmailLocalLength(text_.substr(at_, sign - at_));
    if (local == 0 || EmailDomainLength(text_.substr(sign + 1)) == 0) return end;
    return sign - local;
  }

  bool TakeUrl(size_t end) {
    const std::string_view until_end = text_.substr(0, end);
    for (size_t colon = until_end.find("://", at_); colon < end; colon = until_end.find("://", colon + 3)) {
      const size_t scheme = SchemeLength(text_.substr(at_), colon - at_);
      // Without a scheme the rest is not looked at: it may be long, and full of "://".
      const size_t rest_length = scheme == 0 ? 0 : UrlRestLength(text_.substr(colon + 3));
      if (rest_length == 0) continue;
      TakePieces(colon - scheme);
      Replace(scheme + 3 + rest_length, "<url>");
      return true;
    }
    return false;
  }

  // What is no URL and no e-mail address, word by word.
  void TakePieces(size_t end) {
    const std::string_view whole = text_;
    text_ = whole.substr(0, end);
    while (at_ < end) TakePiece();
    text_ = whole;
  }

  void TakePiece() {
    const char c = text_[at_];
    if (c == ':' || HexDigit(c) >= 0) {
      const char last = before();
      const size_t address = IsAlnum(last) || last == '>' || last == ':' ? 0 : Ipv6Length(rest());
      if (address > 0) return Replace(address, "<ip>");
    }
    if (IsAlnum(c)) return TakeWord();
    // The sign of a number; elsewhere a hyphen.
    constexpr std::string_view kBeforeSign = " \t\r\n([=:,";
    const bool sign = (c == '-' || c == '+') && kBeforeSign.find(before()) != std::string_view::npos;
    const size_t number = sign ? NumberLength(text_.substr(at_ + 1)) : 0;
    if (number > 0) return Replace(1 + number, "<n>");
    Keep(1);
  }

  // At the beginning of a word.
  void TakeWord() {
    if (const size_t length = UuidLength(rest()); length > 0) return Replace(length, "<uuid>");
    if (const size_t length = DateLength(rest()); length > 0) return Replace(length, "<date>");
    if (const size_t length = Ipv4Length(rest()); length > 0) return Replace(length, "<ip>");
    const size_t word = CountWhile(rest(), IsAlnum);
    if (const std::string_view mark = WordMark(rest().substr(0, word)); !mark.empty()) return Replace(word, mark);
    const size_t number = NumberLength(rest());
    if (number == 0) return Keep(word);
    Replace(number, "<n>");
    Keep(CountWhile(rest(), IsAlnum));  // the unit
  }

  size_t line_end_ = 0;                     // of the line that was last searched for quotes
  std::array<size_t, 4> none_before_ = {};  // of each kind of quote: up to here none closes
};

}  // namespace

std::string TemplateOf(std::string_view message) { return Templater(message.substr(0, kTemplateInputMax)).Write(); }

}  // namespace revertd
