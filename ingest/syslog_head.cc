#include "ingest/syslog_head.h"

#include "base/ascii.h"
#include "ingest/format/text_fields.h"

namespace revertd {
namespace {

// Takes a word and the blank behind it.
bool ConsumeWord(std::string_view& rest, std::string_view& word) {
  std::string_view from = rest;
  word = TakeUntil(from, ' ');
  if (word.empty() || !Consume(from, " ")) return false;
  rest = from;
  return true;
}

bool ConsumePriority(std::string_view& rest) {
  std::string_view from = rest;
  if (!Consume(from, "<")) return false;
  const size_t digits = from.find('>');
  if (digits == 0 || digits > 3 || from.find_first_not_of("0123456789") != digits) return false;
  rest = from.substr(digits + 1);
  return true;
}

// `text` fits `shape`, in which '0' stands for a digit and '?' for any character.
bool HasShape(std::string_view text, std::string_view shape) {
  if (text.size() < shape.size()) return false;
  for (size_t i = 0; i < shape.size(); ++i) {
    const bool fits = shape[i] == '?' || (shape[i] == '0' ? IsDigit(text[i]) : text[i] == shape[i]);
    if (!fits) return false;
  }
  return true;
}

bool IsIsoTime(std::string_view word) { return HasShape(word, "0000-00-00T00:00:00"); }

// "Nov 21 03:12:35 ", the day padded with a blank or a zero; also with a year ("Nov 21 2026 03:12:35 "), a fraction,
// and the colon that some routers write behind the time.
bool ConsumeOldTime(std::string_view& rest) {
  std::string_view from = rest;
  if (from.size() < 16 || MonthNamed(from.substr(0, 3)) == 0) return false;
  if (!HasShape(from.substr(3), " 00 ") && !HasShape(from.substr(3), "  0 ")) return false;
  from.remove_prefix(7);
  if (HasShape(from, "0000 ")) from.remove_prefix(5);
  if (!HasShape(from, "00:00:00")) return false;
  std::string_view time;
  if (!ConsumeWord(from, time)) return false;
  rest = from;
  return true;
}

// "haproxy[71]:", "nginx:", "docker/web.1[5]:".
bool IsTag(std::string_view word) {
  constexpr size_t kTagBytesMax = 64;
  if (word.size() < 2 || word.size() > kTagBytesMax || word.back() != ':') return false;
  word.remove_suffix(1);
  if (word.back() == ']') {
    const size_t open = word.find('[');
    if (open == std::string_view::npos) return false;
    word = word.substr(0, open);
  }
  bool any_letter = false;
  for (const char c : word) {
    any_letter = any_letter || IsLetter(c);
    if (!IsLetter(c) && !IsDigit(c) && std::string_view("_-./()").find(c) == std::string_view::npos) return false;
  }
  return any_letter;
}

// "[host ]tag: " behind a time. With a priority in front, which says that this is syslog, "host " alone will do.
bool ConsumeHostAndTag(std::string_view& rest, bool has_priority) {
  std::string_view from = rest;
  std::string_view word;
  if (!ConsumeWord(from, word)) return false;
  if (IsTag(word)) {
    rest = from;
    return true;
  }
  const std::string_view behind_host = from;
  if (ConsumeWord(from, word) && IsTag(word)) {
    rest = from;
    return true;
  }
  if (has_priority) rest = behind_host;
  return has_priority;
}

// "[id name="value"]...", in which \" and \] are no ends; or "-".
bool ConsumeStructuredData(std::string_view& rest) {
  if (Consume(rest, "-")) return true;
  if (!rest.starts_with('[')) return false;
  while (rest.starts_with('[')) {
    bool quoted = false;
    size_t at = 1;
    for (; at < rest.size() && (quoted || rest[at] != ']'); ++at) {
      if (quoted && rest[at] == '\\') {
        ++at;
      } else if (rest[at] == '"') {
        quoted = !quoted;
      }
    }
    if (at >= rest.size()) return false;
    rest.remove_prefix(at + 1);
  }
  return true;
}

// Behind "1 ": time, host, app, process, message id, structured data.
bool ConsumeNewHead(std::string_view& rest, bool has_priority) {
  std::string_view from = rest;
  std::string_view word;
  if (!ConsumeWord(from, word) || !(IsIsoTime(word) || (has_priority && word == "-"))) return false;
  for (int i = 0; i < 4; ++i) {
    if (!ConsumeWord(from, word)) return false;
  }
  if (!ConsumeStructuredData(from)) return false;
  if (!from.empty() && !Consume(from, " ")) return false;
  rest = from;
  return true;
}

}  // namespace

bool ConsumeSyslogHead(std::string_view& line) {
  std::string_view rest = line;
  const bool has_priority = ConsumePriority(rest);
  std::string_view behind = rest;
  bool taken = Consume(behind, "1 ") && ConsumeNewHead(behind, has_priority);
  if (!taken) {
    behind = rest;
    std::string_view time;
    const bool has_time = ConsumeOldTime(behind) || (ConsumeWord(behind, time) && IsIsoTime(time));
    taken = has_time && ConsumeHostAndTag(behind, has_priority);
  }
  if (!taken) return false;
  Consume(behind, "\xEF\xBB\xBF");
  line = behind;
  return true;
}

}  // namespace revertd
