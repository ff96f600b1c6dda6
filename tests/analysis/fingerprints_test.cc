// Error events after a deploy, known groups, renamed ones and new ones together.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "analysis/draw.h"
#include "analysis/fingerprint_watch.h"

namespace revertd {
namespace {

using Random = std::mt19937_64;

constexpr int64_t kBefore = 7200;
constexpr int64_t kRequests = 100;  // a second
constexpr int64_t kWatched = 900;
constexpr int64_t kNever = 1'000'000;

// A group and how many of its events come in a second.
struct Source {
  ErrorGroup group;
  double rate = 0;
};

// Thirty groups of ten origins, of one event in 100 s to two in a second.
std::vector<Source> ThirtySources() {
  std::vector<Source> sources;
  for (uint64_t i = 0; i < 30; ++i) {
    sources.push_back(
        {{.fingerprint = 100 + i, .origin = i % 10}, 0.01 * std::pow(200.0, static_cast<double>(i) / 29)});
  }
  return sources;
}

std::vector<Source> Renamed(std::vector<Source> sources, double times = 1) {
  for (Source& source : sources) source.group.fingerprint += 10'000, source.rate *= times;
  return sources;
}

// Two hours with `sources`, as ingestion would have kept them.
FingerprintHistory HistoryOf(const std::vector<Source>& sources, Random& random) {
  FingerprintHistory history;
  history.before_second = kBefore;
  history.benign = {.events = 20, .seconds = 10'000};
  for (int64_t start = 0; start < kBefore; start += kHistoryBlockSeconds) {
    history.blocks.push_back({start, kRequests * kHistoryBlockSeconds, 0});
  }
  for (const Source& source : sources) {
    KnownGroup known{source.group, {}};
    for (const HistoryBlock& block : history.blocks) {
      const int64_t events = DrawPoisson(source.rate * kHistoryBlockSeconds, random);
      if (events > 0) known.blocks.push_back({block.start_second, events});
    }
    history.known.push_back(known);
  }
  return history;
}

std::vector<GroupEvents> DrawEvents(const std::vector<Source>& sources, Random& random) {
  std::vector<GroupEvents> events;
  for (const Source& source : sources) {
    const int64_t count = DrawPoisson(source.rate, random);
    if (count > 0) events.push_back({source.group, count});
  }
  return events;
}

// The second in which it fires, from 1; kNever: it does not.
int64_t SecondsToFire(FingerprintWatch& watch, const std::vector<Source>& sources, Random& random,
                      int64_t requests = kRequests) {
  for (int64_t second = 1; second <= kWatched; ++second) {
    watch.Observe({requests, DrawEvents(sources, random)});
    if (watch.fired()) return second;
  }
  return kNever;
}

// How many of `deploys` fire, in the worst case within how many seconds.
struct Fired {
  int count = 0;
  int64_t slowest = 0;
};
Fired FiredOf(const std::vector<Source>& before, const std::vector<Source>& after, int deploys) {
  Fired fired;
  for (uint64_t seed = 1; seed <= static_cast<uint64_t>(deploys); ++seed) {
    Random random(seed);
    FingerprintWatch watch(HistoryOf(before, random), {});
    const int64_t seconds = SecondsToFire(watch, after, random);
    fired.count += seconds != kNever ? 1 : 0;
    fired.slowest = std::max(fired.slowest, seconds);
  }
  return fired;
}

std::vector<Source> Joined(std::vector<Source> sources, const std::vector<Source>& more) {
  sources.insert(sources.end(), more.begin(), more.end());
  return sources;
}

constexpr int kDeploys = 20;

TEST(Fingerprints, NothingChangedFiresNothing) {
  EXPECT_EQ(FiredOf(ThirtySources(), ThirtySources(), kDeploys).count, 0);
}

TEST(Fingerprints, RenamingEveryGroupFiresNothing) {
  EXPECT_EQ(FiredOf(ThirtySources(), Renamed(ThirtySources()), kDeploys).count, 0);
}

TEST(Fingerprints, RenamedGroupsThatAreTenTimesAsManyFire) {
  const Fired fired = FiredOf(ThirtySources(), Renamed(ThirtySources(), 10), kDeploys);
  EXPECT_EQ(fired.count, kDeploys);
  EXPECT_LE(fired.slowest, 90);
}

// One renamed group that rises alone, the largest of its origin.
TEST(Fingerprints, OneRenamedGroupThatIsTenTimesAsManyFires) {
  std::vector<Source> after = Renamed(ThirtySources());
  after[25].rate *= 10;
  const Fired fired = FiredOf(ThirtySources(), after, kDeploys);
  EXPECT_EQ(fired.count, kDeploys);
  EXPECT_LE(fired.slowest, 120);
}

// A tracker that groups more coarsely: what was three groups of an origin is one.
TEST(Fingerprints, GroupsThatAreJoinedFireNothing) {
  std::vector<Source> after;
  for (const Source& source : ThirtySources()) {
    const auto origin = static_cast<size_t>(source.group.origin);
    if (after.size() <= origin) after.push_back({{.fingerprint = 20'000 + origin, .origin = origin}, 0});
    after[origin].rate += source.rate;
  }
  EXPECT_EQ(FiredOf(ThirtySources(), after, kDeploys).count, 0);
}

TEST(Fingerprints, GroupsThatAreSplitFireNothing) {
  std::vector<Source> halves = Renamed(ThirtySources(), 0.5);
  for (Source& half : halves) half.group.fingerprint += 10'000;
  EXPECT_EQ(FiredOf(ThirtySources(), Joined(Renamed(ThirtySources(), 0.5), halves), kDeploys).count, 0);
}

// What the old version had still in its queue comes under the old names.
TEST(Fingerprints, StragglersDoNotHideARename) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    FingerprintWatch watch(HistoryOf(ThirtySources(), random), {});
    const std::vector<Source> renamed = Renamed(ThirtySources());
    for (int64_t second = 0; second < 3; ++second) {
      watch.Observe({kRequests, DrawEvents(Joined(ThirtySources(), renamed), random)});
    }
    EXPECT_EQ(SecondsToFire(watch, renamed, random), kNever);
  }
}

TEST(Fingerprints, ARealNewGroupIsFoundWithinAMinuteAndABit) {
  const Source added{{.fingerprint = 7, .origin = 777}, 1};
  for (const bool renamed : {false, true}) {
    SCOPED_TRACE(renamed ? "among renamed ones" : "among known ones");
    const std::vector<Source> others = renamed ? Renamed(ThirtySources()) : ThirtySources();
    const Fired fired = FiredOf(ThirtySources(), Joined(others, {added}), kDeploys);
    EXPECT_EQ(fired.count, kDeploys);
    EXPECT_LE(fired.slowest, 80);
  }
}

// The same type and transaction as known groups, which go on as before.
TEST(Fingerprints, ANewGroupBesideKnownOnesOfItsOriginIsNoRename) {
  const Source added{{.fingerprint = 7, .origin = 5}, 1};
  const Fired fired = FiredOf(ThirtySources(), Joined(ThirtySources(), {added}), kDeploys);
  EXPECT_EQ(fired.count, kDeploys);
  EXPECT_LE(fired.slowest, 120);
}

TEST(Fingerprints, AKnownGroupThatRisesIsFoundAndNamed) {
  int named = 0, named_wrongly = 0;
  for (uint64_t seed = 1; seed <= kDeploys; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    std::vector<Source> after = ThirtySources();
    after[20].rate *= 8;
    FingerprintWatch watch(HistoryOf(ThirtySources(), random), {});
    EXPECT_LE(SecondsToFire(watch, after, random), 240);
    const FingerprintReport report = watch.Report();
    EXPECT_TRUE(report.known_fired);
    EXPECT_FALSE(report.newcomers_fired);
    for (const KnownGroupState& known : report.known) {
      if (known.called) ++(known.group.fingerprint == after[20].group.fingerprint ? named : named_wrongly);
    }
  }
  EXPECT_EQ(named, kDeploys);
  EXPECT_EQ(named_wrongly, 0);
}

// Every group stands at its null: the mean of E that is held against 1 / (w alpha) averages at most one.
TEST(Fingerprints, TheKnownGroupsMeanIsAnEValue) {
  double sum = 0;
  constexpr int kRuns = 80;
  int crossed = 0;
  for (uint64_t seed = 1; seed <= kRuns; ++seed) {
    Random random(seed);
    const FingerprintHistory history = HistoryOf(ThirtySources(), random);
    FingerprintWatch watch(history, {});
    std::vector<Source> at_null;
    for (const KnownGroup& known : history.known) {
      if (known.blocks.empty()) continue;
      at_null.push_back({known.group, EstimateKnownRate(history, known, RateMargins{}).null_rate * kRequests});
    }
    double largest = 0;
    for (int second = 0; second < 120; ++second) {
      watch.Observe({kRequests, DrawEvents(at_null, random)});
      largest = std::max(largest, watch.Report().known_log_value);
    }
    sum += std::exp(watch.Report().known_log_value) / kRuns;
    crossed += largest >= std::log(20) ? 1 : 0;
  }
  EXPECT_LE(sum, 1.2);
  EXPECT_LE(crossed, kRuns / 20);
}

TEST(Fingerprints, SecondsWithoutRequestsAreNoEvidence) {
  Random random(3);
  FingerprintWatch watch(HistoryOf(ThirtySources(), random), {});
  const std::vector<Source> worse = Joined(Renamed(ThirtySources(), 50), ThirtySources());
  EXPECT_EQ(SecondsToFire(watch, worse, random, 0), kNever);
  EXPECT_TRUE(watch.Report().newcomers.empty());
}

TEST(Fingerprints, WithoutRequestCountsSecondsStandForThem) {
  Random random(5);
  FingerprintHistory history = HistoryOf(ThirtySources(), random);
  history.requests_known = false;
  for (HistoryBlock& block : history.blocks) block.requests = 0;
  FingerprintWatch same(history, {}), worse(history, {}), added(history, {});
  EXPECT_EQ(SecondsToFire(same, ThirtySources(), random, 0), kNever);
  std::vector<Source> risen = ThirtySources();
  risen[25].rate *= 5;
  EXPECT_LE(SecondsToFire(worse, risen, random, 0), 300);
  EXPECT_LE(SecondsToFire(added, Joined(ThirtySources(), {{{7, 777}, 1}}), random, 0), 80);
  history.benign = {};
  FingerprintWatch nothing_known(history, {});
  EXPECT_EQ(SecondsToFire(nothing_known, Joined(ThirtySources(), {{{7, 777}, 1}}), random, 0), kNever)
      << "neither requests nor earlier newcomers say what is much";
}

TEST(Fingerprints, KnownGroupsBeyondTheLimitAreNoNewcomers) {
  std::vector<Source> sources;
  for (uint64_t i = 0; i < kKnownJudgedMax + 20; ++i) sources.push_back({{i, i}, i < 20 ? 0.01 : 0.05});
  Random random(7);
  const FingerprintHistory history = HistoryOf(sources, random);
  FingerprintWatch watch(history, {});
  for (int second = 0; second < 100; ++second) watch.Observe({kRequests, DrawEvents(sources, random)});
  const FingerprintReport report = watch.Report();
  EXPECT_EQ(report.known.size(), kKnownJudgedMax);
  EXPECT_EQ(report.known_groups_beyond, 20);
  EXPECT_TRUE(report.newcomers.empty());
  for (const KnownGroupState& known : report.known) EXPECT_GE(known.group.fingerprint, 20U) << "those with most events";
}

TEST(Fingerprints, ARequestMayBringSeveralEvents) {
  const std::vector<Source> chatty = {{{1, 1}, 3.0 * kRequests}};
  std::vector<Source> worse = chatty;
  worse[0].rate *= 3;
  EXPECT_EQ(FiredOf(chatty, chatty, 10).count, 0);
  EXPECT_EQ(FiredOf(chatty, worse, 10).count, 10);
}

TEST(Fingerprints, AGroupsHistoryBeginsWithItsFirstEvent) {
  Random random(9);
  FingerprintHistory history = HistoryOf({}, random);
  KnownGroup young{{1, 1}, {}};
  for (size_t i = history.blocks.size() - 30; i < history.blocks.size(); ++i) {
    young.blocks.push_back({history.blocks[i].start_second, 40});
  }
  const KnownRate rate = EstimateKnownRate(history, young, RateMargins{});
  EXPECT_DOUBLE_EQ(rate.observed, 1.0 / kRequests);
  EXPECT_GT(rate.reference, rate.observed);
  EXPECT_NEAR(rate.null_rate, 1.25 * rate.reference, 1e-12);
}

TEST(Fingerprints, HarmlessNewcomersAreHandedBack) {
  Random random(11);
  FingerprintWatch watch(HistoryOf({{{1, 1}, 1}}, random), {});
  for (int second = 0; second < 100; ++second) {
    std::vector<GroupEvents> events = {{{2, 1}, 1}};  // the known one under a new name
    if (second % 20 == 10) events.push_back({{3, 3}, 2});
    watch.Observe({kRequests, events});
  }
  EXPECT_EQ(watch.BenignNewcomers().events, 9) << "all but the first";
  EXPECT_EQ(watch.BenignNewcomers().seconds, 90);
}

}  // namespace
}  // namespace revertd
