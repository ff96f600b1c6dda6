#include "base/window_ring.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "base/limits.h"

namespace revertd {
namespace {

using AddResult = WindowRing::AddResult;

Sample SampleAt(int64_t second, ServiceId service = 1, StatusClass status_class = StatusClass::k2xx) {
  return {.service = service,
          .status_class = status_class,
          .end_ns = second * kSecondNs,
          .start_ns = second * kSecondNs,
          .duration_ns = kNotLogged,
          .bytes = kNotLogged};
}

// Second and service to requests of all classes.
using Counts = std::map<std::pair<int64_t, ServiceId>, uint64_t>;

uint64_t Requests(const Window& window) {
  uint64_t requests = 0;
  for (uint32_t count : window.by_class) requests += count;
  return requests;
}

Counts CollectAll(WindowRing& ring) {
  Counts counts;
  ring.Collect([&](const Window& window) { counts[{window.second, window.service}] += Requests(window); });
  return counts;
}

TEST(WindowRing, HandsOutOnlyWhatIsSealedAndOnce) {
  WindowRing ring(4, 8);
  EXPECT_EQ(ring.Add(SampleAt(100)), AddResult::kCounted);
  EXPECT_EQ(ring.Add(SampleAt(100, 2)), AddResult::kCounted);
  EXPECT_EQ(ring.Add(SampleAt(101)), AddResult::kCounted);
  EXPECT_EQ(ring.Add(SampleAt(100)), AddResult::kCountedLate);
  EXPECT_TRUE(CollectAll(ring).empty());
  ring.SealThrough(100);
  EXPECT_EQ(CollectAll(ring), (Counts{{{100, 1}, 2}, {{100, 2}, 1}}));
  EXPECT_TRUE(CollectAll(ring).empty());
  ring.SealThrough(101);
  EXPECT_EQ(CollectAll(ring), (Counts{{{101, 1}, 1}}));
}

TEST(WindowRing, ASealedSecondNeverReopens) {
  WindowRing ring(4, 8);
  ring.Add(SampleAt(100));
  ring.SealThrough(100);
  EXPECT_EQ(ring.Add(SampleAt(100)), AddResult::kTooLate);
  EXPECT_EQ(ring.Add(SampleAt(99)), AddResult::kTooLate);
  ring.SealThrough(50);  // never back
  EXPECT_EQ(ring.sealed_through(), 100);
  EXPECT_EQ(ring.Add(SampleAt(100)), AddResult::kTooLate);
}

TEST(WindowRing, ASlotWaitsForItsReader) {
  WindowRing ring(4, 8);
  for (int64_t second = 0; second < 8; ++second) ring.Add(SampleAt(second));
  EXPECT_EQ(ring.Add(SampleAt(8)), AddResult::kNoRoom);
  ring.SealThrough(0);
  EXPECT_EQ(ring.Add(SampleAt(8)), AddResult::kNoRoom) << "sealed is not yet taken";
  EXPECT_EQ(CollectAll(ring).size(), 1U);
  EXPECT_EQ(ring.Add(SampleAt(8)), AddResult::kCounted);
  EXPECT_EQ(ring.Add(SampleAt(9)), AddResult::kNoRoom);
}

TEST(WindowRing, AReusedSlotStartsEmpty) {
  WindowRing ring(4, 2);
  for (int64_t second = 10; second < 50; ++second) {
    Sample sample = SampleAt(second, static_cast<ServiceId>(second % 4), StatusClass::k5xx);
    sample.duration_ns = kSecondNs;
    sample.bytes = 7;
    ASSERT_EQ(ring.Add(sample), AddResult::kCounted);
    ring.SealThrough(second);
    int windows = 0;
    ring.Collect([&](const Window& window) {
      ++windows;
      EXPECT_EQ(window.second, second);
      EXPECT_EQ(Requests(window), 1U);
      EXPECT_EQ(window.by_age.errors[0], 1U);
      EXPECT_EQ(window.bytes, 7U);
      EXPECT_EQ(window.latency.total(), 1U);
    });
    ASSERT_EQ(windows, 1);
  }
}

TEST(WindowRing, CountsSaturationWhereALineTellsIt) {
  WindowRing ring(4, 2);
  ring.Add(SampleAt(10));
  SampleDetail more{.load = {.queue_ns = 7 * kMillisecondNs, .queue_length = 0}};
  ring.Add(SampleAt(10), {.queue_ns = 5 * kMillisecondNs, .connect_ns = kMillisecondNs, .queue_length = 3});
  ring.Add(SampleAt(10), more);
  ring.Add(SampleAt(10), {.connect_ns = kConnectWaitNs - 1});  // no SYN of its was lost
  ring.Add(SampleAt(10), {.queue_length = 0});                 // refused at once: it could not wait
  ring.Add(SampleAt(11));
  ring.SealThrough(11);
  std::vector<Saturation> seen;
  ring.Collect([&](const Window& window) { seen.push_back(window.saturation); });
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0].queue_ns.count, 2U);
  EXPECT_EQ(seen[0].queue_ns.sum, 12'000'000U);
  EXPECT_EQ(seen[0].told, 3U);
  EXPECT_EQ(seen[0].waited, 2U);
  EXPECT_EQ(seen[0].connect_ns.count, 2U);
  EXPECT_EQ(seen[0].queue_length.sum, 3U);
  EXPECT_TRUE(seen[1].empty());
}

