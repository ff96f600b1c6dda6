#include "ingest/recorder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <random>
#include <utility>
#include <vector>

#include "base/time_format.h"

namespace revertd {
namespace {

constexpr int64_t kStart = 1'795'000'000;

AccessRecord RecordAt(int64_t second, int status = 200) {
  AccessRecord record;
  record.end_ns = second * kSecondNs;
  record.start_ns = record.end_ns;
  record.status = status;
  return record;
}

uint64_t Drops(const Counters& counters) {
  uint64_t drops = 0;
  for (size_t i = 0; i < kCounterCount; ++i) {
    const auto counter = static_cast<Counter>(i);
    if (IsDrop(counter)) drops += counters.Get(counter);
  }
  return drops;
}

struct Bench {
  // One line is enough to be believed, but where a test is about that.
  explicit Bench(bool live = false, MakeRoom make_room = nullptr, size_t lines_agree = 1, TimeZone zone = {})
      : ring(4, kRingSeconds),
        recorder({.lateness_seconds = 5, .live = live, .lines_agree = lines_agree, .zone = std::move(zone)}, &ring,
                 &counters, std::move(make_room)) {}

  std::map<int64_t, uint32_t> Collect() {
    std::map<int64_t, uint32_t> requests;
    ring.Collect([&](const Window& window) {
      for (uint32_t count : window.by_class) requests[window.second] += count;
    });
    return requests;
  }

