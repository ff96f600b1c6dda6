// The usual ways to judge a deploy, over the very seconds that the detector sees: for comparison, never for use.
//
// Each answers the second, counted from the finish, at whose end it would roll back; kNever where it does not. Pure,
// any thread. Settings are each method's usual ones and stand beside it in rivals.cc.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

#include "analysis/series.h"

namespace revertd::bench {

inline constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

struct RivalView {
  RateCounts last_hour;                 // before the deploy
  std::span<const RateCounts> before;   // the last seconds before the deploy, oldest first
  std::span<const RateCounts> after;    // of the new version, from the first second after the finish
  std::span<const RateCounts> control;  // the same seconds of a service that was not deployed; empty: none
  uint64_t seed = 0;                    // of which request a health check happens to be
};

// One-sided two-proportion z test against the last hour, repeated each second at 0.001.
int64_t ZTestEachSecond(const RivalView& view);
// Mixture sequential probability ratio test of the difference, normal mixture (Johari, Pekelis, Walsh 2015), at 0.001.
int64_t MixtureSprt(const RivalView& view);
// More than 1 % of the requests fail in each of three seconds in a row.
int64_t FixedThreshold(const RivalView& view);
// Three health checks in a row fail; a check a second, as a request of that second.
int64_t ConsecutiveFailures(const RivalView& view);
// Kayenta's judge (NetflixACAJudge): every 5 min, the error rates in steps of 6 s against as many of the control, else
// of the time before. High if the lower 98 % limit of the Mann-Whitney location shift is above a quarter of the
// Hodges-Lehmann estimate.
int64_t KayentaJudge(const RivalView& view);

struct Rival {
  std::string_view name;
  int64_t (*judge)(const RivalView& view);
};
inline constexpr std::array<Rival, 5> kRivals = {{
    {"z each second", ZTestEachSecond},
    {"mixture SPRT", MixtureSprt},
    {"> 1 % for 3 s", FixedThreshold},
    {"3 failures", ConsecutiveFailures},
    {"Kayenta", KayentaJudge},
}};

// The Mann-Whitney location shift of `a` over `b`: Hodges and Lehmann's estimate and the lower limit of the two-sided
// interval by normal approximation. Both samples must be non-empty.
struct LocationShift {
  double estimate = 0;
  double low = 0;
};
LocationShift MannWhitneyShift(std::span<const double> a, std::span<const double> b, double normal_quantile);

}  // namespace revertd::bench