SampleDetail RouteDetail(uint32_t cell, uint64_t key, std::string_view name) { return {.route = {cell, key, name}}; }

// A cell that changes hands within a second keeps its first holder there; the new one is counted in `_other`.
TEST(WindowRing, ARouteKeepsItsNameForAWholeSecond) {
  WindowRing ring(4, 4, {.routes = 2, .cohorts = true});
  SampleDetail cart = RouteDetail(0, 100, "/cart");
  SampleDetail item = RouteDetail(0, 200, "/items/:id");
  item.cohort = {3, 900, "v2"};
  Sample failed = SampleAt(10, 1, StatusClass::k5xx);
  failed.duration_ns = 2 * kMillisecondNs;
  ring.Add(failed, cart);
  ring.Add(SampleAt(10, 1, StatusClass::kAborted), cart);
  ring.Add(SampleAt(10), item);
  EXPECT_EQ(item.route.key, kOtherKey) << "the caller counts what went to _other";
  SampleDetail later = RouteDetail(0, 200, "/items/:id");
  ring.Add(SampleAt(11), later);
  ring.SealThrough(11);
  std::map<std::pair<int64_t, std::string>, std::tuple<uint32_t, uint32_t, uint32_t>> routes;
  ring.Collect([&](const Window& window) {
    ASSERT_EQ(window.routes.size(), 3U);
    ASSERT_EQ(window.cohorts.size(), kCohorts);
    for (const RouteCounts& route : window.routes) {
      if (route.key == kNoKey) continue;
      routes[{window.second, std::string(route.name.text())}] = {route.requests, route.errors, route.aborted};
    }
    if (window.second != 10) return;
    EXPECT_EQ(window.routes[0].duration_ns_sum, 2'000'000U);
    EXPECT_EQ(window.routes[0].timed, 1U);
    EXPECT_EQ(window.cohorts[3].name.text(), "v2");
    EXPECT_EQ(window.cohorts[3].by_age.requests[0], 1U);
    EXPECT_EQ(window.cohorts[0].key, kNoKey);
  });
  EXPECT_THAT(routes, testing::ElementsAre(testing::Pair(testing::Pair(10, "/cart"), std::tuple(1, 1, 1)),
                                           testing::Pair(testing::Pair(10, "_other"), std::tuple(1, 0, 0)),
                                           testing::Pair(testing::Pair(11, "/items/:id"), std::tuple(1, 0, 0))));
  // The slot is reused empty.
  SampleDetail none;
  ring.Add(SampleAt(14), none);
  ring.SealThrough(14);
  ring.Collect([](const Window& window) {
    for (const RouteCounts& route : window.routes) EXPECT_EQ(route.key, kNoKey);
    for (const CohortCounts& cohort : window.cohorts) EXPECT_EQ(cohort.key, kNoKey);
  });
}

