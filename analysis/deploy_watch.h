// DeployWatch: the judgement of one deploy on one signal, a fold over the seconds after its finish.
//
// Pure, any thread: the same seconds give the same verdict at the same second, however they were batched. Protocol for
// every second in order: Observe, then Judge; Close when the watch ends. Invariants: 1. regressed is final and comes
// only once blame has passed; 2. healthy and ambiguous may still become regressed; 3. healthy is said only in a
// second with traffic of the new version. docs/statistics.md, "Verdict".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/baseline.h"
#include "analysis/calibration.h"
#include "analysis/control.h"
#include "analysis/rate_shift.h"
#include "base/verdict.h"

namespace revertd {

// Effects of a deploy may begin late (caches, pools): before this much observation nothing is called healthy.
inline constexpr int64_t kHealthySecondsMin = 60;
// A deploy that overlaps others is blamed only if its blame value is this many times the largest of theirs.
inline constexpr double kRivalRatioNeeded = 20;

struct WatchPlan {
  std::string deploy_id;
  std::string service;
  std::string signal;
  Baseline baseline;
  Calibration calibration;  // of the service; not calibrated: the settings of a cold start
  double margin_factor = 1.25;
  double value_needed = 0;      // of E
  int64_t first_second = 0;     // first second after the deploy's finish
  int64_t horizon_seconds = 0;  // full length of the observation
  std::string control;          // names, comma separated; empty: no usable control
  double control_before = 0;    // the control's observed rate before
};

struct WatchSecond {
  int64_t second = 0;
  RateCounts target;            // of the new version alone
  RateCounts control;           // same second, same ages; zero where no control could be read
  double control_expected = 0;  // events that the control would have had at its reference rate
};

class DeployWatch {
 public:
  explicit DeployWatch(WatchPlan plan);

  void Observe(const WatchSecond& second);
  // ln of E_D, or of E where there is no control: what overlapping deploys are compared by.
  double LogBlame() const;
  // Whether the verdict's state changed. `rival_log_blame`: the largest LogBlame of the overlapping deploys.
  bool Judge(int64_t second, double rival_log_blame);
  // The observation is over for `reason`; whether the state changed. `second` is the newest one observed.
  bool Close(int64_t second, std::string_view reason);
  // A final verdict from before a restart: nothing is judged any more.
  void Adopt(const Verdict& verdict) { verdict_ = verdict; }

  const Verdict& verdict() const { return verdict_; }  // as of the last change
  Verdict Current(int64_t second) const;               // the same state with the evidence of now
  int64_t first_second() const { return plan_.first_second; }

 private:
  bool Change(int64_t second, VerdictState state, std::string_view reason);
  Evidence CurrentEvidence() const;
  double Power() const;

  WatchPlan plan_;
  RateShiftSettings settings_;
  RateShift shift_;
  RateTest healthy_;
  ControlShift control_;
  Verdict verdict_;
  double log_value_max_ = 0;         // running maximum of ln E: crossing once is enough (Ville)
  std::optional<int64_t> fired_at_;  // second in which E reached value_needed
  std::optional<int64_t> onset_;     // first second with an event
  bool newest_has_traffic_ = false;  // the second that was observed last
  RateCounts seen_;
  RateCounts since_onset_;
  RateCounts control_seen_;
  std::vector<int64_t> block_requests_;  // for the power of an inconclusive verdict
};

}  // namespace revertd
