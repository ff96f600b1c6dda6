#include "daemon/doors/told_words.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/ascii.h"
#include "base/strings.h"
#include "base/time_format.h"

namespace revertd {
namespace {

bool IsHexadecimal(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return HexDigit(c) >= 0; });
}

struct StateWord {
  std::string_view word;
  std::string_view ours;
};
constexpr std::array kStateWords = std::to_array<StateWord>({
    {"succeeded", "success"},
    {"failed", "failure"},
    {"error", "failure"},
    {"timed_out", "failure"},
    {"startup_failure", "failure"},
    {"queued", "pending"},
    {"requested", "pending"},
    {"waiting", "pending"},
    {"blocked", "pending"},
    {"preparing", "pending"},
    {"scheduled", "pending"},
    {"waiting_for_resource", "pending"},
    {"in_progress", "running"},
    {"canceled", "cancelled"},
    {"canceling", "cancelled"},
});

// "+0200" as RFC 3339 writes it.
std::string OffsetInRfc3339(std::string_view zone) {
  if (zone == "UTC" || zone == "GMT") return "Z";
  if (zone.size() == 5 && (zone[0] == '+' || zone[0] == '-')) {
    return std::string(zone.substr(0, 3)) + ":" + std::string(zone.substr(3));
  }
  return std::string(zone);
}

}  // namespace

bool IsFullRevision(std::string_view text) { return (text.size() == 40 || text.size() == 64) && IsHexadecimal(text); }

bool MayBeRevision(std::string_view text) { return text.size() >= 7 && text.size() <= 64 && IsHexadecimal(text); }

std::string WithoutPrefix(std::string_view text, std::string_view prefix) {
  if (text.substr(0, prefix.size()) == prefix) text.remove_prefix(prefix.size());
  return std::string(text);
}

void TakeRef(std::string_view ref, Told* told) {
  constexpr std::string_view kTags = "refs/tags/";
  if (ref.substr(0, kTags.size()) == kTags) {
    told->tag = ref.substr(kTags.size());
  } else {
    told->branch = WithoutPrefix(ref, "refs/heads/");
  }
}

std::string StateInOurWords(std::string_view word) {
  std::string lower = ToLower(word);
  for (const StateWord& row : kStateWords) {
    if (row.word == lower) return std::string(row.ours);
  }
  return lower;
}

TimeNs TimeIn(std::string_view text) {
  text = Trim(text);
  std::optional<TimeNs> time = ParseTime(text);
  // GitLab's own form has a blank between the time of day and the zone.
  constexpr size_t kDateAndTime = 19;
  const size_t blank = text.size() > kDateAndTime ? text.find(' ', kDateAndTime) : std::string_view::npos;
  if (!time && blank != std::string_view::npos) {
    time = ParseTime(std::string(text.substr(0, blank)) + OffsetInRfc3339(text.substr(blank + 1)));
  }
  return std::max(time.value_or(0), TimeNs{0});
}

std::string FirstLine(std::string_view text) { return std::string(Trim(text.substr(0, text.find('\n')))); }

std::string FirstOf(std::string first, std::string second) { return first.empty() ? std::move(second) : first; }

}  // namespace revertd