  WindowRing ring;
  Counters counters;
  Recorder recorder;
};

TEST(StatusClasses, FollowTheHundredsButForTheOddOnes) {
  EXPECT_EQ(StatusClassOf(0), StatusClass::kAborted);
  EXPECT_EQ(StatusClassOf(9), StatusClass::k2xx);
  EXPECT_EQ(StatusClassOf(101), StatusClass::k1xx);
  EXPECT_EQ(StatusClassOf(299), StatusClass::k2xx);
  EXPECT_EQ(StatusClassOf(304), StatusClass::k3xx);
  EXPECT_EQ(StatusClassOf(404), StatusClass::k4xx);
  EXPECT_EQ(StatusClassOf(499), StatusClass::kAborted);
  EXPECT_EQ(StatusClassOf(500), StatusClass::k5xx);
  EXPECT_EQ(StatusClassOf(599), StatusClass::k5xx);
  EXPECT_EQ(StatusClassOf(999), StatusClass::k4xx);
}

TEST(Recorder, SealsWhatIsOlderThanTheLateness) {
  Bench bench;
  bench.recorder.Record(RecordAt(kStart), 1, 0);
  bench.recorder.Record(RecordAt(kStart + 5), 1, 0);
  EXPECT_TRUE(bench.Collect().empty()) << "five seconds late is still in time";
  bench.recorder.Record(RecordAt(kStart), 1, 0);
  EXPECT_EQ(bench.counters.Get(Counter::kLinesLate), 1U);
  bench.recorder.Record(RecordAt(kStart + 6), 1, 0);
  EXPECT_EQ(bench.Collect(), (std::map<int64_t, uint32_t>{{kStart, 2}}));
  bench.recorder.Record(RecordAt(kStart), 1, 0);
  EXPECT_EQ(bench.counters.Get(Counter::kLinesTooLate), 1U);
  bench.recorder.Finish();
  EXPECT_EQ(bench.Collect(), (std::map<int64_t, uint32_t>{{kStart + 5, 1}, {kStart + 6, 1}}));
  EXPECT_EQ(bench.counters.Get(Counter::kLinesSampled), 4U);
}

TEST(Recorder, FinishOfNothingSealsNothing) {
  Bench bench;
  bench.recorder.Finish();
  EXPECT_EQ(bench.ring.sealed_through(), kNoSecond);
}

TEST(Recorder, RefusesTheFutureOnlyWhenLive) {
  const TimeNs now = kStart * kSecondNs + kSecondNs / 2;
  Bench live(true);
  live.recorder.Record(RecordAt(kStart + kFutureSecondsMax + 1), 1, now);
  EXPECT_EQ(live.counters.Get(Counter::kLinesFromFuture), 1U);
  live.recorder.Record(RecordAt(kStart), 1, now);
  live.recorder.Record(RecordAt(kStart + kFutureSecondsMax), 1, now);
  EXPECT_EQ(live.counters.Get(Counter::kLinesSampled), 2U) << "a refused line must not move the watermark";

  Bench replay;
  replay.recorder.Record(RecordAt(kStart + 1'000'000), 1, now);
  EXPECT_EQ(replay.counters.Get(Counter::kLinesSampled), 1U);
}

// A log of Berlin, read as its first pass from 02:00 to 03:00 summer time on, the night the clocks are set back.
TEST(Recorder, KnowsTheSecondPassOfTheHourThatIsShownTwice) {
  const auto berlin = TimeZone::Named("Europe/Berlin");
  if (!berlin.ok()) GTEST_SKIP() << "NOT TESTED: no IANA time zone database here";
  const int64_t hour = FloorToSecond(*ParseTime("2026-10-25T00:00:00Z"));
  for (const bool live : {true, false}) {
    Bench bench(live, nullptr, 1, *berlin);
    std::map<int64_t, uint32_t> requests;
    for (int64_t true_second = hour - 10; true_second < hour + 7210; true_second += 5) {
      const bool is_second_pass = true_second >= hour + 3600 && true_second < hour + 7200;
      bench.recorder.Record(RecordAt(is_second_pass ? true_second - 3600 : true_second), 1, true_second * kSecondNs);
      requests.merge(bench.Collect());
    }
    bench.recorder.Finish();
    requests.merge(bench.Collect());
    EXPECT_EQ(requests.size(), 7220U / 5);
    EXPECT_EQ(Drops(bench.counters), 0U);
    EXPECT_EQ(bench.counters.Get(Counter::kLinesLate), 0U);
  }
}

// A request that began before the clocks were set back and ended after it, and lines that are late in that hour.
TEST(Recorder, ThePassIsThatOfTheLinesAround) {
  const auto berlin = TimeZone::Named("Europe/Berlin");
  if (!berlin.ok()) GTEST_SKIP() << "NOT TESTED: no IANA time zone database here";
  const int64_t change = FloorToSecond(*ParseTime("2026-10-25T01:00:00Z"));
  Bench bench(false, nullptr, 1, *berlin);
  bench.recorder.Record(RecordAt(change - 1), 1, 0);
  AccessRecord across = RecordAt(change + 1);
  across.start_ns -= 2 * kSecondNs;
  bench.recorder.Record(across, 1, 0);
  bench.recorder.Record(RecordAt(change + 3 - 3600), 1, 0);
  bench.recorder.Record(RecordAt(change - 3), 1, 0);
  EXPECT_EQ(bench.counters.Get(Counter::kLinesTooLate), 1U) << "six seconds late, of the first pass";
  bench.recorder.Record(RecordAt(change - 2), 1, 0);
  EXPECT_EQ(bench.counters.Get(Counter::kLinesLate), 1U) << "five seconds late";
  bench.recorder.Finish();
  EXPECT_EQ(bench.Collect(),
            (std::map<int64_t, uint32_t>{{change - 2, 1}, {change - 1, 1}, {change + 1, 1}, {change + 3, 1}}));
}

TEST(Recorder, CountsWhatFindsNoRoom) {
  Bench bench;  // nobody collects
  for (int64_t i = 0; i < kRingSeconds; ++i) bench.recorder.Record(RecordAt(kStart + i), 1, 0);
  EXPECT_EQ(bench.counters.Get(Counter::kLinesNoRoomInRing), 0U);
  bench.recorder.Record(RecordAt(kStart + kRingSeconds), 1, 0);
  EXPECT_EQ(bench.counters.Get(Counter::kLinesNoRoomInRing), 1U);
}

TEST(Recorder, MakesRoomAcrossAGapOfHours) {
  Bench* reader = nullptr;
  std::map<int64_t, uint32_t> collected;
  int asked = 0;
  Bench bench(false, [&] {
    ++asked;
    for (const auto& [second, count] : reader->Collect()) collected[second] += count;
    return true;
  });
  reader = &bench;
  std::map<int64_t, uint32_t> wanted;
  for (const int64_t hour : {0, 1, 7, 24}) {
    for (int64_t i = 0; i < 40; ++i) {
      bench.recorder.Record(RecordAt(kStart + hour * 3600 + i), 1, 0);
      ++wanted[kStart + hour * 3600 + i];
    }
  }
  bench.recorder.Finish();
  for (const auto& [second, count] : bench.Collect()) collected[second] += count;
  EXPECT_EQ(collected, wanted);
  EXPECT_GT(asked, 0);
  EXPECT_EQ(Drops(bench.counters), 0U);
}

TEST(Recorder, GivesUpOnAReaderThatNeverMakesRoom) {
  Bench bench(false, [] { return true; });
  for (int64_t i = 0; i <= kRingSeconds; ++i) bench.recorder.Record(RecordAt(kStart + i), 1, 0);
  EXPECT_EQ(bench.counters.Get(Counter::kLinesNoRoomInRing), 1U);
}

constexpr size_t kAgree = JumpGuard::kLinesAgree;

// Records `count` lines of one second each, from `second` on.
void RecordSeconds(Bench& bench, int64_t second, int64_t count) {
  for (int64_t i = 0; i < count; ++i) bench.recorder.Record(RecordAt(second + i), 1, 0);
}

TEST(Recorder, OneLineFarAheadOfItsNeighboursSealsNothing) {
  Bench bench(false, nullptr, kAgree);
  std::map<int64_t, uint32_t> collected;
  for (int64_t i = 0; i < 100; ++i) {
    bench.recorder.Record(RecordAt(kStart + i), 1, 0);
    if (i == 20 || i == 21 || i == 60) bench.recorder.Record(RecordAt(kStart + 1'000'000 * i), 1, 0);
    for (const auto& [second, count] : bench.Collect()) collected[second] += count;
  }
  bench.recorder.Finish();
  for (const auto& [second, count] : bench.Collect()) collected[second] += count;
  EXPECT_EQ(bench.counters.Get(Counter::kLinesFromFuture), 3U);
  EXPECT_EQ(bench.counters.Get(Counter::kLinesSampled), 100U);
  EXPECT_EQ(bench.counters.Get(Counter::kTimeJumps), 0U);
  EXPECT_EQ(collected.size(), 100U);
}

TEST(Recorder, ALogThatBeginsWithALineFromTheFutureIsReadAllTheSame) {
  Bench bench(false, nullptr, kAgree);
  bench.recorder.Record(RecordAt(kStart + 1'000'000), 1, 0);
  RecordSeconds(bench, kStart, kAgree - 1);
  EXPECT_EQ(bench.counters.Get(Counter::kLinesFromFuture), 1U);
  EXPECT_EQ(bench.counters.Get(Counter::kLinesSampled), kAgree - 1);
}

TEST(Recorder, AQuietNightLosesNothing) {
  Bench* reader = nullptr;
  Bench bench(
      false,
      [&] {
        reader->Collect();
        return true;
      },
      kAgree);
  reader = &bench;
  // Both logs are told to their end although fewer lines than must agree stand beyond the last night.
  RecordSeconds(bench, kStart, 20);
  RecordSeconds(bench, kStart + 30'000, 20);
  RecordSeconds(bench, kStart + 60'000, 2);
  bench.recorder.Finish();
  EXPECT_EQ(bench.counters.Get(Counter::kLinesSampled), 42U);
  EXPECT_EQ(bench.counters.Get(Counter::kTimeJumps), 2U);
  EXPECT_EQ(Drops(bench.counters), 0U);
}

TEST(Recorder, AClockSetBackIsCountedAndSurvived) {
  Bench bench(false, nullptr, kAgree);
  RecordSeconds(bench, kStart, 10);
  RecordSeconds(bench, kStart - 3600, 10);
  RecordSeconds(bench, kStart + 10, 5);
  bench.recorder.Finish();
  EXPECT_EQ(bench.counters.Get(Counter::kLinesTooLate), 10U);
  EXPECT_EQ(bench.counters.Get(Counter::kLinesSampled), 15U);
}

TEST(Recorder, WhatTheProcessBeforeCountedIsNamed) {
  WindowRing ring(4, kRingSeconds);
  ring.SealThrough(kStart);
  Counters counters;
  Recorder recorder({.live = true, .counted_through = kStart}, &ring, &counters, nullptr);
  recorder.Record(RecordAt(kStart), 1, kStart * kSecondNs);
  recorder.Record(RecordAt(kStart + 1), 1, kStart * kSecondNs);
  EXPECT_EQ(counters.Get(Counter::kLinesAlreadyCounted), 1U);
  EXPECT_EQ(counters.Get(Counter::kLinesSampled), 1U);
}

TEST(Recorder, AFastStreamDoesNotSealASlowOnesSeconds) {
  WindowRing ring(4, kRingSeconds);
  Watermark watermark(5);
  Counters fast_counters;
  Counters slow_counters;
  Recorder fast({.live = true}, &watermark, &ring, &fast_counters, nullptr);
  Recorder slow({.live = true}, &watermark, &ring, &slow_counters, nullptr);
  const TimeNs now = kStart * kSecondNs;
  fast.Heard(now);
  slow.Heard(now);
  slow.Record(RecordAt(kStart - 6), 1, now);
  fast.Record(RecordAt(kStart), 1, now);
  slow.Record(RecordAt(kStart - 6), 1, now);
  slow.Record(RecordAt(kStart - 11), 1, now);
  EXPECT_EQ(slow_counters.Get(Counter::kLinesSampled), 3U);
  EXPECT_EQ(slow_counters.Get(Counter::kLinesTooLate), 0U);
}

TEST(Recorder, AClientThatWentAwayIsItsOwnClass) {
  Bench bench;
  AccessRecord record = RecordAt(kStart, 502);
  record.aborted = true;  // by a termination state, whatever the status says
  bench.recorder.Record(record, 1, 0);
  bench.recorder.Finish();
  bench.ring.Collect([](const Window& window) {
    EXPECT_EQ(window.by_class[static_cast<size_t>(StatusClass::kAborted)], 1U);
    EXPECT_EQ(window.by_class[static_cast<size_t>(StatusClass::k5xx)], 0U);
    EXPECT_EQ(window.by_age.requests[0], 0U);
  });
}

TEST(Recorder, CountsRoutesAndCohortsWhereAsked) {
  Config config;
  config.limits.services = 3;
  config.limits.routes = 2;
  config.detect.cohort = CohortField::kUpstream;
  WindowRing ring(config.limits.table_places(), kRingSeconds, config.window_parts());
  Counters counters;
  DetailFinder details(config);
  Recorder recorder({.lines_agree = 1, .details = &details}, &ring, &counters, nullptr);
  recorder.Record(RecordAt(kStart), 1, 0);  // believed first, without detail
  std::map<std::string, uint32_t> routes;
  std::map<std::string, uint32_t> cohorts;
  for (int i = 0; i < 100; ++i) {
    AccessRecord record = RecordAt(kStart);
    const std::string path = i % 10 == 9 ? "/rare/page" + std::string(static_cast<size_t>(i), 'x')
                                         : (i % 2 == 0 ? "/items/" : "/carts/") + std::to_string(i);
    const std::string upstream = "10.0.0." + std::to_string(i % 9) + ":80";
    record.path = path;
    if (i > 0) record.upstream = upstream;
    record.queue_ns = kMillisecondNs;
    recorder.Record(record, 1, 0);
  }
  recorder.Finish();
  ring.Collect([&](const Window& window) {
    for (const RouteCounts& route : window.routes) {
      if (route.key != kNoKey) routes[std::string(route.name.text())] += route.requests;
    }
    for (const CohortCounts& cohort : window.cohorts) {
      if (cohort.key != kNoKey) cohorts[std::string(cohort.name.text())] += cohort.by_age.requests[0];
    }
    EXPECT_EQ(window.saturation.queue_ns.count, 100U);
  });
  EXPECT_EQ(routes, (std::map<std::string, uint32_t>{{"/items/:id", 50}, {"/carts/:id", 40}, {"_other", 10}}));
  EXPECT_EQ(counters.Get(Counter::kRoutesOverflow), 10U);
  EXPECT_EQ(cohorts.size(), kCohorts);
  EXPECT_EQ(cohorts["_other"], 22U);  // the two upstreams beyond seven
  EXPECT_EQ(counters.Get(Counter::kCohortsOverflow), 22U);
  EXPECT_EQ(counters.Get(Counter::kLinesSampled), 101U);
}

// What a line becomes: every counter, and what is read of every window.
struct Outcome {
  std::array<uint64_t, kCounterCount> counters{};
  std::map<std::pair<int64_t, ServiceId>, std::vector<uint64_t>> windows;
  bool operator==(const Outcome&) const = default;
};
Outcome OutcomeOf(WindowRing& ring, const Counters& counters) {
  Outcome outcome;
  for (size_t i = 0; i < kCounterCount; ++i) outcome.counters[i] = counters.Get(static_cast<Counter>(i));
  ring.Collect([&](const Window& window) {
    auto& read = outcome.windows[{window.second, window.service}];
    read = {window.bytes, window.latency.total(), window.saturation.queue_ns.count, window.saturation.queue_ns.sum};
    read.insert(read.end(), window.by_class.begin(), window.by_class.end());
    read.insert(read.end(), window.by_age.requests.begin(), window.by_age.requests.end());
    read.insert(read.end(), window.by_age.errors.begin(), window.by_age.errors.end());
  });
  return outcome;
}

// A recorder that looks for cohorts takes no line for a plain one: it is the slow witness of the other.
TEST(Recorder, APlainLineIsCountedAsWithEveryCare) {
  Config config;
  config.detect.cohort = CohortField::kRelease;  // no line has one
  uint64_t sampled = 0;
  for (unsigned seed = 1; seed <= 100; ++seed) {
    std::mt19937 random(seed);
    const bool live = seed % 2 == 0;
    DetailFinder details(config);
    WindowRing plain_ring(4, kRingSeconds);
    WindowRing careful_ring(4, kRingSeconds, {.cohorts = true});
    Counters plain_counters;
    Counters careful_counters;
    Recorder plain({.live = live}, &plain_ring, &plain_counters, nullptr);
    Recorder careful({.live = live, .details = &details}, &careful_ring, &careful_counters, nullptr);
    int64_t now = kStart;
    for (int i = 0; i < 2'000; ++i) {
      if (random() % 20 == 0) now += static_cast<int64_t>(random() % 3);
      if (random() % 500 == 0) now += static_cast<int64_t>(random() % 5'000);
      const int64_t away = random() % 1'000 == 0 ? static_cast<int64_t>(random() % 900) - 300 : 0;
      AccessRecord record = RecordAt(now + away - static_cast<int64_t>(random() % 7), random() % 5 == 0 ? 503 : 200);
      record.end_ns += random() % 2 == 0 ? 0 : kSecondNs - 1;
      record.duration_ns = static_cast<int64_t>(random() % 9) * kSecondNs / 3 - 1;
      record.start_ns = record.end_ns - std::max<DurationNs>(record.duration_ns, 0);
      record.bytes = static_cast<int64_t>(random() % 5) - 1;
      record.aborted = random() % 20 == 0;
      if (random() % 3 == 0) record.queue_ns = static_cast<int64_t>(random() % 50);
      const ServiceId service = random() % 4;
      plain.Record(record, service, now * kSecondNs);
      careful.Record(record, service, now * kSecondNs);
      if (random() % 50 == 0) {
        ASSERT_EQ(OutcomeOf(plain_ring, plain_counters), OutcomeOf(careful_ring, careful_counters)) << "seed " << seed;
      }
    }
    plain.Finish();
    careful.Finish();
    ASSERT_EQ(OutcomeOf(plain_ring, plain_counters), OutcomeOf(careful_ring, careful_counters)) << "seed " << seed;
    sampled += plain_counters.Get(Counter::kLinesSampled);
  }
  EXPECT_GT(sampled, 50'000U);
}

// Whatever order lines come in and whenever the reader looks: each is one sample or one drop, and every sample is
// collected in its own second.
TEST(Recorder, ConservesEveryLine) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    std::mt19937 random(seed);
    Bench bench(seed % 2 == 0, nullptr, seed % 3 == 0 ? 1 : kAgree);
    std::map<int64_t, uint32_t> collected;
    int64_t now = kStart;
    constexpr int kLines = 2000;
    for (int i = 0; i < kLines; ++i) {
      if (random() % 10 == 0) now += static_cast<int64_t>(random() % 4);
      if (random() % 300 == 0) now += static_cast<int64_t>(random() % 10'000);
      const int64_t jitter =
          random() % 100 == 0 ? static_cast<int64_t>(random() % 200) - 100 : -static_cast<int64_t>(random() % 8);
      bench.recorder.Record(RecordAt(now + jitter, random() % 5 == 0 ? 503 : 200), random() % 4, now * kSecondNs);
      if (random() % 5 == 0) {
        for (const auto& [second, count] : bench.Collect()) collected[second] += count;
      }
    }
    bench.recorder.Finish();
    for (const auto& [second, count] : bench.Collect()) collected[second] += count;
    uint64_t samples = 0;
    for (const auto& [second, count] : collected) samples += count;
    ASSERT_EQ(samples, bench.counters.Get(Counter::kLinesSampled)) << "seed " << seed;
    ASSERT_EQ(samples + Drops(bench.counters), static_cast<uint64_t>(kLines)) << "seed " << seed;
  }
}

}  // namespace
}  // namespace revertd
