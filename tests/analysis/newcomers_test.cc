// Newcomers alone: what each has to show, validity at the null's boundary and the share of false calls, by seeded
// simulation.
#include "analysis/newcomers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "analysis/draw.h"

namespace revertd {
namespace {

using testing::Each;
using testing::Field;
using testing::SizeIs;

using Random = std::mt19937_64;

double NoneVanished(uint64_t) { return 0; }

// Seconds of one newcomer, `counts` of them with events from its first on.
Newcomer AfterSeconds(const NewcomerSettings& settings, const std::vector<int64_t>& counts, int64_t requests) {
  Newcomers newcomers(settings);
  for (const int64_t count : counts) {
    std::vector<GroupEvents> events;
    if (count > 0) events.push_back({{.fingerprint = 1, .origin = 1}, count});
    newcomers.Observe({requests, events}, true, NoneVanished);
  }
  return newcomers.all().front();
}

TEST(Newcomers, TheFirstEventIsNoEvidenceAndFiveMoreAreNeeded) {
  const NewcomerSettings settings{.alpha = 1, .benign_rate = 1e-4};
  std::vector<int64_t> counts = {1};
  EXPECT_EQ(AfterSeconds(settings, counts, 0).events, 0);
  EXPECT_LT(AfterSeconds(settings, counts, 0).log_value, 0) << "one event is what made it a newcomer";
  for (int event = 0; event < 4; ++event) {
    counts.insert(counts.end(), 9, 0);
    counts.push_back(1);
  }
  const Newcomer four = AfterSeconds(settings, counts, 0);
  EXPECT_GT(four.log_value, four.log_needed) << "E alone would do";
  EXPECT_EQ(four.events, 4);
  EXPECT_FALSE(four.fired);
  counts.push_back(1);
  EXPECT_TRUE(AfterSeconds(settings, counts, 0).fired);
  counts.insert(counts.end(), 3600, 0);
  const Newcomer later = AfterSeconds(settings, counts, 100);
  EXPECT_LT(later.log_value, later.log_needed);
  EXPECT_TRUE(later.fired) << "a crossing stays";
}

TEST(Newcomers, ASingleBurstAddsItsCapOnly) {
  std::vector<int64_t> counts(60, 0);
  counts[0] = 100'000;
  EXPECT_FALSE(AfterSeconds({}, counts, 100).fired);
}

TEST(Newcomers, TheMoreThereAreTheMoreEachHasToShow) {
  Newcomers newcomers({.alpha = 0.05});
  // Origin 7 has known groups that are no longer seen.
  const auto vanished = [](uint64_t origin) { return origin == 7 ? 0.1 : 0.0; };
  const std::vector<GroupEvents> first = {{{30, 1}, 1}, {{10, 1}, 1}, {{20, 7}, 1}};
  const std::vector<GroupEvents> second = {{{5, 1}, 1}, {{30, 1}, 1}, {{4, 7}, 1}};
  newcomers.Observe({100, first}, true, vanished);
  newcomers.Observe({100, second}, true, vanished);
  ASSERT_THAT(newcomers.all(), SizeIs(5));
  for (const auto& [fingerprint, kind, place] : {std::tuple{10U, NewcomerKind::kNew, 1},
                                                 {30U, NewcomerKind::kNew, 2},
                                                 {5U, NewcomerKind::kNew, 3},
                                                 {20U, NewcomerKind::kRenamed, 1},
                                                 {4U, NewcomerKind::kRenamed, 2}}) {
    SCOPED_TRACE(fingerprint);
    const auto found =
        std::find_if(newcomers.all().begin(), newcomers.all().end(),
                     [wanted = fingerprint](const Newcomer& one) { return one.group.fingerprint == wanted; });
    ASSERT_NE(found, newcomers.all().end());
    EXPECT_EQ(found->kind, kind);
    EXPECT_EQ(found->place, place);
    EXPECT_NEAR(found->log_needed, std::log((place + 1) * (place + 2) / 0.05), 1e-12);
  }
}

TEST(Newcomers, AreBoundedAndWhatIsBeyondIsCounted) {
  Newcomers newcomers({});
  std::vector<GroupEvents> events;
  for (uint64_t fingerprint = 0; fingerprint < kNewcomersMax + 10; ++fingerprint)
    events.push_back({{fingerprint, 1}, 2});
  newcomers.Observe({100, events}, true, NoneVanished);
  newcomers.Observe({100, events}, true, NoneVanished);
  EXPECT_THAT(newcomers.all(), SizeIs(kNewcomersMax));
  EXPECT_EQ(newcomers.events_beyond(), 40);
  EXPECT_THAT(newcomers.all(), Each(Field(&Newcomer::events, 3)));
}

TEST(Newcomers, TheOrderWithinASecondDoesNotMatter) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    Newcomers sorted({}), shuffled({});
    for (int second = 0; second < 100; ++second) {
      std::vector<GroupEvents> events;
      for (uint64_t fingerprint = 0; fingerprint < 70; ++fingerprint) {
        const int64_t count = DrawPoisson(0.05, random);
        if (count > 0) events.push_back({{fingerprint, fingerprint % 3}, count});
      }
      sorted.Observe({50, events}, true, NoneVanished);
      std::vector<GroupEvents> one_by_one;
      for (const GroupEvents& group : events)
        one_by_one.insert(one_by_one.end(), static_cast<size_t>(group.events), {group.group, 1});
      std::shuffle(one_by_one.begin(), one_by_one.end(), random);
      shuffled.Observe({50, one_by_one}, true, NoneVanished);
    }
    ASSERT_EQ(sorted.all().size(), shuffled.all().size());
    EXPECT_EQ(sorted.events_beyond(), shuffled.events_beyond());
    for (size_t i = 0; i < sorted.all().size(); ++i) {
      EXPECT_EQ(sorted.all()[i].group.fingerprint, shuffled.all()[i].group.fingerprint);
      EXPECT_EQ(sorted.all()[i].log_value, shuffled.all()[i].log_value);
    }
  }
}

