// The ring with its memo of the second counted last, against a slow one that looks every sample up in a map: lines of
// mixed seconds, late ones, sealed ones, seconds that find no room, at every start that a sample may tell.
#include "base/window_ring.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <vector>

namespace revertd {
namespace {

using AddResult = WindowRing::AddResult;

constexpr uint32_t kServices = 5;
constexpr uint32_t kSlots = 8;

// What is read of a window, as text.
std::string Described(const Window& window) {
  std::ostringstream text;
  text << window.second << '/' << window.service << " bytes " << window.bytes << " class";
  for (const uint32_t count : window.by_class) text << ' ' << count;
  for (size_t age = 0; age < kAgeClasses; ++age) {
    text << " age " << window.by_age.requests[age] << ',' << window.by_age.errors[age];
  }
  window.latency.ForEachCount([&](size_t bucket, uint32_t count) { text << " bucket " << bucket << ':' << count; });
  for (const Load& load : {window.saturation.queue_ns, window.saturation.connect_ns, window.saturation.queue_length}) {
    text << " load " << load.count << ',' << load.sum;
  }
  text << " waited " << window.saturation.waited << " of " << window.saturation.told;
  return text.str();
}

// By the contract alone: a map of windows, nothing remembered between samples.
class SlowRing {
 public:
  AddResult Add(const Sample& sample, const SampleLoad& load) {
    const int64_t second = FloorToSecond(sample.end_ns);
    if (second <= sealed_) return AddResult::kTooLate;
    int64_t& held = held_.try_emplace(((second % kSlots) + kSlots) % kSlots, kNoSecond).first->second;
    if (held != second && held > collected_) return AddResult::kNoRoom;
    held = second;
    Count(windows_[{second, sample.service}], sample, load);
    if (second < newest_) return AddResult::kCountedLate;
    newest_ = second;
    return AddResult::kCounted;
  }
  void SealThrough(int64_t second) { sealed_ = std::max(sealed_, second); }
  std::vector<std::string> Collect() {
    std::vector<std::string> taken;
    while (!windows_.empty() && windows_.begin()->first.first <= sealed_) {
      taken.push_back(Described(windows_.begin()->second));
      windows_.erase(windows_.begin());
    }
    collected_ = sealed_;
    return taken;
  }
  int64_t newest() const { return newest_; }

 private:
  static void Count(Window& window, const Sample& sample, const SampleLoad& load) {
    const int64_t second = FloorToSecond(sample.end_ns);
    window.second = second;
    window.service = sample.service;
    ++window.by_class[static_cast<size_t>(sample.status_class)];
    if (sample.bytes > 0) window.bytes += static_cast<uint64_t>(sample.bytes);
    if (sample.status_class != StatusClass::kAborted) {
      const int64_t age = second - FloorToSecond(sample.start_ns);
      size_t age_class = 0;
      while (age_class + 1 < kAgeClasses && age > OldestAgeOf(age_class)) ++age_class;
      if (age < 0) age_class = kAgeClasses - 1;
      ++window.by_age.requests[age_class];
      if (sample.status_class == StatusClass::k5xx) ++window.by_age.errors[age_class];
      if (sample.duration_ns >= 0) window.latency.Record(sample.duration_ns);
    }
    Saturation& saturation = window.saturation;
    saturation.queue_ns.Record(load.queue_ns);
    saturation.connect_ns.Record(load.connect_ns);
    saturation.queue_length.Record(load.queue_length);
    if (load.queue_ns >= 0 || load.connect_ns >= 0 || load.queue_length >= 1) ++saturation.told;
    if (load.queue_ns >= kMillisecondNs || load.connect_ns >= kSecondNs || load.queue_length >= 1) ++saturation.waited;
  }

  std::map<std::pair<int64_t, ServiceId>, Window> windows_;
  std::map<int64_t, int64_t> held_;  // by slot
  int64_t newest_ = kNoSecond;
  int64_t sealed_ = kNoSecond;
  int64_t collected_ = kNoSecond;
};

class Twins {
 public:
  explicit Twins(unsigned seed) : random_(seed) {}