TEST(WindowRing, BearsGapsAndTimesBeforeTheEpoch) {
  WindowRing ring(4, kRingSeconds);
  Counts wanted;
  Counts got;
  for (const int64_t second : {-5'000, -17, -16, -1, 0, 1, 15, 16, 7'200, 1'000'000'000}) {
    ASSERT_EQ(ring.Add(SampleAt(second)), AddResult::kCounted) << second;
    ++wanted[{second, 1}];
    ring.SealThrough(second);
    got.merge(CollectAll(ring));
  }
  EXPECT_EQ(got, wanted);
}

TEST(WindowRing, CollectsInOrderOfTimeThenService) {
  WindowRing ring(8, 8);
  for (const int64_t second : {13, 9, 11, 10, 12}) {
    for (const ServiceId service : {5U, 2U, 7U}) ring.Add(SampleAt(second, service));
  }
  ring.SealThrough(13);
  std::vector<std::pair<int64_t, ServiceId>> order;
  EXPECT_EQ(ring.Collect([&](const Window& window) { order.emplace_back(window.second, window.service); }), 13);
  EXPECT_EQ(order.size(), 15U);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(WindowRing, SplitsByAgeAndLeavesAbortedOut) {
  WindowRing ring(4, 8);
  const auto add = [&](int64_t age, StatusClass status_class) {
    Sample sample = SampleAt(1000, 1, status_class);
    sample.start_ns = (1000 - age) * kSecondNs;
    sample.duration_ns = age * kSecondNs;
    ring.Add(sample);
  };
  for (const int64_t age : {0, 1, 2, 3, 4, 7, 8, 63, 64, 1000}) add(age, StatusClass::k5xx);
  add(0, StatusClass::k2xx);
  add(0, StatusClass::kAborted);
  ring.SealThrough(1000);
  int windows = 0;
  ring.Collect([&](const Window& window) {
    ++windows;
    EXPECT_EQ(window.by_age.errors, (std::array<uint32_t, kAgeClasses>{1, 1, 2, 2, 1, 0, 1, 2}));
    EXPECT_EQ(window.by_age.requests, (std::array<uint32_t, kAgeClasses>{2, 1, 2, 2, 1, 0, 1, 2}));
    EXPECT_EQ(Requests(window), 12U);
    EXPECT_EQ(window.latency.total(), 11U);
  });
  EXPECT_EQ(windows, 1);
}

TEST(AgeClasses, AgreeWithTheirBounds) {
  for (int64_t age = 0; age < 300; ++age) {
    const size_t age_class = AgeClassOf(age);
    if (age_class > 0) {
      EXPECT_GT(age, OldestAgeOf(age_class - 1)) << age;
    }
    if (age_class + 1 < kAgeClasses) {
      EXPECT_LE(age, OldestAgeOf(age_class)) << age;
    }
  }
  EXPECT_EQ(AgeClassOf(-3), 0U);
}

// One writer, one reader, no lock: what was counted is collected, each window once, each second after the one before.
// Under the thread sanitizer this is also the proof that the hand-over orders plain memory.
TEST(WindowRing, TwoThreadsConserveCounts) {
  constexpr unsigned kSeed = 3;
  constexpr int kSamples = 200'000;
  constexpr int64_t kLateness = 3;
  WindowRing ring(8, kRingSeconds);
  Counts counted;
  std::atomic<bool> done = false;
  std::jthread writer([&] {
    std::mt19937 random(kSeed);
    int64_t newest = 1000;
    for (int i = 0; i < kSamples; ++i) {
      if (random() % 20 == 0) {
        ++newest;
        ring.SealThrough(newest - kLateness - 1);
      }
      const Sample sample = SampleAt(newest - static_cast<int64_t>(random() % 6), random() % 8);
      AddResult result = ring.Add(sample);
      while (result == AddResult::kNoRoom) {
        std::this_thread::yield();
        result = ring.Add(sample);
      }
      if (result != AddResult::kTooLate) ++counted[{FloorToSecond(sample.end_ns), sample.service}];
    }
    ring.SealThrough(newest);
    done.store(true, std::memory_order_release);
  });
  Counts collected;
  int64_t last_second = kNoSecond;
  bool last_round = false;
  while (true) {
    ring.Collect([&](const Window& window) {
      EXPECT_GE(window.second, last_second);
      last_second = window.second;
      const bool is_new = collected.emplace(std::pair{window.second, window.service}, Requests(window)).second;
      EXPECT_TRUE(is_new) << "a window was handed out twice";
    });
    if (last_round) break;
    last_round = done.load(std::memory_order_acquire);
  }
  writer.join();
  EXPECT_EQ(collected, counted) << "seed " << kSeed;
}

}  // namespace
}  // namespace revertd
