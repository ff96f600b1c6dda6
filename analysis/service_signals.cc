#include "analysis/service_signals.h"

#include "analysis/totals.h"
#include "analysis/traffic.h"

namespace revertd {
namespace {

constexpr size_t QuantileOf(Signal signal) {
  return static_cast<size_t>(signal) - static_cast<size_t>(Signal::kLatencyP50);
}
constexpr bool IsLatency(Signal signal) { return QuantileOf(signal) < kLatencyQuantiles.size(); }

}  // namespace

ServiceSignals::ServiceSignals(std::string_view service, const Series& series, const Rollups* rollups,
                               const SignalTimes& times, const std::vector<SecondInterval>& left_out,
                               const SignalMargins& margins)
    : service_(service), series_(&series), rollups_(rollups) {
  const RateHistory history = HistoryBefore(series, times.before_second, left_out);
  errors_ = EstimateBaseline(history, times.before_second, margins.errors);
  const RateCounts newest = series.Sum({times.before_second - kTrafficSeconds, times.before_second});
  requests_per_second_ = static_cast<double>(newest.requests) / static_cast<double>(kTrafficSeconds);
  if (rollups == nullptr) return;
  timed_ = std::make_shared<const Timed>(
      Timed{EstimateLatency(*rollups, service, times.before_second, left_out, margins.latency),
            EstimateTraffic(history, times.before_second, times.first_second, times.horizon_seconds)});
}

const Baseline& ServiceSignals::baseline(Signal signal) const {
  static const Baseline kUnknown;
  if (signal == Signal::kErrors) return errors_;
  if (timed_ == nullptr) return kUnknown;
  return IsLatency(signal) ? timed_->latency[QuantileOf(signal)].baseline : timed_->traffic;
}

DurationNs ServiceSignals::slower_than_ns(Signal signal) const {
  return timed_ != nullptr && IsLatency(signal) ? timed_->latency[QuantileOf(signal)].slower_than_ns : 0;
}

PerSignal<ServiceSignals::Reading> ServiceSignals::Read(int64_t second, int64_t first_start) const {
  PerSignal<Reading> readings;
  const auto reads = [&readings](Signal signal, const RateCounts& counts) { readings[signal] = {counts, counts}; };
  const AgeCounts* kept = series_->Find(second);
  if (kept != nullptr) reads(Signal::kErrors, StartedFrom(*kept, second, first_start));
  if (timed_ == nullptr) return readings;
  Totals totals;
  rollups_->Sum(service_, second, second + 1, &totals);
  reads(Signal::kTraffic, TrafficOf(totals.all()));
  for (const Signal signal : kAllSignals) {
    if (!IsLatency(signal)) continue;
    const LatencyQuantile& quantile = timed_->latency[QuantileOf(signal)];
    readings[signal] = {CountSlower(totals.latency, quantile.slower_than_ns),
                        CountSlower(totals.latency, quantile.slower_cold_ns)};
  }
  return readings;
}

}  // namespace revertd
