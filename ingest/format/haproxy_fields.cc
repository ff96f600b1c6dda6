#include "ingest/format/haproxy_fields.h"

#include <array>

#include "base/ascii.h"
#include "ingest/format/text_fields.h"

namespace revertd {
namespace {

constexpr size_t kClfTimeSize = std::string_view("dd/Mon/yyyy:HH:MM:SS").size();

// Takes a decimal number with an optional "+", or "-1", off the front.
bool TakeNumber(std::string_view& rest, int64_t& value) {
  if (Consume(rest, "-1")) {
    value = kNotLogged;
    return true;
  }
  Consume(rest, "+");
  constexpr size_t kDigitsMax = 12;  // in milliseconds 31 years, in nanoseconds below 2^63
  size_t digits = 0;
  value = 0;
  for (; digits < rest.size() && IsDigit(rest[digits]); ++digits) {
    if (digits == kDigitsMax) return false;
    value = value * 10 + (rest[digits] - '0');
  }
  rest.remove_prefix(digits);
  return digits > 0;
}

// "1/2/3" into exactly as many numbers as there is room for.
bool ReadNumbers(std::string_view word, std::span<int64_t> numbers) {
  for (size_t i = 0; i < numbers.size(); ++i) {
    if ((i > 0 && !Consume(word, "/")) || !TakeNumber(word, numbers[i])) return false;
  }
  return word.empty();
}

}  // namespace

std::string_view TakeWord(std::string_view& rest) {
  const std::string_view word = TakeUntil(rest, ' ');
  Consume(rest, " ");
  return word;
}

bool TakeHead(std::string_view line, HaproxyHead& head) {
  for (size_t blank = line.find(" ["); blank != std::string_view::npos; blank = line.find(" [", blank + 1)) {
    const std::string_view inside = line.substr(blank + 2);
    if (inside.size() < kClfTimeSize || inside[2] != '/' || inside[6] != '/') continue;
    const size_t close = inside.find(']', kClfTimeSize);
    if (close == std::string_view::npos) return false;
    head = {.before = line.substr(0, blank), .time = inside.substr(0, close), .rest = inside.substr(close + 1)};
    return Consume(head.rest, " ");
  }
  return false;
}

bool TakeClientHead(std::string_view line, HaproxyHead& head) {
  if (!TakeHead(line, head) || head.time.find(' ') != std::string_view::npos) return false;
  return head.before.substr(head.before.rfind(' ') + 1).find(':') != std::string_view::npos;
}

bool ReadTimers(std::string_view word, std::span<DurationNs> timers) {
  if (!ReadNumbers(word, timers)) return false;
  for (DurationNs& timer : timers) {
    if (timer != kNotLogged) timer *= kMillisecondNs;
  }
  return true;
}

bool ReadQueues(std::string_view word, int64_t& queued) {
  std::array<int64_t, 2> queues{};
  if (!ReadNumbers(word, queues)) return false;
  queued = queues[0] + queues[1];
  return queued >= 0;
}

bool IsConnectionCounts(std::string_view word) {
  std::array<int64_t, 5> counts{};
  return ReadNumbers(word, counts);
}

bool IsTerminationState(std::string_view word, size_t size) {
  if (word.size() != size) return false;
  for (const char c : word) {
    if (c != '-' && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z')) return false;
  }
  return true;
}

bool IsClientAbort(std::string_view state) { return state.starts_with('C') || state.starts_with('c'); }

std::optional<int> ReadHaproxyStatus(std::string_view word) { return word == "-1" ? 0 : ParseStatus(word); }

std::optional<int64_t> ReadHaproxySize(std::string_view word) {
  Consume(word, "+");
  return ParseSize(word);
}

bool ReadBackendAndServer(std::string_view word, AccessRecord& record) {
  const size_t slash = word.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == word.size()) return false;
  record.backend = word.substr(0, slash);
  if (record.backend == "-") record.backend = {};
  record.upstream = word.substr(slash + 1);
  if (record.upstream.starts_with('<') || record.upstream == "-") record.upstream = {};
  return true;
}

}  // namespace revertd
