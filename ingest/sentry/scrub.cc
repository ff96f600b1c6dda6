#include "ingest/sentry/scrub.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "base/strings.h"
#include "ingest/sentry/text_marks.h"
#include "ingest/sentry/text_rewriter.h"

namespace revertd {
namespace {

constexpr size_t kCardDigitsMin = 13;
constexpr size_t kCardDigitsMax = 19;
constexpr size_t kNameMax = 64;  // of a key; longer runs are no name
constexpr size_t kQuoteMax = 8;  // bytes of the quote behind a key: it may have been escaped three times
constexpr std::string_view kOpening = "([{";
constexpr std::string_view kClosing = ")]}";
constexpr std::string_view kPrefixes = "bfruBFRU";  // of Python's quoted texts

constexpr std::array<std::string_view, 19> kSecretWords = {
    "password",   "passwd", "passphrase", "pwd",  "secret", "token",     "apikey", "accesskey", "privatekey", "auth",
    "credential", "cookie", "session",    "csrf", "xsrf",   "signature", "jwt",    "bearer",    "sentrykey"};
constexpr std::array<std::string_view, 9> kPersonWords = {"user",  "email", "mail",    "ip",     "phone",
                                                          "login", "name",  "address", "account"};

bool IsQuote(char c) { return c == '"' || c == '\''; }
bool IsName(char c) { return IsAlnum(c) || c == '_' || c == '-' || c == '.'; }

// Lower case, without the marks that words of a name are joined by.
std::string Plain(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    if (IsAlnum(c)) plain += c;
  }
  return ToLower(plain);
}

class Scrubber : private TextRewriter {
 public:
  explicit Scrubber(std::string_view text) : TextRewriter(text) {}

  std::string Write() && {
    while (at_ < text_.size()) {
      if (!TakeQuery() && !TakeUrl() && !TakeAddress() && !TakeCard() && !TakeName()) Keep(1);
    }
    return std::move(out_);
  }

 private:
  bool AtWord() const { return at_ == 0 || !IsAlnum(text_[at_ - 1]); }

  // Behind a "://": no user, no query.
  bool TakeUrl() {
    if (at_ < url_end_ || rest().substr(0, 3) != "://") return false;
    const std::string_view url = text_.substr(at_ + 3, UrlRestLength(text_.substr(at_ + 3)));
    if (url.empty()) return false;
    Keep(3);
    const size_t end = at_ + url.size();
    const size_t user = url.substr(0, url.find_first_of("/?#")).rfind('@');
    if (user != std::string_view::npos) at_ += user + 1;
    const size_t query = std::min(url.find_first_of("?#"), url.size());
    // What stands before the query is read on as text: a host may be an address.
    url_query_ = query == url.size() ? std::string_view::npos : end - url.size() + query;
    url_end_ = end;
    return true;
  }

  // A value that was masked may have ended behind the query's beginning.
  bool TakeQuery() {
    if (at_ < url_query_ || at_ >= url_end_) return false;
    Replace(url_end_ - at_, "?<query>");
    return true;
  }

  bool TakeAddress() {
    const char c = text_[at_];
    if (c == '@') return TakeEmail();
    if (!AtWord() || (c != ':' && HexDigit(c) < 0)) return false;
    size_t length = Ipv4Length(rest());
    if (length == 0 && (at_ == 0 || text_[at_ - 1] != ':')) length = Ipv6Length(rest());
    if (length > 0) Replace(length, "<ip>");
    return length > 0;
  }

  // The name before the @ is written already.
  bool TakeEmail() {
    const size_t domain = EmailDomainLength(text_.substr(at_ + 1));
    const size_t local = EmailLocalLength(out_);
    if (domain == 0 || local == 0) return false;
    out_.resize(out_.size() - local);
    Replace(1 + domain, "<email>");
    return true;
  }

