// What HAProxy's log formats share: the head before the first field, words, timers and termination states.
// Pure functions, any thread.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string_view>

#include "ingest/format/access_record.h"
#include "ingest/format/civil_text.h"

namespace revertd {

// Takes the next word and the blank behind it off the front; empty at the end.
std::string_view TakeWord(std::string_view& rest);

// A line's head: what stands before its first bracket with a date in it. That bracket is the anchor, whatever a syslog
// writer put in front, and each line has one only, so that none is of two formats.
struct HaproxyHead {
  std::string_view before;  // up to the bracket, without the blank
  std::string_view time;
  std::string_view rest;  // behind the bracket and its blank
};
bool TakeHead(std::string_view line, HaproxyHead& head);
// The same where the time has no offset from UTC and "CLIENT:PORT" stands before it.
bool TakeClientHead(std::string_view line, HaproxyHead& head);

// Reads "10/0/30/69/109", milliseconds, as many as `timers` has room for. "-1" (a phase never reached) is kNotLogged,
// a "+" (more was to come when the line was written) is dropped. False where `word` is anything else.
bool ReadTimers(std::string_view word, std::span<DurationNs> timers);
// Of an HTTP line: TR, Tw, Tc, Tr, Ta; before HAProxy 1.7 Tq, Tw, Tc, Tr, Tt. Inline for the fast path.
inline void SetTimers(const std::array<DurationNs, 5>& timers, AccessRecord& record) {
  record.queue_ns = timers[1];
  record.connect_ns = timers[2];
  record.upstream_ns = timers[3];
  record.duration_ns = timers[4];
}
// Reads "0/12": requests that waited before this one in the server's and the backend's queue. False as above.
bool ReadQueues(std::string_view word, int64_t& queued);
// Whether `word` is "1/1/0/0/+1": connections and retries.
bool IsConnectionCounts(std::string_view word);
// Whether `word` is `size` letters or dashes, as in "CD--".
bool IsTerminationState(std::string_view word, size_t size);
// Whether a state says that the client went away, or was too slow to be waited for.
bool IsClientAbort(std::string_view state);

// "200", and "-1" (nothing was answered: the client was gone) as 0.
std::optional<int> ReadHaproxyStatus(std::string_view word);
// Digits with or without a "+".
std::optional<int64_t> ReadHaproxySize(std::string_view word);

// Sets backend and upstream from "backend/server"; "<NOSRV>" and other names in angle brackets are no servers.
bool ReadBackendAndServer(std::string_view word, AccessRecord& record);

}  // namespace revertd