TEST(Newcomers, WithoutAnythingToCompareWithNothingIsSaid) {
  Newcomers newcomers({});
  const std::vector<GroupEvents> events = {{{1, 1}, 50}};
  for (int second = 0; second < 600; ++second) newcomers.Observe({0, events}, true, NoneVanished);
  EXPECT_FALSE(newcomers.fired());
  EXPECT_EQ(newcomers.all().front().events, 600 * 50 - 1);
}

struct Tally {
  double sum = 0, squares = 0;
  int runs = 0;
  void Add(double value) { sum += value, squares += value * value, ++runs; }
  double mean() const { return sum / runs; }
  double error() const { return std::sqrt((squares / runs - mean() * mean()) / runs); }
};

// Rates at the null's boundary: constant, and drawn anew each block as K = K' = 1 supposes.
TEST(Newcomers, EAveragesAtMostOneAtTheNullsBoundary) {
  for (const double null_rate : {0.004, 0.1, 4.0}) {
    for (const bool exponential : {false, true}) {
      const uint64_t seed = 41;
      SCOPED_TRACE(testing::Message() << "seed " << seed << " rate " << null_rate << " exponential " << exponential);
      Random random(seed);
      Tally tally;
      int crossed = 0;
      for (int run = 0; run < 2000; ++run) {
        Newcomers newcomers({.benign_rate = null_rate / 4, .horizon_seconds = 120});
        double largest = 0, rate = null_rate;
        for (int second = 0; second < 120; ++second) {
          if (exponential && second % kNewcomerBlockSeconds == 0) rate = -null_rate * std::log(DrawUniform(random));
          const int64_t count = DrawPoisson(rate, random) + (second == 0 ? 1 : 0);
          std::vector<GroupEvents> events;
          if (count > 0) events.push_back({{1, 1}, count});
          newcomers.Observe({100, events}, true, NoneVanished);
          largest = std::max(largest, newcomers.all().front().log_value);
        }
        tally.Add(std::exp(newcomers.all().front().log_value));
        crossed += largest >= std::log(20) ? 1 : 0;
      }
      EXPECT_LE(tally.mean(), 1 + 4 * tally.error());
      EXPECT_LE(crossed, 100);
    }
  }
}

// Harmless newcomers whose rates differ as an exponential distribution's, some seven of them after each deploy: with
// alpha = 1 in 10 half of it is theirs.
TEST(Newcomers, HarmlessOnesStayBelowTheShare) {
  const uint64_t seed = 43;
  SCOPED_TRACE(seed);
  Random random(seed);
  constexpr int kDeploys = 800;
  for (const double mean_rate : {0.01, 0.2}) {
    int fired = 0;
    for (int deploy = 0; deploy < kDeploys; ++deploy) {
      Newcomers newcomers({.alpha = 0.1, .benign_rate = mean_rate, .absolute_margin = 0.0002});
      std::vector<std::pair<int, double>> rates;  // from which second on, and the rate
      for (int64_t i = DrawPoisson(7, random); i > 0; --i) {
        rates.emplace_back(static_cast<int>(300 * DrawUniform(random)), -mean_rate * std::log(DrawUniform(random)));
      }
      for (int second = 0; second < 300; ++second) {
        std::vector<GroupEvents> events;
        for (uint64_t i = 0; i < rates.size(); ++i) {
          const int64_t count = second < rates[i].first ? 0 : DrawPoisson(rates[i].second, random);
          if (count > 0) events.push_back({{i, i}, count});
        }
        newcomers.Observe({20, events}, true, NoneVanished);
      }
      fired += newcomers.fired() ? 1 : 0;
    }
    EXPECT_LE(fired, kDeploys / 20) << mean_rate;
  }
}

// At the default rate of false rollbacks and one event a second the cap alone takes six blocks, of which the last need
// not be whole. From 500 requests a second on, where 0.02 % of them is a tenth of it, it takes longer.
TEST(Newcomers, ARealOneIsFoundWithinAMinute) {
  for (const int64_t requests : {1, 20, 200}) {
    std::vector<int> seconds_needed;
    for (uint64_t seed = 1; seed <= 100; ++seed) {
      Random random(seed);
      Newcomers newcomers({.alpha = 5e-5, .benign_rate = 0.002, .absolute_margin = 0.0002});
      int second = 0;
      while (!newcomers.fired() && second < 900) {
        const int64_t count = DrawPoisson(1, random);
        std::vector<GroupEvents> events;
        if (count > 0) events.push_back({{1, 1}, count});
        newcomers.Observe({requests, events}, true, NoneVanished);
        ++second;
      }
      seconds_needed.push_back(second);
    }
    std::sort(seconds_needed.begin(), seconds_needed.end());
    EXPECT_GE(seconds_needed.front(), 51) << requests;
    EXPECT_LE(seconds_needed[50], 60) << requests << " requests a second";
    EXPECT_LE(seconds_needed[95], 75) << requests << " requests a second";
  }
}

}  // namespace
}  // namespace revertd