  // Figures alone, or groups of four with blanks or hyphens between them, of which the last may be shorter.
  bool TakeCard() {
    if (!IsDigit(text_[at_]) || !AtWord()) return false;
    size_t digits = 0;
    size_t end = at_;  // behind the last group
    for (size_t begin = at_; begin < text_.size();) {
      const size_t run = DigitsAt(begin);
      if (run == 0) break;
      digits += run;
      end = begin + run;
      const bool goes_on = run >= 4 && run <= 6 && end < text_.size() && (text_[end] == ' ' || text_[end] == '-');
      if (!goes_on || digits > kCardDigitsMax) break;
      begin = end + 1;
    }
    if (end < text_.size() && IsAlnum(text_[end])) return false;
    if (digits >= kCardDigitsMin && digits <= kCardDigitsMax) {
      Replace(end - at_, "<n>");
    } else {
      Keep(DigitsAt(at_));
    }
    return true;
  }

  size_t DigitsAt(size_t begin) const {
    size_t run = 0;
    while (begin + run < text_.size() && IsDigit(text_[begin + run])) ++run;
    return run;
  }

  // A word: "Bearer x", or a name with a value that nobody shall see.
  bool TakeName() {
    if (!IsAlnum(text_[at_]) && text_[at_] != '_') return false;
    size_t length = 0;
    while (at_ + length < text_.size() && IsName(text_[at_ + length]) && length < kNameMax) ++length;
    const std::string_view name = rest().substr(0, length);
    // Addresses may begin inside of it: only its first part is kept at once.
    if (const size_t value = ValueBehind(at_ + length); value > 0 && NamesSecret(name) && !IsErrorName(name)) {
      Keep(value - at_);
      MaskValue();
      return true;
    }
    size_t word = 0;
    while (word < length && (IsAlnum(name[word]) || name[word] == '_')) ++word;
    const std::string lower = ToLower(name.substr(0, word));
    Keep(word);
    if ((lower == "bearer" || lower == "basic") && at_ + 1 < text_.size() && text_[at_] == ' ') {
      Keep(1);
      MaskWord();
    }
    return true;
  }

  // "TokenError: expired" is an error and what it says.
  static bool IsErrorName(std::string_view name) {
    const std::string plain = Plain(name);
    return plain.ends_with("error") || plain.ends_with("exception") || plain.ends_with("invalid") ||
           plain.ends_with("expired");
  }

  // Where a value begins behind a name that ends at `end`: past quotes, blanks, and = or :; 0 where none does.
  size_t ValueBehind(size_t end) const {
    size_t i = end;
    while (i < text_.size() && i < end + kQuoteMax && (IsQuote(text_[i]) || text_[i] == '\\')) ++i;
    const size_t quote_end = i;
    while (i < text_.size() && i < quote_end + 4 && (text_[i] == ' ' || text_[i] == ']')) ++i;
    if (i == text_.size() || (text_[i] != '=' && text_[i] != ':')) return 0;
    // "token::next" names a part of a program, "://" begins a URL.
    if (text_.substr(i, 2) == "::" || text_.substr(i, 3) == "://") return 0;
    ++i;
    while (i < text_.size() && (text_[i] == '>' || text_[i] == '=')) ++i;  // "=>", "=="
    while (i < text_.size() && text_[i] == ' ') ++i;
    return i == text_.size() || text_[i] == '\n' ? 0 : i;
  }

  // What stands in brackets or quotes, or the words of an Authorization header, or one word.
  void MaskValue() {
    const size_t begin = std::min(text_.find_first_not_of('\\', at_), text_.size());
    if (begin < text_.size() && kOpening.find(text_[begin]) != std::string_view::npos) {
      Keep(begin + 1 - at_);
      return Mask(BracketEnd(at_));
    }
    if (const size_t quote = QuoteBehindPrefix(begin); quote < text_.size()) {
      Keep(quote + 1 - at_);
      return Mask(QuoteEnd(quote));
    }
    const std::string word = ToLower(rest().substr(0, 7));
    for (const std::string_view scheme : {"bearer ", "basic ", "digest ", "token "}) {
      if (word.substr(0, scheme.size()) == scheme) Keep(scheme.size());
    }
    MaskWord();
  }

  void MaskWord() { Mask(text_.find_first_of(" \t\r\n,;&", at_)); }

