// SignalWatch: one signal of one deploy: the e-process against "not worse", the test for health, the control's word,
// and the numbers of all of them for the evidence. deploy_watch.h makes one verdict of several.
//
// Pure fold over seconds, any thread. Observe every second in order. docs/statistics.md, "Verdict".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analysis/baseline.h"
#include "analysis/calibration.h"
#include "analysis/cohorts.h"
#include "analysis/control.h"
#include "analysis/rate_shift.h"
#include "analysis/recent_counts.h"
#include "analysis/signal.h"
#include "base/verdict.h"

namespace revertd {

struct SignalPlan {
  Signal signal = Signal::kErrors;
  std::string route;  // of this one alone; empty: of the whole service
  Baseline baseline;
  Calibration calibration;        // of the service; not calibrated: the settings of a cold start
  double value_needed = 0;        // of E
  int64_t first_second = 0;       // first second after the deploy's finish
  int64_t horizon_seconds = 0;    // full length of the observation
  std::string control;            // names, comma separated; empty: no usable control
  double control_before = 0;      // the control's observed rate before,
  double control_reference = 0;   // and read at its upper bound,
  double control_noise = 0;       // and what of its spread is its own (ControlSettings::inverse_kappa)
  DurationNs slower_than_ns = 0;  // of a latency signal: which requests are its events
};

struct SignalSecond {
  RateCounts target = {};       // of the new version alone; while caches are cold, by what is called slow then
  RateCounts told = {};         // the same without regard to caches: what the evidence tells
  RateCounts control = {};      // same second, same ages; zero where no control could be read
  double control_expected = 0;  // events that the control would have had at its reference rate
  double null_scale = 1;        // what the null rate is multiplied by (routes.h)
  const CohortSecond* cohorts = nullptr;  // where versions are told apart: `target` are then its fresh ones
};

class SignalWatch {
  // The old version is asked for as long as its traffic of so many seconds is enough.
  static constexpr int64_t kReplicaSeconds = 20;

 public:
  explicit SignalWatch(SignalPlan plan);

  void Observe(int64_t second, const SignalSecond& counts);
  const SignalTraits& traits() const { return TraitsOf(plan_.signal); }
  bool of_route() const { return !plan_.route.empty(); }
  // Without any request before, nothing is ever said.
  bool known() const { return plan_.baseline.known(); }
  // Whether E rests on settings that the service's own history has earned.
  bool calibrated() const;
  // The second in which E reached what is needed: once is enough (Ville).
  std::optional<int64_t> fired_at() const { return fired_at_; }
  bool NotWorse() const;  // "worse" is refuted
  bool newest_has_traffic() const { return newest_has_traffic_; }

  // ln of E_D, or of E where there is no control: what overlapping deploys are compared by.
  double LogBlame() const;
  // Whether the old version serves beside the new one, with enough traffic of late to be asked: then it decides alone.
  bool has_replicas() const { return replicas_usable_; }
  bool has_control() const { return has_replicas() || !plan_.control.empty(); }
  bool ControlAgrees() const;
  double LogValue() const { return fired_at_ ? log_value_max_ : shift_.LogValue(); }

  Evidence CurrentEvidence() const;
  double Power() const;  // of what was observed so far

 private:
  bool MayBeOnset(const RateCounts& target) const;
  void ObserveReplicas(int64_t second, const CohortSecond& cohorts, double null_scale);
  bool RecentlyNotWorse() const;

  const SignalPlan plan_;
  const RateShiftSettings settings_;
  RateShift shift_;
  RateTest healthy_;
  ControlShift control_;
  const ControlSettings beside_;  // of the old version as the control
  ControlShift replicas_;
  double log_value_max_ = 0;  // running maximum of ln E
  std::optional<int64_t> fired_at_;
  std::optional<int64_t> onset_;  // first second with an event, or with less traffic than the null
  bool newest_has_traffic_ = false;
  RateCounts seen_;
  RateCounts since_onset_;
  RateCounts control_seen_;
  RateCounts replicas_seen_;  // since versions are told apart
  int64_t replicas_since_ = kNoSecond;
  bool replicas_usable_ = false;
  std::string fresh_names_;
  std::string replica_names_;
  RecentCounts<kReplicaSeconds, 1> fresh_recent_;
  RecentCounts<kReplicaSeconds, 1> replicas_recent_;
  RecentCounts<10, 30> recent_;          // five minutes
  std::vector<int64_t> block_requests_;  // for the power
};

}  // namespace revertd
