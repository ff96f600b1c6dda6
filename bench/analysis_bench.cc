// What judging costs for each signal and second: one signal's fold, a deploy's, and a second of the whole loop with
// 1,000 services under watch. signal_second is what one takes; the bar is 1 us.
//
// The answers are checked first: a signal's against the mixture written out as the plain sum that it is
// (docs/statistics.md, "Onset"), the loop's against loops of one service.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "analysis/analysis_loop.h"
#include "analysis/rollups.h"
#include "base/check.h"

namespace revertd {
namespace {

constexpr uint64_t kSeed = 5;
constexpr int64_t kWatchSeconds = 900;
constexpr int64_t kStart = 1'800'000'000;
constexpr double kErrorRate = 0.002;
constexpr double kInverseKappa = 0.01;

// What a signal's events are counted among, and how many there usually are of them: requests, or the seconds
// themselves.
double ExposureOf(Signal signal) { return signal == Signal::kTraffic ? 1 : 500; }
double RateOf(Signal signal) {
  switch (signal) {
    case Signal::kErrors: return kErrorRate;
    case Signal::kLatencyP50: return 0.45;
    case Signal::kLatencyP90: return 0.09;
    case Signal::kLatencyP99: return 0.009;
    case Signal::kTraffic: return 500;
    case Signal::kSaturation: return 0.02;
  }
  return 0;
}

// A healthy service's seconds: Poisson requests, a rate of events that varies.
std::vector<RateCounts> DrawSeconds(Signal signal, std::mt19937_64& random) {
  std::vector<RateCounts> seconds;
  std::gamma_distribution<double> climate(1 / kInverseKappa, kInverseKappa);
  for (int64_t i = 0; i < kWatchSeconds; ++i) {
    const double rate = RateOf(signal) * climate(random);
    if (signal == Signal::kTraffic) {
      seconds.push_back({1, std::poisson_distribution<int64_t>(rate)(random)});
      continue;
    }
    const int64_t requests = std::poisson_distribution<int64_t>(ExposureOf(signal))(random);
    seconds.push_back({requests, std::binomial_distribution<int64_t>(requests, std::min(rate, 1.0))(random)});
  }
  return seconds;
}

SignalPlan PlanOf(Signal signal, const std::string& control) {
  const double rate = RateOf(signal);
  const auto seconds = static_cast<double>(kWatchSeconds);
  SignalPlan plan;
  plan.signal = signal;
  plan.baseline.counts = {static_cast<int64_t>(seconds * ExposureOf(signal)),
                          static_cast<int64_t>(seconds * ExposureOf(signal) * rate)};
  plan.baseline.spread = BlockSpread(kInverseKappa);
  plan.baseline.reference = rate;
  plan.baseline.null_rate = TraitsOf(signal).grid == FactorGrid::kFall ? 0.7 * rate : 1.1 * rate;
  plan.baseline.worse_rate = 2 * rate;
  plan.value_needed = 1e9;
  plan.first_second = kStart;
  plan.horizon_seconds = kWatchSeconds;
  plan.control = control;
  plan.control_reference = rate;
  return plan;
}

std::vector<SignalSecond> SecondsOf(const SignalPlan& plan) {
  std::mt19937_64 random(kSeed);
  const std::vector<RateCounts> target = DrawSeconds(plan.signal, random);
  const std::vector<RateCounts> control = DrawSeconds(plan.signal, random);
  std::vector<SignalSecond> seconds(target.size());
  for (size_t i = 0; i < target.size(); ++i) {
    seconds[i].target = target[i];
    if (plan.control.empty()) continue;
    seconds[i].control = control[i];
    seconds[i].control_expected = static_cast<double>(control[i].requests) * plan.control_reference;
  }
  return seconds;
}

// One track's E, an onset and a factor at a time.
long double PlainValue(const SignalPlan& plan, const std::vector<SignalSecond>& seconds, Track track) {
  const SignalTraits& traits = TraitsOf(plan.signal);
  const int64_t block_seconds = plan.control.empty() ? traits.block_seconds_alone : traits.block_seconds_controlled;
  const double concentration = ConcentrationOf(plan.baseline.spread.Of(block_seconds));
  const auto blocks = static_cast<int64_t>(seconds.size()) / block_seconds;
  const OnsetWeights weights(BlocksIn(kOnsetNearSeconds, block_seconds), BlocksIn(kWatchSeconds, block_seconds));
  const auto factors = FactorsOf(track, traits.grid);
  long double sum = 0;
  for (const double factor : factors) {
    long double after = 1;  // of the blocks from the onset on
    for (int64_t block = blocks; block >= 1; --block) {
      RateCounts counts;
      for (int64_t i = (block - 1) * block_seconds; i < block * block_seconds; ++i) {
        counts += seconds[static_cast<size_t>(i)].target;
      }
      const double log_factor =
          LogBayesFactor(factor, static_cast<double>(counts.errors),
                         static_cast<double>(counts.requests) * plan.baseline.null_rate, concentration, concentration);
      after *= std::exp(static_cast<long double>(std::min(log_factor, kLogCapUncalibrated)));
      sum += static_cast<long double>(weights.Of(block)) * after;
    }
  }
  return sum / static_cast<long double>(factors.size()) + static_cast<long double>(weights.UnspentAfter(blocks));
}

void CheckSignal(const SignalPlan& plan, const std::vector<SignalSecond>& seconds) {
  SignalWatch watch(plan);
  for (size_t i = 0; i < seconds.size(); ++i) watch.Observe(kStart + static_cast<int64_t>(i), seconds[i]);
  const auto expected =
      static_cast<double>(std::max(PlainValue(plan, seconds, Track::kSlow), PlainValue(plan, seconds, Track::kFast)));
  REVERTD_CHECK(std::abs(watch.CurrentEvidence().e_value - expected) <= 1e-9 * expected);
}

// Of how many signals and seconds an iteration is.
void Finish(benchmark::State& state, size_t signal_seconds) {
  state.counters["signal_second"] = benchmark::Counter(
      static_cast<double>(signal_seconds), benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void FoldSignal(benchmark::State& state, Signal signal, const std::string& control) {
  const SignalPlan plan = PlanOf(signal, control);
  const std::vector<SignalSecond> seconds = SecondsOf(plan);
  CheckSignal(plan, seconds);
  for (auto _ : state) {
    SignalWatch watch(plan);
    for (size_t i = 0; i < seconds.size(); ++i) watch.Observe(kStart + static_cast<int64_t>(i), seconds[i]);
    benchmark::DoNotOptimize(watch.LogBlame());
  }
  Finish(state, seconds.size());
}
BENCHMARK_CAPTURE(FoldSignal, errors_alone, Signal::kErrors, "");
BENCHMARK_CAPTURE(FoldSignal, errors_with_control, Signal::kErrors, "mail");
BENCHMARK_CAPTURE(FoldSignal, latency_p90_alone, Signal::kLatencyP90, "");
BENCHMARK_CAPTURE(FoldSignal, latency_p90_with_control, Signal::kLatencyP90, "mail");
BENCHMARK_CAPTURE(FoldSignal, traffic_with_control, Signal::kTraffic, "mail");

// All signals, with a control, judged each second.
void FoldDeploy(benchmark::State& state) {
  WatchPlan plan;
  plan.deploy_id = "d";
  plan.service = "shop";
  plan.first_second = kStart;
  std::vector<std::array<SignalSecond, kSignals>> seconds(static_cast<size_t>(kWatchSeconds));
  for (const Signal signal : kAllSignals) {
    plan.signals.push_back(PlanOf(signal, "mail"));
    const std::vector<SignalSecond> drawn = SecondsOf(plan.signals.back());
    CheckSignal(plan.signals.back(), drawn);
    for (size_t i = 0; i < drawn.size(); ++i) seconds[i][static_cast<size_t>(signal)] = drawn[i];
  }
  for (auto _ : state) {
    DeployWatch watch(plan);
    for (size_t i = 0; i < seconds.size(); ++i) {
      watch.Observe(kStart + static_cast<int64_t>(i), seconds[i]);
      watch.Judge(kStart + static_cast<int64_t>(i), {});
    }
    benchmark::DoNotOptimize(watch.LogBlame());
  }
  Finish(state, kSignals * seconds.size());
}
BENCHMARK(FoldDeploy);

// Services [first, last) of the same many, with the controls that all of them have.
class Fleet {
 public:
  static constexpr int64_t kBeforeSeconds = 200;  // of live seconds before the deploys
  static constexpr size_t kControls = 8;

  Fleet(size_t first, size_t last)
      : services_(static_cast<uint32_t>(last - first + kControls + 1)),
        rollups_(services_, {}),
        loop_(
            config_, services_, [](const Deploy&) { return GateFacts{}; }, &sink_, &rollups_) {
    for (size_t i = 0; i < kControls; ++i) Add("control-" + std::to_string(i), i);
    for (size_t i = first; i < last; ++i) Add(NameOf(i), kControls + i);
    while (second_ < kStart) PassSecond();
  }
  static std::string NameOf(size_t i) { return "service-" + std::to_string(i); }

  void DeployEach(size_t first, size_t last) {
    for (size_t i = first; i < last; ++i) {
      Deploy deploy;
      deploy.id = NameOf(i);
      deploy.service = NameOf(i);
      deploy.start_ns = kStart * kSecondNs;
      deploy.finish_ns = deploy.start_ns;
      REVERTD_CHECK(loop_.OnDeploy(deploy).ok());
    }
  }
  void TakeWindows() {
    for (ServiceId service = 1; service < services_.size(); ++service) {
      Window& window = windows_[(static_cast<size_t>(second_) * 7 + shifts_[service]) % windows_.size()];
      window.service = service;
      window.second = second_;
      rollups_.OnWindow(window);
      loop_.OnWindow(window);
    }
  }
  void Seal() { loop_.SealedThrough(second_); }
  void Next() { rollups_.SealedThrough(second_++); }
  void PassSecond() {
    TakeWindows();
    Seal();
    Next();
  }
  std::vector<AnalysisLoop::Watch> Watches() const { return loop_.OpenWatches(); }

 private:
  void Add(const std::string& name, size_t shift) {
    services_.Intern(name);
    shifts_.resize(services_.size());
    shifts_[services_.size() - 1] = shift;
    std::mt19937_64 random(kSeed + shift);
    std::vector<HistoryBlock> blocks;
    const int64_t until = HistoryBlockStart(kStart - kBeforeSeconds);
    for (int64_t start = until - 2 * 3600; start < until; start += kHistoryBlockSeconds) {
      blocks.push_back({start, 20'000, std::binomial_distribution<int64_t>(20'000, kErrorRate)(random)});
    }
    loop_.RestoreHistory(name, blocks, {});
  }
  // 509 seconds, no two alike: prime, so that no service meets a pattern.
  static std::vector<Window> MakeWindows() {
    std::mt19937_64 random(kSeed);
    std::vector<Window> windows(509);
    for (Window& window : windows) {
      const auto requests = std::poisson_distribution<uint32_t>(500)(random);
      const auto errors = std::binomial_distribution<uint32_t>(requests, kErrorRate)(random);
      window.by_age.requests[0] = requests;
      window.by_age.errors[0] = errors;
      for (uint32_t i = 0; i < requests; ++i) {
        window.latency.Record(static_cast<DurationNs>(std::lognormal_distribution<double>(17, 0.8)(random)));
        window.saturation.Record({.queue_ns = random() % 50 == 0 ? kMillisecondNs : 0, .queue_length = 0});
      }
    }
    return windows;
  }

  const Config config_;
  ServiceTable services_;
  Rollups rollups_;
  PartialSink sink_;
  AnalysisLoop loop_;
  std::vector<size_t> shifts_;  // by service
  std::vector<Window> windows_ = MakeWindows();
  int64_t second_ = kStart - kBeforeSeconds;
};

// What the loop says of a service does not depend on how many others there are.
void CheckFleet(const Fleet& all, size_t services, int64_t seconds) {
  const std::vector<AnalysisLoop::Watch> watches = all.Watches();
  REVERTD_CHECK(watches.size() == services);
  for (size_t i = 0; i < services; i += services / 4) {
    Fleet alone(i, i + 1);
    alone.DeployEach(i, i + 1);
    for (int64_t second = 0; second < seconds; ++second) alone.PassSecond();
    const AnalysisLoop::Watch expected = alone.Watches().at(0);
    const auto found = std::find_if(watches.begin(), watches.end(),
                                    [&](const auto& watch) { return watch.deploy.id == expected.deploy.id; });
    REVERTD_CHECK(found != watches.end() && found->verdict.state == expected.verdict.state);
    REVERTD_CHECK(found->verdict.evidence.size() == expected.verdict.evidence.size());
    REVERTD_CHECK(!expected.verdict.evidence.front().control.empty());
    for (size_t signal = 0; signal < expected.verdict.evidence.size(); ++signal) {
      const Evidence& one = found->verdict.evidence[signal];
      const Evidence& other = expected.verdict.evidence[signal];
      REVERTD_CHECK(one.signal == other.signal && one.e_value == other.e_value && one.n_after == other.n_after);
      REVERTD_CHECK(one.control == other.control && one.control_e_value == other.control_e_value);
    }
  }
}

double SealInSeconds(Fleet* fleet) {
  const auto begun = std::chrono::steady_clock::now();
  fleet->Seal();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
}

// SealedThrough alone; windows are taken beside the clock. So many services are there, and so many deployed at once;
// opening_s is the second that opens the watches, and estimates every baseline.
void SealSecond(benchmark::State& state) {
  const auto services = static_cast<size_t>(state.range(0));
  const auto watched = static_cast<size_t>(state.range(1));
  Fleet fleet(0, services);
  fleet.DeployEach(0, watched);
  fleet.TakeWindows();
  state.counters["opening_s"] = SealInSeconds(&fleet);
  fleet.Next();
  for (auto _ : state) {
    fleet.TakeWindows();
    state.SetIterationTime(SealInSeconds(&fleet));
    fleet.Next();
  }
  if (watched > 0) CheckFleet(fleet, watched, 1 + static_cast<int64_t>(state.iterations()));
  Finish(state, kSignals * services);
}
BENCHMARK(SealSecond)
    ->ArgNames({"services", "watched"})
    ->Args({100, 100})
    ->Args({1'000, 0})
    ->Args({1'000, 1'000})
    ->UseManualTime()
    ->Iterations(60)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace revertd

BENCHMARK_MAIN();