  void Add(int64_t second) {
    Sample sample{.service = Random() % kServices,
                  .status_class = static_cast<StatusClass>(Random() % kStatusClasses),
                  .end_ns = second * kSecondNs + EdgeOfSecond(),
                  .bytes = static_cast<int64_t>(Random() % 100) - 5};
    // As far back as any age class reaches; once in a while behind the end, which is nobody's.
    sample.start_ns = sample.end_ns - static_cast<int64_t>((Random() >> Random() % 32) * uint64_t{77});
    if (Random() % 50 == 0) sample.start_ns = sample.end_ns + static_cast<int64_t>(Random() % 3) * kSecondNs;
    if (Random() % 5 != 0) sample.duration_ns = sample.end_ns - sample.start_ns;
    SampleDetail detail;
    if (Random() % 3 == 0) detail.load = {.queue_ns = static_cast<int64_t>(Random() % 9) - 1, .queue_length = 2};
    const AddResult wanted = slow_.Add(sample, detail.load);
    const AddResult got = Random() % 2 == 0 ? ring_.Add(sample, detail.load) : ring_.Add(sample, detail);
    ASSERT_EQ(got, wanted) << "second " << second;
    ASSERT_EQ(ring_.newest_second(), slow_.newest());
    ++results_[static_cast<size_t>(wanted)];
  }
  void SealThrough(int64_t second) {
    ring_.SealThrough(second);
    slow_.SealThrough(second);
  }
  void Collect() {
    std::vector<std::string> taken;
    ring_.Collect([&](const Window& window) { taken.push_back(Described(window)); });
    ASSERT_EQ(taken, slow_.Collect());
  }
  uint64_t ResultsOf(AddResult result) const { return results_[static_cast<size_t>(result)]; }
  uint32_t Random() { return static_cast<uint32_t>(random_()); }

 private:
  // Its first and last nanosecond as often as all others.
  int64_t EdgeOfSecond() {
    const uint32_t pick = Random() % 4;
    return pick == 0 ? 0 : pick == 1 ? kSecondNs - 1 : static_cast<int64_t>(Random()) % kSecondNs;
  }

  std::mt19937 random_;
  WindowRing ring_{kServices, kSlots};
  SlowRing slow_;
  std::array<uint64_t, 4> results_{};
};

// The second counted last stays in the memo while others are counted, sealed, taken, and its slot is given away.
TEST(WindowRingTwin, CountsAsTheSlowRingWhateverTheOrder) {
  std::array<uint64_t, 4> results{};
  for (unsigned seed = 1; seed <= 300; ++seed) {
    Twins twins(seed);
    const int64_t start = seed % 3 == 0 ? -40 : 1'795'000'000;
    int64_t now = start;
    for (int i = 0; i < 3'000; ++i) {
      switch (twins.Random() % 40) {
        case 0: ++now; break;
        case 1: twins.SealThrough(now - twins.Random() % 7); break;
        case 2: twins.Collect(); break;
        case 3: now += twins.Random() % 12; break;
        default: twins.Add(twins.Random() % 2 == 0 ? now : now - static_cast<int64_t>(twins.Random() % 6));
      }
      if (testing::Test::HasFatalFailure()) FAIL() << "seed " << seed << ", step " << i;
    }
    twins.SealThrough(now);
    twins.Collect();
    for (size_t result = 0; result < results.size(); ++result) {
      results[result] += twins.ResultsOf(static_cast<AddResult>(result));
    }
  }
  for (size_t result = 0; result < results.size(); ++result) EXPECT_GT(results[result], 1'000U) << result;
}

// Two seconds in turn, as two workers write them; then one of them is sealed between its own lines.
TEST(WindowRingTwin, AlternatingSecondsAreEachTheirOwn) {
  Twins twins(7);
  for (int64_t i = 0; i < 1'000; ++i) twins.Add(1'000 + i % 2);
  EXPECT_EQ(twins.ResultsOf(AddResult::kCountedLate), 499U);
  twins.Add(1'000);
  twins.SealThrough(1'000);
  twins.Add(1'000);
  EXPECT_EQ(twins.ResultsOf(AddResult::kTooLate), 1U);
  twins.Add(1'001);
  twins.SealThrough(1'001);
  twins.Collect();
  twins.Add(1'001);
  twins.Add(1'000 + kSlots);  // the slot of the second that was in the memo
  twins.SealThrough(1'000 + kSlots);
  twins.Collect();
  EXPECT_EQ(twins.ResultsOf(AddResult::kTooLate), 2U);
}

TEST(WindowRing, BearsTheFirstAndTheLastTimes) {
  WindowRing ring(1, kSlots);
  constexpr auto kMin = std::numeric_limits<TimeNs>::min();
  constexpr auto kMax = std::numeric_limits<TimeNs>::max();
  for (const TimeNs end : {kMin, kMin + 1, TimeNs{-1}, TimeNs{0}, kMax - 1, kMax}) {
    for (const TimeNs start : {end, end < 0 ? kMin : 0}) {
      ASSERT_EQ(ring.Add({.service = 0, .end_ns = end, .start_ns = start}), AddResult::kCounted) << end;
    }
  }
  ring.SealThrough(FloorToSecond(kMax));
  std::map<int64_t, std::pair<uint32_t, uint32_t>> youngest_and_oldest;
  ring.Collect([&](const Window& window) {
    youngest_and_oldest[window.second] = {window.by_age.requests.front(), window.by_age.requests.back()};
  });
  const std::map<int64_t, std::pair<uint32_t, uint32_t>> wanted{
      {FloorToSecond(kMin), {4, 0}}, {-1, {1, 1}}, {0, {2, 0}}, {FloorToSecond(kMax), {2, 2}}};
  EXPECT_EQ(youngest_and_oldest, wanted);
}

}  // namespace
}  // namespace revertd
