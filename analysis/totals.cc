#include "analysis/totals.h"

#include <limits>

#include "base/varint.h"

namespace revertd {
namespace {

// Encoded: a head byte (how many bits of the bucket's place are dropped, and what follows), a mask of the status
// classes that have a count, their counts; bytes and saturation where there are any; then the histogram to the end: an
// even number is twice a bucket's count, an odd one says how many buckets have none.
constexpr uint8_t kDroppedBits = 0x07;
constexpr uint8_t kHasBytes = 0x08;
constexpr uint8_t kHasSaturation = 0x10;
constexpr uint8_t kKnownBits = kDroppedBits | kHasBytes | kHasSaturation;
constexpr int kDroppedBitsMax = HdrHistogram::kSubBucketBits;

size_t JoinedBucket(size_t bucket, int dropped_bits) { return bucket == 0 ? 0 : 1 + ((bucket - 1) >> dropped_bits); }

void AppendLoad(const Load& load, std::string* out) {
  AppendVarint(load.count, out);
  AppendVarint(load.sum, out);
  AppendVarint(load.largest, out);
}

bool TakeLoad(std::string_view& rest, Load* load) {
  Load taken;
  if (!TakeVarint(rest, &taken.count) || !TakeVarint(rest, &taken.sum) || !TakeVarint(rest, &taken.largest)) {
    return false;
  }
  load->Merge(taken);
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
  if (!has_saturation) return;
  AppendLoad(totals.saturation.queue_ns, out);
  AppendLoad(totals.saturation.connect_ns, out);
  AppendLoad(totals.saturation.queue_length, out);
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

// Bucket `first` and the `width` - 1 after it share `count`, as evenly as whole numbers can.
void Spread(uint64_t count, size_t first, size_t width, WideHistogram* histogram) {
  const uint64_t each = count / width;
  const uint64_t rest = count % width;
  for (size_t i = 0; i < width; ++i) {
    const uint64_t share = each + (rest * (i + 1) / width - rest * i / width);
    if (share != 0) histogram->AddToBucket(first + i, share);
  }
}

bool DecodeHistogram(std::string_view rest, int dropped_bits, WideHistogram* histogram) {
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
    if (joined == 0) {
      histogram->AddToBucket(0, number >> 1);
    } else {
      Spread(number >> 1, 1 + ((joined - 1) << dropped_bits), size_t{1} << dropped_bits, histogram);
    }
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

bool DecodeInto(std::string_view bytes, Totals* totals) {
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
  if ((head & kHasSaturation) != 0) {
    Saturation& saturation = totals->saturation;
    if (!TakeLoad(bytes, &saturation.queue_ns) || !TakeLoad(bytes, &saturation.connect_ns) ||
        !TakeLoad(bytes, &saturation.queue_length)) {
      return false;
    }
  }
  return DecodeHistogram(bytes, dropped_bits, &totals->latency);
}

}  // namespace revertd
