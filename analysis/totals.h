// Totals: what older tiers keep of an interval of one service: counts, bytes, saturation and latency, added up.
//
// The split by age is not kept: it tells versions apart around a deploy, and Series keeps it for as long as a deploy
// may be registered late. Encoded, an interval takes tens of bytes instead of seven thousand.
//
// Thread contract: plain values and pure functions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "analysis/joined_histogram.h"
#include "base/hdr_histogram.h"
#include "base/window.h"

namespace revertd {

template <typename Histogram>
struct BasicTotals {
  std::array<uint64_t, kStatusClasses> by_class{};
  uint64_t bytes = 0;
  Saturation saturation;
  Histogram latency;

  // `other` is a Window or any totals.
  template <typename Other>
  void Merge(const Other& other) {
    for (size_t i = 0; i < kStatusClasses; ++i) by_class[i] += other.by_class[i];
    bytes += other.bytes;
    saturation.Merge(other.saturation);
    latency.Merge(other.latency);
  }
  void Clear() {
    by_class = {};
    bytes = 0;
    saturation = {};
    latency.Clear();
  }
  uint64_t CountOf(StatusClass status_class) const { return by_class[static_cast<size_t>(status_class)]; }
  uint64_t all() const {
    uint64_t sum = 0;
    for (const uint64_t count : by_class) sum += count;
    return sum;
  }
  uint64_t requests() const { return all() - CountOf(StatusClass::kAborted); }
  uint64_t errors() const { return CountOf(StatusClass::k5xx); }
};

using IntervalTotals = BasicTotals<HdrHistogram>;   // up to a minute
using Totals = BasicTotals<WideHistogram>;          // any length
using JoinedTotals = BasicTotals<JoinedHistogram>;  // to be read and no more, and that quickly

// Appends the interval to `out` in at most `bytes_max` bytes if it can: latency keeps its buckets (0.8 %) if they fit,
// else every 2, 4, ... 64 of them become one. What does not fit at 64 (a factor of two) is longer than bytes_max, but
// never longer than kEncodedBytesMax.
// Interval is Window or IntervalTotals.
template <typename Interval>
void Encode(const Interval& totals, size_t bytes_max, std::string* out);
inline constexpr size_t kEncodedBytesMax = 512;

// Adds an encoded interval to `totals`; a joined bucket's count is spread evenly over the buckets it was made of.
// False, and part of it may be added, where the bytes are none of Encode's: they may come from a damaged disk.
// AnyTotals is Totals or JoinedTotals.
template <typename AnyTotals>
[[nodiscard]] bool DecodeInto(std::string_view bytes, AnyTotals* totals);

// Keeps one of the `places` that `totals` is of, as even a part of each count as whole numbers allow; what is left over
// goes here to this place, there to that. All places together are the whole.
void KeepPlace(size_t place, size_t places, JoinedTotals* totals);

}  // namespace revertd
