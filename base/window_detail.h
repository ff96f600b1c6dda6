// What a window may count beside requests and latency: saturation, routes, cohorts. Streams that log none of it, or
// whose configuration asks for none of it, pay for none of it.
//
// A route or cohort stands in the window with its name, not with an index into a table: a window then means the same
// in any thread, after any change of the top routes, and in another process. All bits zero is an empty count.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/clock.h"
#include "base/sample.h"

namespace revertd {

// Ages in whole seconds: 0, 1, 2-3, 4-7, 8-15, 16-31, 32-63, 64 and more.
inline constexpr size_t kAgeClasses = 8;
constexpr size_t AgeClassOf(int64_t age_seconds) {
  constexpr int64_t kOldestClass = int64_t{1} << (kAgeClasses - 2);  // begins at this age
  const auto age = static_cast<uint64_t>(std::clamp<int64_t>(age_seconds, 0, kOldestClass));
  // One bit behind the number: the width of 0 needs no branch.
  return static_cast<size_t>(std::bit_width(age << 1 | 1)) - 1;
}
// The oldest age in a class; the last class has none (-1): such a request may have started at any time.
constexpr int64_t OldestAgeOf(size_t age_class) {
  return age_class + 1 == kAgeClasses ? -1 : (int64_t{1} << age_class) - 1;
}

// What detection reads of one second. Aborted requests are in neither array; errors are the 5xx among `requests`.
struct AgeCounts {
  std::array<uint32_t, kAgeClasses> requests{};
  std::array<uint32_t, kAgeClasses> errors{};
};

// Less is no waiting, but the passing of a place.
inline constexpr DurationNs kQueueWaitNs = kMillisecondNs;
// Who connects at once needs no second SYN; a lost one is sent again after a second (RFC 6298, 2.1).
inline constexpr DurationNs kConnectWaitNs = kSecondNs;

// How full the way was when a sample passed.
struct SampleLoad {
  DurationNs queue_ns = kNotLogged;
  DurationNs connect_ns = kNotLogged;
  int64_t queue_length = kNotLogged;

  bool empty() const { return (queue_ns & connect_ns & queue_length) < 0; }
  // Whether it came so far that it could wait: what is refused or redirected at once has an empty queue before it, too.
  bool told() const { return (queue_ns >= 0) | (connect_ns >= 0) | (queue_length > 0); }
  // In the balancer's queue, or for a connection to the upstream.
  bool waited() const { return (queue_ns >= kQueueWaitNs) | (queue_length > 0) | (connect_ns >= kConnectWaitNs); }
};

// Of one measure of load: how many requests told it, and their sum.
struct Load {
  uint64_t count = 0;
  uint64_t sum = 0;

  void Record(int64_t value) {
    if (value < 0) return;
    ++count;
    sum += static_cast<uint64_t>(value);
  }
  void Merge(const Load& other) {
    count += other.count;
    sum += other.sum;
  }
};

// How full the way to the service was.
struct Saturation {
  uint64_t told = 0;    // requests that told whether they waited, the aborted too
  uint64_t waited = 0;  // and those that did
  Load queue_ns;        // waiting in the balancer
  Load connect_ns;      // connecting to the upstream
  Load queue_length;    // requests that waited before this one

  bool empty() const { return told == 0 && queue_length.count == 0; }
  void Clear() {
    if (!empty()) *this = {};
  }
  void Record(const SampleLoad& load) {
    if (load.empty()) return;
    told += uint64_t{load.told()};
    waited += uint64_t{load.waited()};
    queue_ns.Record(load.queue_ns);
    connect_ns.Record(load.connect_ns);
    queue_length.Record(load.queue_length);
  }
  void Merge(const Saturation& other) {
    told += other.told;
    waited += other.waited;
    queue_ns.Merge(other.queue_ns);
    connect_ns.Merge(other.connect_ns);
    queue_length.Merge(other.queue_length);
  }
};

// A name of a route or cohort; longer ones are cut (the key beside it is of the whole name).
class Label {
 public:
  static constexpr size_t kBytesMax = 55;

  Label() = default;
  explicit Label(std::string_view text) : size_(static_cast<uint8_t>(std::min(text.size(), kBytesMax))) {
    std::memcpy(text_.data(), text.data(), size_);
  }
  std::string_view text() const { return {text_.data(), size_}; }

 private:
  uint8_t size_ = 0;
  std::array<char, kBytesMax> text_{};
};

inline constexpr std::string_view kOtherName = "_other";
inline constexpr uint64_t kNoKey = 0;     // an unused place
inline constexpr uint64_t kOtherKey = 1;  // the last place, shared by all that have none of their own

struct RouteCounts {
  uint64_t key = kNoKey;
  uint32_t requests = 0;  // without the aborted
  uint32_t errors = 0;    // the 5xx among them
  uint32_t aborted = 0;
  uint32_t timed = 0;  // those of `requests` whose duration is logged
  uint64_t duration_ns_sum = 0;
  Label name;
};

// Versions of a service that serve side by side: releases or upstreams.
inline constexpr size_t kCohorts = 8;  // with `_other`
struct CohortCounts {
  uint64_t key = kNoKey;
  AgeCounts by_age;
  uint32_t aborted = 0;
  Label name;
};

// Where a sample is counted beside its service: a cell and the name it must have.
struct Place {
  uint32_t cell = 0;
  uint64_t key = kNoKey;  // kNoKey: not counted
  std::string_view name;
};

// What a sample has beside its Sample. Add() moves a place to `_other` where its cell belongs to another name in that
// second (the top routes have changed within it).
struct SampleDetail {
  SampleLoad load = {};
  Place route = {};
  Place cohort = {};
};

// Which parts the windows of a ring have.
struct WindowParts {
  uint32_t routes = 0;  // per service, without `_other`; 0: none
  bool cohorts = false;
};

}  // namespace revertd
