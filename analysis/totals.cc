#include "analysis/totals.h"

#include <array>
#include <limits>

#include "base/varint.h"

namespace revertd {
namespace {

// Encoded: a head byte (how many bits of the bucket's place are dropped, and what follows), a mask of the status
// classes that have a count, their counts; bytes and saturation where there are any; then the histogram to the end: an
// even number is twice a bucket's count, an odd one says how many buckets have none.
//
// An older release wrote saturation as each measure's count, sum and largest value, and did not count who waited.
constexpr uint8_t kDroppedBits = 0x07;
constexpr uint8_t kHasBytes = 0x08;
constexpr uint8_t kHasLargestLoads = 0x10;  // of an older release
constexpr uint8_t kHasSaturation = 0x20;
constexpr uint8_t kKnownBits = kDroppedBits | kHasBytes | kHasLargestLoads | kHasSaturation;
constexpr int kDroppedBitsMax = HdrHistogram::kSubBucketBits;

size_t JoinedBucket(size_t bucket, int dropped_bits) { return bucket == 0 ? 0 : 1 + ((bucket - 1) >> dropped_bits); }

constexpr std::array<Load Saturation::*, 3> kLoads = {&Saturation::queue_ns, &Saturation::connect_ns,
                                                      &Saturation::queue_length};

void AppendSaturation(const Saturation& saturation, std::string* out) {
  AppendVarint(saturation.told, out);
  AppendVarint(saturation.waited, out);
  for (const auto load : kLoads) {
    AppendVarint((saturation.*load).count, out);
    AppendVarint((saturation.*load).sum, out);
  }
}

bool TakeSaturation(std::string_view& rest, Saturation* saturation) {
  Saturation taken;
  if (!TakeVarint(rest, &taken.told) || !TakeVarint(rest, &taken.waited)) return false;
  for (const auto load : kLoads) {
    if (!TakeVarint(rest, &(taken.*load).count) || !TakeVarint(rest, &(taken.*load).sum)) return false;
  }
  saturation->Merge(taken);
  return true;
}

bool PassLargestLoads(std::string_view& rest) {
  uint64_t passed = 0;
  for (size_t i = 0; i < 3 * kLoads.size(); ++i) {
    if (!TakeVarint(rest, &passed)) return false;
  }
  return true;
}

template <typename Interval>
void AppendHead(const Interval& totals, int dropped_bits, std::string* out) {
  const bool has_saturation = !totals.saturation.empty();
  out->push_back(
      static_cast<char>(dropped_bits | (totals.bytes != 0 ? kHasBytes : 0) | (has_saturation ? kHasSaturation : 0)));
  uint64_t mask = 0;
  for (size_t i = 0; i < kStatusClasses; ++i) mask |= uint64_t{totals.by_class[i] != 0} << i;
  AppendVarint(mask, out);
  for (const auto count : totals.by_class) {
    if (count != 0) AppendVarint(count, out);
  }
  if (totals.bytes != 0) AppendVarint(totals.bytes, out);
  if (has_saturation) AppendSaturation(totals.saturation, out);
}

// Stops once the whole is longer than `size_max`.
void AppendHistogram(const HdrHistogram& histogram, int dropped_bits, size_t size_max, std::string* out) {
  size_t next = 0;     // the first joined bucket that is not yet written
  size_t current = 0;  // the joined bucket that is being added up
  uint64_t sum = 0;
  const auto write = [&] {
    if (sum == 0 || out->size() > size_max) return;
    if (current > next) AppendVarint((current - next) << 1 | 1, out);
    AppendVarint(sum << 1, out);
    next = current + 1;
  };
  histogram.ForEachCount([&](size_t bucket, uint32_t count) {
    const size_t joined = JoinedBucket(bucket, dropped_bits);
    if (joined != current) {
      write();
      current = joined;
      sum = 0;
    }
    sum += count;
  });
  write();
}

void AddJoined(size_t first, size_t width, uint64_t count, WideHistogram* histogram) {
  uint64_t before = 0;
  for (size_t i = 0; i < width; ++i) {
    const uint64_t through = SpreadBefore(count, width, i + 1);
    if (through != before) histogram->AddToBucket(first + i, through - before);
    before = through;
  }
}
void AddJoined(size_t first, size_t width, uint64_t count, JoinedHistogram* histogram) {
  histogram->AddJoined(first, width, count);
}

template <typename Histogram>
bool DecodeHistogram(std::string_view rest, int dropped_bits, Histogram* histogram) {
  const size_t joined_buckets = JoinedBucket(HdrHistogram::kBuckets - 1, dropped_bits) + 1;
  size_t joined = 0;
  while (!rest.empty()) {
    uint64_t number = 0;
    if (!TakeVarint(rest, &number) || joined >= joined_buckets) return false;
    if ((number & 1) != 0) {
      const uint64_t gap = number >> 1;
      if (gap >= joined_buckets - joined) return false;
      joined += gap;
      continue;
    }
    const size_t first = joined == 0 ? 0 : 1 + ((joined - 1) << dropped_bits);
    const size_t width = joined == 0 ? 1 : size_t{1} << dropped_bits;
    AddJoined(first, width, number >> 1, histogram);
    ++joined;
  }
  return true;
}

}  // namespace

template <typename Interval>
void Encode(const Interval& totals, size_t bytes_max, std::string* out) {
  const size_t start = out->size();
  for (int dropped_bits = 0;; ++dropped_bits) {
    AppendHead(totals, dropped_bits, out);
    const bool is_last = dropped_bits == kDroppedBitsMax;
    const size_t size_max = is_last ? std::numeric_limits<size_t>::max() : start + bytes_max;
    AppendHistogram(totals.latency, dropped_bits, size_max, out);
    if (out->size() <= size_max) return;
    out->resize(start);
  }
}

template void Encode(const Window& totals, size_t bytes_max, std::string* out);
template void Encode(const IntervalTotals& totals, size_t bytes_max, std::string* out);

template <typename AnyTotals>
bool DecodeInto(std::string_view bytes, AnyTotals* totals) {
  if (bytes.empty()) return false;
  const auto head = static_cast<uint8_t>(bytes.front());
  const int dropped_bits = head & kDroppedBits;
  if ((head & ~kKnownBits) != 0 || dropped_bits > kDroppedBitsMax) return false;
  bytes.remove_prefix(1);
  uint64_t mask = 0;
  if (!TakeVarint(bytes, &mask) || mask >> kStatusClasses != 0) return false;
  for (size_t i = 0; i < kStatusClasses; ++i) {
    uint64_t count = 0;
    if ((mask >> i & 1) != 0 && !TakeVarint(bytes, &count)) return false;
    totals->by_class[i] += count;
  }
  uint64_t body_bytes = 0;
  if ((head & kHasBytes) != 0 && !TakeVarint(bytes, &body_bytes)) return false;
  totals->bytes += body_bytes;
  if ((head & kHasLargestLoads) != 0 && !PassLargestLoads(bytes)) return false;
  if ((head & kHasSaturation) != 0 && !TakeSaturation(bytes, &totals->saturation)) return false;
  return DecodeHistogram(bytes, dropped_bits, &totals->latency);
}

void KeepPlace(size_t place, size_t places, JoinedTotals* totals) {
  // The offset keeps small counts from meeting in one place.
  const auto share = [=](size_t offset, uint64_t count) {
    const size_t at = (place + offset) % places;
    return SpreadBefore(count, places, at + 1) - SpreadBefore(count, places, at);
  };
  for (size_t i = 0; i < kStatusClasses; ++i) totals->by_class[i] = share(i, totals->by_class[i]);
  totals->bytes = share(0, totals->bytes);
  Saturation& saturation = totals->saturation;
  saturation.told = share(0, saturation.told);
  saturation.waited = share(0, saturation.waited);
  for (const auto load : kLoads) {
    (saturation.*load).count = share(0, (saturation.*load).count);
    (saturation.*load).sum = share(0, (saturation.*load).sum);
  }
  totals->latency.Keep(share);
}

template bool DecodeInto(std::string_view bytes, Totals* totals);
template bool DecodeInto(std::string_view bytes, JoinedTotals* totals);

}  // namespace revertd
