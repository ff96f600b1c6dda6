// Verdict: what analysis says of one deploy, with its evidence; Decision: what the gate makes of it, with its reason.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error_event.h"

namespace revertd {

// One signal's evidence against the practical null (docs/statistics.md). Rates are fractions in [0, 1]; of "traffic"
// they are requests a second, and n counts seconds; of error events they are events for each request, or for each
// second where requests are not known, and may be above 1.
struct Evidence {
  std::string signal;  // "errors", "latency_p50", "latency_p90", "latency_p99", "traffic", "saturation", or an error
                       // signal (below)
  double e_value = 0;  // of the signal's e-process at this second
  double e_value_needed = 0;
  double before = 0;       // observed baseline rate
  double before_null = 0;  // the largest rate (of traffic the smallest) that is still called "not worse"
  double after = 0;        // observed rate since the onset
  double effect = 0;       // after / before, with half an error added to an empty baseline
  double after_low = 0;    // 95 % interval of `after`
  double after_high = 0;
  int64_t n_before = 0;  // requests
  int64_t n_after = 0;
  int64_t x_before = 0;  // events: errors, slow requests; of traffic requests
  int64_t x_after = 0;
  TimeNs onset_ns = 0;            // start of the first second of the new version that may be bad; 0: none yet
  DurationNs slower_than_ns = 0;  // of a latency signal: its events are requests at least so slow; 0: another signal
  std::string control;            // services compared with, comma separated; empty: none usable
  double control_e_value = 0;
  double control_before = 0;
  double control_after = 0;
  int64_t control_n_after = 0;
  std::string route;  // of one route alone; empty: of the whole service
  std::string
      cohort;         // the new version's names, where old and new serve side by side; `control` are then the old ones'
  std::string group;  // FingerprintText of the error group that decided; empty: another signal
  bool per_second = false;  // of error events: where requests are not known, n counts seconds
};

// What an error tracker tells: groups of errors that were never seen before the deploy, known ones that come more
// often, sessions that end in a crash (docs/statistics.md, "Error events").
inline constexpr std::string_view kNewErrors = "new_errors";
inline constexpr std::string_view kErrorGroups = "error_groups";
inline constexpr std::string_view kCrashedSessions = "crashed_sessions";
inline bool IsErrorSignal(std::string_view signal) {
  return signal == kNewErrors || signal == kErrorGroups || signal == kCrashedSessions;
}

// As people read it: "errors", "errors of /items/:id", "errors of v42". Names come out of log lines, and whoever sent
// the request may have chosen them: they are Printable.
std::string SubjectOf(const Evidence& evidence);
// A rate of this evidence: a percentage; of traffic requests a second.
std::string RateText(const Evidence& evidence, double rate);

enum class VerdictState { kWatching, kHealthy, kRegressed, kInconclusive, kAmbiguous };
std::string_view NameOf(VerdictState state);
std::optional<VerdictState> VerdictStateNamed(std::string_view name);

struct Verdict {
  std::string deploy_id;
  std::string service;
  VerdictState state = VerdictState::kWatching;
  std::string reason;       // a named reason, e.g. "errors_above_null", "control_moved_too", "observation_ended"
  bool calibrated = false;  // shadow deploys on the service's own history chose the detector's settings
  double power = 0;         // inconclusive: chance that a five-fold error rate would have been found, 0..1
  TimeNs at_ns = 0;         // end of the newest second it rests on
  std::vector<Evidence> evidence;
  std::vector<NamedError> errors = {};  // that error events' evidence is made of, those that decided first
};

// A deploy judged once more, hours later: of the observation's length, ending at `due_ns`; later than was asked for
// where nobody was there to look. Half a day later nothing is looked at any more: inconclusive, "follow_up_too_late".
struct FollowUp {
  DurationNs after_ns = 0;  // the deploy's finish, as configured
  TimeNs due_ns = 0;
  Verdict verdict;  // of this look alone; where it is bad, it takes the place of the deploy's own
};

enum class DecisionKind { kAct, kPropose, kAlert, kTriage, kHold };
std::string_view NameOf(DecisionKind kind);
std::optional<DecisionKind> DecisionKindNamed(std::string_view name);

struct Decision {
  std::string deploy_id;
  std::string service;
  DecisionKind kind = DecisionKind::kHold;
  std::string reason;      // always named, e.g. "mode_push", "kill_switch", "uncalibrated_without_control"
  std::string trigger_id;  // act and propose: the trigger that was written
  TimeNs at_ns = 0;
};

// After a rollback: did production recover?
enum class RecoveryState { kWatching, kRecovered, kNotRecovered, kUndecided };
std::string_view NameOf(RecoveryState state);
std::optional<RecoveryState> RecoveryStateNamed(std::string_view name);

struct Recovery {
  std::string trigger_id;
  std::string deploy_id;  // the revert's own deploy
  std::string service;
  RecoveryState state = RecoveryState::kWatching;
  double e_value = 0;  // of the side that decided
  double rate_bad = 0;
  double rate_now = 0;
  int64_t n_now = 0;
  TimeNs at_ns = 0;
};

}  // namespace revertd
