#include "analysis/service_signals.h"

#include "analysis/time_of_day.h"
#include "analysis/traffic.h"

namespace revertd {
namespace {

constexpr int64_t kHalfHourSeconds = 1800;

constexpr size_t QuantileOf(Signal signal) {
  return static_cast<size_t>(signal) - static_cast<size_t>(Signal::kLatencyP50);
}
constexpr bool IsLatency(Signal signal) { return QuantileOf(signal) < kLatencyQuantiles.size(); }

// Hours later the same hour of the day before counts too: of each quantile the slower one.
LatencyQuantiles LatencyBefore(const Rollups& rollups, std::string_view service, const SignalTimes& times,
                               const std::vector<SecondInterval>& left_out, const LatencyMargins& margins) {
  LatencyQuantiles before = EstimateLatency(rollups, service, times.before_second, left_out, margins);
  if (!times.is_late()) return before;
  const int64_t middle = (times.first_second + times.last_second()) / 2;
  const LatencyQuantiles yesterday =
      EstimateLatency(rollups, service, middle - kDaySeconds + kHalfHourSeconds, left_out, margins);
  for (size_t i = 0; i < before.size(); ++i) {
    if (yesterday[i].baseline.known() && yesterday[i].slower_than_ns > before[i].slower_than_ns)
      before[i] = yesterday[i];
  }
  return before;
}

}  // namespace

RateCounts CountsOf(Signal signal, const JoinedTotals& second, DurationNs slower_than_ns) {
  if (signal == Signal::kTraffic) return TrafficOf(second.all());
  if (signal == Signal::kSaturation) return WaitedOf(second.saturation);
  return IsLatency(signal) ? CountSlower(second.latency, slower_than_ns) : RateCounts{};
}

ServiceSignals::ServiceSignals(std::string_view service, const Series& series, const Rollups* rollups,
                               const SignalTimes& times, const std::vector<SecondInterval>& left_out,
                               const SignalMargins& margins)
    : service_(service), series_(&series), rollups_(rollups) {
  RateHistory history = HistoryBefore(series, times.before_second, left_out);
  if (times.is_late()) {
    // What was short of the time before is forgotten: how blocks spread is read from the time right before the watch.
    history.recent = HistoryBefore(series, times.first_second, {}).recent;
  }
  errors_ = EstimateBaseline(history, times.before_second, margins.errors);
  if (times.is_late()) errors_ = AtTimeOfDay(errors_, history, margins.errors, times.first_second, times.last_second());
  const RateCounts newest = series.Sum(times.minutes_before());
  requests_per_second_ = static_cast<double>(newest.requests) / static_cast<double>(kTrafficSeconds);
  if (rollups == nullptr) return;
  timed_ = std::make_shared<const Timed>(
      Timed{LatencyBefore(*rollups, service, times, left_out, margins.latency),
            EstimateTraffic(history, times.before_second, times.first_second, times.horizon_seconds),
            EstimateSaturation(*rollups, service, times.before_second, left_out)});
}

const Baseline& ServiceSignals::baseline(Signal signal) const {
  static const Baseline kUnknown;
  if (signal == Signal::kErrors) return errors_;
  if (timed_ == nullptr) return kUnknown;
  if (signal == Signal::kSaturation) return timed_->saturation.baseline;
  return IsLatency(signal) ? timed_->latency[QuantileOf(signal)].baseline : timed_->traffic;
}

int64_t ServiceSignals::busiest_block() const { return timed_ != nullptr ? timed_->saturation.busiest_block : 0; }

DurationNs ServiceSignals::slower_than_ns(Signal signal) const {
  return timed_ != nullptr && IsLatency(signal) ? timed_->latency[QuantileOf(signal)].slower_than_ns : 0;
}

void ServiceSignals::Read(int64_t second, int64_t first_start, Second* read) const {
  const AgeCounts* kept = series_->Find(second);
  read->errors = kept != nullptr ? StartedFrom(*kept, second, first_start) : RateCounts{};
  read->totals.Clear();
  if (timed_ != nullptr) rollups_->ReadSecond(service_, second, &read->totals);
}

RateCounts ServiceSignals::CountsIn(const Second& read, Signal signal) const {
  if (signal == Signal::kErrors) return read.errors;
  return timed_ != nullptr ? CountsOf(signal, read.totals, slower_than_ns(signal)) : RateCounts{};
}

RateCounts ServiceSignals::CountsWhileCold(const Second& read, Signal signal) const {
  if (timed_ == nullptr || !IsLatency(signal)) return CountsIn(read, signal);
  return CountSlower(read.totals.latency, timed_->latency[QuantileOf(signal)].slower_cold_ns);
}

}  // namespace revertd
