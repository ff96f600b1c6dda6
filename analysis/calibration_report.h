// What `calibrate` tells of a service: how its shadow deploys came off under the settings that had been earned before
// each of them, and the smallest regression that a deploy now would be found by.
//
// Pure, any thread. Method: docs/operations.md, "Calibrate from old logs".
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "analysis/shadow_desk.h"
#include "analysis/signal_watch.h"

namespace revertd {

// The largest rate of which `events` or fewer of `trials` independent ones have a chance of 5 %: the exact one-sided
// 95 % upper limit. 1 where nothing was tried. Source: Clopper, Pearson (1934).
double UpperLimit95(int64_t events, int64_t trials);

// Older than a day, for a setting to be accepted alone (calibration.h): of fewer the tail is not known, however quiet
// they were.
inline constexpr int64_t kShadowsNeeded = 59;

// Shadow deploys that were judged, and those of them that the detector would have called regressed.
struct Tally {
  int64_t judged = 0;
  int64_t fired = 0;

  double rate() const { return judged > 0 ? static_cast<double>(fired) / static_cast<double>(judged) : 0; }
  double upper() const { return UpperLimit95(fired, judged); }
  Tally& operator+=(const Tally& other);
};

// Judges every shadow deploy as a real deploy at its second would have been, by a ShadowDesk that knows those before
// it: none has a part in choosing the settings that it is judged by. Of one with a usable control the shadow tells what
// the quick settings and the control's word came to; where these are refuted, E alone counts: the control might have
// held it back.
class WalkForward {
 public:
  struct Result {
    Tally earned;                  // by settings that the service had earned
    Tally cold_start_controlled;   // by those that it had to start with, beside a control,
    Tally cold_start;              // and alone: a person is asked
    int64_t older_than_a_day = 0;  // of those that a deploy now is judged by, before the newest one

    Tally unearned() const;
    // All services' together; older_than_a_day is of each by itself.
    Result& operator+=(const Result& other);
  };

  explicit WalkForward(const ShadowSettings& settings);
  // Ascending by start for each service.
  void Observe(std::string_view service, const ShadowResult& shadow);
  Result Of(std::string_view service) const;
  // By which a deploy is judged whose baseline ends at `second`.
  Calibration CalibrationOf(std::string_view service, int64_t second) const;

 private:
  struct Walk {
    Result result;                 // but for older_than_a_day
    std::deque<int64_t> last_day;  // starts, ascending
    int64_t kept = 0;              // by the desk
  };

  const ShadowSettings settings_;
  const CallGraph no_calls_;  // the desk chooses no controls here: they were chosen when the shadows were played
  ShadowDesk desk_;
  std::map<std::string, Walk, std::less<>> walks_;
};

// Multiples of the old error rate that are tried, and how soon they are to be found.
inline constexpr std::array<double, 8> kRegressionsTried = {1.5, 2, 3, 5, 10, 20, 50, 100};
inline constexpr std::array<int64_t, 3> kFoundWithinSeconds = {60, 5 * 60, 15 * 60};
inline constexpr double kFoundWithChance = 0.8;

// The smallest of kRegressionsTried that fires within each of kFoundWithinSeconds, and before the watch ends, with a
// chance of at least kFoundWithChance: 200 seeded watches of `plan` over Poisson traffic of `requests_per_second`, with
// errors at the multiple of the baseline's rate. Nothing where none of them does, or where the rate would pass 1.
using SmallestRegressions = std::array<std::optional<double>, kFoundWithinSeconds.size()>;
SmallestRegressions SmallestFound(const SignalPlan& plan, double requests_per_second);

}  // namespace revertd
