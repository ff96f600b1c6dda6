#include "analysis/fingerprints.h"

#include <algorithm>

#include "analysis/rate_shift.h"

namespace revertd {
namespace {

// A baseline's rates are shares and end at one, but a request may bring several events: they are counted against
// thousandths of it.
constexpr int kParts = 1000;

}  // namespace

NewcomerCounts& NewcomerCounts::operator+=(const NewcomerCounts& other) {
  events += other.events;
  seconds += other.seconds;
  return *this;
}

RateMargins MarginsOf(const FingerprintHistory& history, const RateMargins& margins) {
  return {.factor = margins.factor, .absolute = history.requests_known ? margins.absolute : 0};
}

KnownRate EstimateKnownRate(const FingerprintHistory& history, const KnownGroup& known, const RateMargins& margins) {
  if (known.blocks.empty()) return {};
  RateHistory parts{.recent_seconds =
                        kHistoryBlockSeconds};  // of seconds nothing is kept: short blocks at their widest
  auto events = known.blocks.begin();
  for (const HistoryBlock& block : history.blocks) {
    if (block.start_second < known.blocks.front().start_second) continue;
    while (events != known.blocks.end() && events->start_second < block.start_second) ++events;
    const bool any = events != known.blocks.end() && events->start_second == block.start_second;
    const int64_t exposure = history.requests_known ? block.requests : kHistoryBlockSeconds;
    parts.blocks.push_back({block.start_second, exposure * kParts, any ? events->events : 0});
  }
  RateMargins of_parts = MarginsOf(history, margins);
  of_parts.absolute /= kParts;
  const Baseline baseline = EstimateBaseline(parts, history.before_second, of_parts);
  if (!baseline.known() || baseline.null_rate >= 1) return {};
  return {.observed = baseline.counts.rate() * kParts,
          .reference = baseline.reference * kParts,
          .null_rate = baseline.null_rate * kParts,
          .inverse_kappa = baseline.spread.Of(TrackSetting{}.block_seconds)};
}

}  // namespace revertd
