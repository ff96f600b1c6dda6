// ErrorWatch: what error events say of one deploy: whether groups are new or come more often, whether more sessions
// crash, whether others saw the same; the evidence and the errors that people are told of.
//
// Pure fold over seconds, any thread: parameters are fixed at the start, one Observe a second in order. Memory is
// bounded as FingerprintWatch's, of which it holds one for the service and one for each control. Formulas:
// docs/statistics.md, "Error events".
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/fingerprint_watch.h"
#include "analysis/rate_shift.h"
#include "base/verdict.h"

namespace revertd {

inline constexpr double kCrashedSessionsShare = 0.05;   // of the false rollback rate
inline constexpr double kErrorControlValueNeeded = 20;  // of a control's E: from there on it has moved
inline constexpr size_t kErrorControlsMax = 8;
inline constexpr size_t kControlKnownMax = 16;     // groups of a control that are judged: they only hold blame back
inline constexpr int64_t kNewcomerEventsTold = 5;  // with fewer a new group is named beside no verdict

// Reasons of a verdict that error events bring.
inline constexpr std::string_view kReasonNewErrors = "new_errors";
inline constexpr std::string_view kReasonMoreErrors = "more_errors_of_a_kind";
inline constexpr std::string_view kReasonCrashedSessions = "crashed_sessions";
// Of a watch that nothing but error events could judge: they prove nobody healthy.
inline constexpr std::string_view kOnlyErrorEvents = "only_error_events";

struct ErrorControl {
  std::string service;
  FingerprintHistory history;
};

struct ErrorPlan {
  FingerprintHistory history;
  FingerprintSettings settings;
  RateHistory sessions;  // no blocks: none are told of
  std::vector<ErrorControl> controls;
  // The service's own errors are hardly known: it may have just begun to tell of them, so that no control helps.
  bool is_young = false;
  // Fills in what the book knows of a group.
  std::function<void(NamedError* error)> describe;
};

struct ErrorControlSecond {
  bool may_tell = true;  // false: it is being deployed itself
  int64_t requests = 0;
  double scale = 1;
  std::span<const GroupEvents> events = {};
};

struct ErrorSecond {
  int64_t requests = 0;  // of the new version
  double scale = 1;      // FingerprintSecond's
  std::span<const GroupEvents> fresh = {};
  std::span<const GroupEvents> old = {};  // of versions that serve beside it
  RateCounts sessions = {};               // begun, crashed
  RateCounts old_sessions = {};           // the same of versions beside it
  std::string_view fresh_names = {};      // releases; empty: not told apart
  std::string_view old_names = {};
  std::span<const ErrorControlSecond> controls = {};  // as in the plan
};

class ErrorWatch {
 public:
  explicit ErrorWatch(ErrorPlan plan);

  void Observe(int64_t second, const ErrorSecond& counts);

  // Whether errors have come of which something may be said.
  bool may_find() const { return fresh_activity_ > 0; }

  struct Fired {
    std::string_view signal;
    std::string_view reason;
    int64_t second = 0;
  };
  const std::optional<Fired>& fired() const { return fired_; }  // the first; a crossing stays
  // Other services got new errors or more of theirs, or the old version beside has the same.
  bool ControlMoved() const;
  bool has_control() const;
  double LogBlame() const { return log_value_max_; }
  // Of the signals that have something to say, the first that fired first.
  std::vector<Evidence> Told() const;
  // At most kNamedErrorsMax: newcomers that fired, known groups that are called, other newcomers with enough events.
  std::vector<NamedError> Errors() const;

 private:
  struct Tally {  // of a group, since the watch began
    int64_t events = 0;
    int64_t old_events = 0;
    int64_t onset = 0;
    int64_t exposure_before = 0;  // of the seconds before its onset
  };
  struct Control {
    std::string service;
    FingerprintWatch watch;
    bool moved = false;
    int64_t seconds = 0;  // in which it was asked
  };
  void Count(int64_t second, const ErrorSecond& counts);
  void ObserveControls(const ErrorSecond& counts);
  void Fire(int64_t second);
  bool SessionsFired() const;
  bool OldServes() const;
  bool OldHas(uint64_t fingerprint) const;
  bool OldCrashes() const;
  bool WasAsked(const Control& control) const;
  std::optional<Evidence> NewErrors() const;
  std::optional<Evidence> MoreErrors() const;
  std::optional<Evidence> Crashes() const;
  void TellGroup(uint64_t fingerprint, double observed_before, Evidence* evidence) const;
  void TellControl(Evidence* evidence) const;
  NamedError NameOf(uint64_t fingerprint, double log_value, double log_needed) const;

  ErrorPlan plan_;
  FingerprintWatch groups_;
  Baseline sessions_before_;
  std::optional<RateShift> sessions_;
  double sessions_log_needed_;
  double sessions_log_max_ = 0;
  int64_t sessions_onset_ = kNoSecond;
  RateCounts sessions_after_;  // since then
  RateCounts old_sessions_;    // the same of the old version
  std::vector<Control> controls_;
  std::map<uint64_t, Tally> tallies_;  // at most kTalliesMax
  int64_t exposure_ = 0;
  int64_t exposure_before_ = 0;  // of the history
  int64_t seconds_ = 0;
  int64_t fresh_activity_ = 0;  // events and sessions
  int64_t old_activity_ = 0;
  std::string fresh_names_;
  std::string old_names_;
  double log_value_max_ = 0;
  std::optional<Fired> fired_;
};

}  // namespace revertd
