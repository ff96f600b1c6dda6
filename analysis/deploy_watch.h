// DeployWatch: the judgement of one deploy on all its signals, a fold over the seconds after its finish.
// A rule of the service's owner, where one is configured, stands beside them.
//
// Pure, any thread: the same seconds give the same verdict at the same second, however they were batched. Protocol for
// every second in order: Observe (and ObserveErrors), then Judge; Close when the watch ends. Invariants: 1. regressed
// is final and comes only once blame has passed; 2. healthy and ambiguous may still become regressed; 3. healthy is
// said only in a second with traffic of the new version, and of every known signal that proves it. docs/statistics.md,
// "Verdict".
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/error_watch.h"
#include "analysis/signal_watch.h"
#include "base/verdict.h"

namespace revertd {

// Effects of a deploy may begin late (caches, pools): before this much observation nothing is called healthy.
inline constexpr int64_t kHealthySecondsMin = 60;
// A deploy that overlaps others is blamed only if its blame value is this many times the largest of theirs.
inline constexpr double kRivalRatioNeeded = 20;

// What a verdict rests on beside the service's own signals, at one second.
struct Surroundings {
  double rival_log_blame = -std::numeric_limits<double>::infinity();  // the largest of the overlapping deploys
  std::string_view moved_callee = {};  // a service that it calls got worse by itself; empty: none
  const Evidence* rule = nullptr;      // of a rule of the owner's that holds at this second (rules.h)
  std::string_view rule_doubt = {};    // what else explains it, or why it blames nobody here; empty: nothing does
  bool rule_waits = false;             // others have not been asked since it began to hold
  bool shared_outage = false;          // others fail their health checks too
  bool may_be_healthy = true;          // false: what is seen cannot be trusted, or a check fails
};

// Reasons of an ambiguous verdict: the control got worse too, or there is none; a service that it calls did; many did.
inline constexpr std::string_view kControlMoved = "control_moved_too";
inline constexpr std::string_view kNoControlForSignal = "no_control_for_signal";
inline constexpr std::string_view kCalleeMoved = "callee_moved_too";
inline constexpr std::string_view kSharedOutage = "shared_outage";

struct WatchPlan {
  std::string deploy_id;
  std::string service;
  int64_t first_second = 0;         // first second after the deploy's finish
  std::vector<SignalPlan> signals;  // of kAllSignals in their order, then of routes; without errors nothing is judged
  std::optional<ErrorPlan> errors = {};  // of what an error tracker is told; none: nothing is known of it
};

class DeployWatch {
 public:
  explicit DeployWatch(WatchPlan plan);

  void Observe(int64_t second, std::span<const SignalSecond> signals);  // as in the plan
  // Beside it, of a plan with errors and in the seconds in which somebody listened to the tracker.
  void ObserveErrors(int64_t second, const ErrorSecond& errors);
  // The largest of any signal.
  double LogBlame() const;
  // Whether what the tracker was told is a finding.
  bool ErrorsFired() const { return tracked_ && tracked_->fired(); }
  bool Judge(int64_t second, const Surroundings& around);  // whether the verdict's state changed
  // The observation is over for `reason`; whether the state changed. `second` is the newest one observed.
  bool Close(int64_t second, std::string_view reason);
  // A final verdict from before a restart: nothing is judged any more.
  void Adopt(const Verdict& verdict) { verdict_ = verdict; }

  const Verdict& verdict() const { return verdict_; }  // as of the last change
  Verdict Current(int64_t second) const;               // the same state with the evidence of now
  int64_t first_second() const { return first_second_; }

 private:
  const SignalWatch& errors() const { return signals_.front(); }
  const SignalWatch* FirstFired() const;  // one that only asks comes after all others
  bool ControlAgrees(const SignalWatch& signal) const;
  bool IsHealthy(int64_t second) const;
  bool JudgeByRule(int64_t second, const Surroundings& around);
  bool JudgeBySignals(int64_t second, const Surroundings& around);
  bool JudgeByErrors(int64_t second, const Surroundings& around);
  bool DoubtRule(int64_t second, const Surroundings& around);
  std::string_view DoubtOf(const Surroundings& around) const;
  bool ChangeByRule(int64_t second, VerdictState state, std::string_view reason, const Evidence& rule);
  // `decisive`: whose evidence stands first.
  bool Change(int64_t second, VerdictState state, std::string_view reason, const SignalWatch& decisive);
  // What the tracker was told stands first.
  bool ChangeByErrors(int64_t second, VerdictState state, std::string_view reason);
  std::vector<Evidence> EvidenceLedBy(const SignalWatch& decisive) const;

  int64_t first_second_;
  std::vector<SignalWatch> signals_;
  std::optional<ErrorWatch> tracked_;  // errors that the tracker was told
  // What else explains them, once: an outage's errors outlive it.
  std::string_view errors_doubt_;
  Verdict verdict_;
  // The row of failures that something else explained, once: it blames nobody for as long as it lasts, also after what
  // explained it has gone. Its rule, its onset, and what it was.
  struct Doubted {
    std::string rule;
    TimeNs onset_ns = 0;
    std::string reason;
  };
  std::optional<Doubted> doubted_;
  std::optional<Evidence> held_rule_;  // that holds at the newest second, and blames nobody yet
};

}  // namespace revertd