  void Mask(size_t end) {
    end = std::min(end, text_.size());
    if (end > at_) Replace(end - at_, "<secret>");
  }

  // Of u'x', b"x", rb\"x\"; the text's size where no quote opens.
  size_t QuoteBehindPrefix(size_t begin) const {
    constexpr size_t kLettersMax = 2;
    size_t i = begin;
    while (i < text_.size() && i < begin + kLettersMax && kPrefixes.find(text_[i]) != std::string_view::npos) ++i;
    i = std::min(text_.find_first_not_of('\\', i), text_.size());
    return i < text_.size() && IsQuote(text_[i]) ? i : text_.size();
  }

  // Where the quote stands, with its backslashes, that closes the one at `quote`; the text's end where none does. In a
  // text that was quoted before, k backslashes stand before each of its quotes, and 2 (k + 1) write one of a value's.
  size_t QuoteEnd(size_t quote) const {
    const size_t depth = BackslashesBefore(quote);
    size_t run = 0;
    for (size_t i = quote + 1; i < text_.size(); ++i) {
      if (text_[i] == text_[quote] && run % (2 * (depth + 1)) == depth) return i - depth;
      run = text_[i] == '\\' ? run + 1 : 0;
    }
    return text_.size();
  }

  size_t BackslashesBefore(size_t end) const {
    size_t count = 0;
    while (end > count && text_[end - count - 1] == '\\') ++count;
    return count;
  }

  // The bracket that closes one before `begin`, of whatever kind, past quoted texts; the text's end where none does.
  size_t BracketEnd(size_t begin) const {
    size_t open = 1;
    for (size_t i = begin; i < text_.size(); ++i) {
      if (IsQuote(text_[i])) {
        i = text_.find(text_[i], QuoteEnd(i));
        if (i == std::string_view::npos) break;
      } else if (kOpening.find(text_[i]) != std::string_view::npos) {
        ++open;
      } else if (kClosing.find(text_[i]) != std::string_view::npos && --open == 0) {
        return i;
      }
    }
    return text_.size();
  }

  size_t url_query_ = std::string_view::npos;  // where the URL's query begins that is being read
  size_t url_end_ = 0;
};

// Whether anything that is masked can stand in `text`: most names of modules and functions hold nothing of the kind.
bool MayHold(std::string_view text) {
  constexpr size_t kDigitsOfAddress = 4;
  size_t digits = 0;
  for (const char c : text) {
    if (c == '@' || c == '=' || c == ':' || c == ' ') return true;
    if (IsDigit(c) && ++digits >= kDigitsOfAddress) return true;
  }
  return false;
}

}  // namespace

bool NamesSecret(std::string_view name) {
  const std::string plain = Plain(name);
  return std::any_of(kSecretWords.begin(), kSecretWords.end(),
                     [&](std::string_view word) { return plain.find(word) != std::string::npos; });
}

bool NamesPerson(std::string_view name) {
  const std::string lower = ToLower(name);
  // Whole words: "ip" is no part of "shipping", and a server's name is no person's.
  for (const std::string_view word : kPersonWords) {
    for (size_t at = lower.find(word); at != std::string::npos; at = lower.find(word, at + 1)) {
      const bool begins = at == 0 || !IsAlnum(lower[at - 1]);
      const size_t end = at + word.size();
      if (begins && (end == lower.size() || !IsAlnum(lower[end])) && lower != "server_name") return true;
    }
  }
  return lower.find("user") != std::string::npos || lower.find("email") != std::string::npos;
}

std::string Scrubbed(std::string_view text) { return MayHold(text) ? Scrubber(text).Write() : std::string(text); }

std::string ScrubbedUrl(std::string_view url) {
  const size_t slash = url.find('/');
  size_t end = 1;
  // "?(runner)" and "ItemsController#show" are names.
  while (end < url.size() && !(url[end] == '?' && (IsName(url[end - 1]) || url[end - 1] == '/')) &&
         !(url[end] == '#' && slash < end)) {
    ++end;
  }
  return Scrubbed(url.substr(0, end));
}

}  // namespace revertd
