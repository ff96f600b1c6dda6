#include "analysis/signal.h"

#include "analysis/latency.h"

namespace revertd {
namespace {

// Of the false rollback rate; what is left is for error events (fingerprint_watch.h) and an extra signal.
constexpr double kErrorsShare = 0.35;
constexpr double kLatencyShare = 0.25 / 3;  // of each quantile
constexpr double kTrafficShare = 0.1;
constexpr double kSaturationShare = 0.1;

constexpr SignalTraits Latency(std::string_view name, std::string_view reason) {
  // The spread of shares is known for ten seconds and more (latency.h), and no shadow deploys earn anything shorter: in
  // blocks of 5 s a job that slows a service for half a minute every hour had 31 of 35 healthy deploys blamed.
  return {.name = name,
          .reason = reason,
          .grid = FactorGrid::kShare,
          .alpha_share = kLatencyShare,
          .block_seconds_controlled = 10,
          .second_look_seconds = kColdSeconds};
}

constexpr std::array<SignalTraits, kSignals> kTraits = {{
    {.name = "errors", .reason = "errors_above_null", .alpha_share = kErrorsShare, .blames_alone = true},
    Latency("latency_p50", "latency_p50_above_null"),
    Latency("latency_p90", "latency_p90_above_null"),
    Latency("latency_p99", "latency_p99_above_null"),
    {.name = "traffic",
     .reason = "traffic_below_null",
     .grid = FactorGrid::kFall,
     .alpha_share = kTrafficShare,
     .block_seconds_controlled = 2,
     .block_seconds_alone = 2,
     .proves_health = false},
    // Each service's queue fills at its own capacity: what fills one is no measure for another, so that it blames
    // nobody. It tells a person; what waiting costs is latency's to prove.
    {.name = "saturation",
     .reason = "saturation_above_null",
     .grid = FactorGrid::kShare,
     .alpha_share = kSaturationShare,
     .proves_health = false,
     .is_comparable = false},
}};

}  // namespace

const SignalTraits& TraitsOf(Signal signal) { return kTraits[static_cast<size_t>(signal)]; }

bool OnlyAsks(const Verdict& verdict) {
  if (verdict.state != VerdictState::kAmbiguous || verdict.evidence.empty()) return false;
  return !TraitsOf(SignalNamed(verdict.evidence.front().signal)).is_comparable;
}

Signal SignalNamed(std::string_view name) {
  for (const Signal signal : kAllSignals) {
    if (TraitsOf(signal).name == name) return signal;
  }
  return Signal::kErrors;
}

}  // namespace revertd
