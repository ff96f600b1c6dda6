// Trouble: something because of which revertd's word is not to be trusted: a log that fell silent, a clock that jumped,
// a disk that is full, a channel that reaches nobody. Plain values, and how they are written down.
//
// Every trouble blinds: while one stands no verdict becomes healthy and the heartbeat is not asked. That holds for a
// channel too, although it does not touch what is counted: "healthy" may be taken back, and then somebody must be told.
// A word that nobody can be told to take back is not given. So there is no trouble that "only" warns.
//
// Pure, any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/event.h"
#include "base/json_writer.h"
#include "base/status.h"

namespace revertd {

// Stable words, part of events, metrics and the API; docs/operations.md ("Silence") lists them. Beside each its
// subject.
namespace trouble {
inline constexpr std::string_view kSourceStale = "source_stale";           // the source
inline constexpr std::string_view kSourceEnded = "source_ended";           // the source
inline constexpr std::string_view kSourceFailed = "source_failed";         // the source
inline constexpr std::string_view kLogTimeAhead = "log_time_ahead";        // the source; empty: all that is counted
inline constexpr std::string_view kLogTimeBehind = "log_time_behind";      // the same
inline constexpr std::string_view kClockStepped = "clock_stepped";         // none
inline constexpr std::string_view kProcessPaused = "process_paused";       // none
inline constexpr std::string_view kChannelFailing = "channel_failing";     // the channel
inline constexpr std::string_view kDiskFull = "disk_full";                 // the state's file
inline constexpr std::string_view kDiskNearlyFull = "disk_nearly_full";    // the same
inline constexpr std::string_view kStateNotWritten = "state_not_written";  // the same
inline constexpr std::string_view kExecutorSilent = "executor_silent";     // none
}  // namespace trouble

struct Trouble {
  std::string name;
  std::string subject;  // which source, channel, path; empty where there is but one
  std::string words;    // for people
  TimeNs since_ns = 0;
  TimeNs ended_ns = 0;  // 0: it stands

  bool operator==(const Trouble&) const = default;
};

// "45s", "1h": to the second, below ten seconds to the millisecond.
std::string LengthText(DurationNs duration);
// "source_stale (stdin)".
std::string TitleOf(const Trouble& trouble);
// Of its begin, or where ended_ns is set of its end.
Event EventOf(const Trouble& trouble);
// An array: of the status.
void AppendTroubles(JsonWriter& json, const std::vector<Trouble>& troubles);
// Their names, each once, with commas.
std::string NamesOf(const std::vector<Trouble>& standing);

// The note of the state by which another thread, or process, learns of them. DecodeTroubles(EncodeTroubles(t)) is t,
// wherever its texts are UTF-8.
inline constexpr std::string_view kTroublesNote = "troubles";
std::string EncodeTroubles(const std::vector<Trouble>& troubles);
StatusOr<std::vector<Trouble>> DecodeTroubles(std::string_view note);

}  // namespace revertd
