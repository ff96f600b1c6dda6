#include "ingest/watermark.h"

#include <algorithm>

#include "base/check.h"

namespace revertd {

Watermark::Watermark(int64_t lateness_seconds, uint32_t ring_seconds)
    : lateness_seconds_(lateness_seconds),
      spread_seconds_(int64_t{ring_seconds} - kAnalysisRoomSeconds - lateness_seconds - 1) {
  REVERTD_CHECK(lateness_seconds >= 0 && lateness_seconds <= kLatenessSecondsMax && spread_seconds_ >= 0);
}

size_t Watermark::AddStream() {
  streams_.emplace_back();
  return streams_.size() - 1;
}

void Watermark::Heard(size_t stream, TimeNs wall_now) {
  streams_[stream].heard_ns = wall_now;
  now_ns_ = wall_now;
}

void Watermark::Advance(size_t stream, int64_t second) {
  streams_[stream].newest = std::max(streams_[stream].newest, second);
}

void Watermark::Tick(TimeNs wall_now) { now_ns_ = wall_now; }

bool Watermark::IsIdle(const Stream& stream) const {
  if (stream.ended) return true;
  return !stream.behind && now_ns_ - stream.heard_ns > (lateness_seconds_ + 1) * kSecondNs;
}

int64_t Watermark::Newest() const {
  int64_t newest = kNoSecond;
  for (const Stream& stream : streams_) newest = std::max(newest, stream.newest);
  return newest;
}

int64_t Watermark::Slowest(int64_t newest) const {
  int64_t slowest = newest;
  for (const Stream& stream : streams_) {
    // One that has not told a time yet holds nothing back: it may be all noise.
    if (stream.newest != kNoSecond && !IsIdle(stream)) slowest = std::min(slowest, stream.newest);
  }
  return slowest;
}

int64_t Watermark::SealableThrough() const {
  const int64_t newest = Newest();
  if (newest == kNoSecond) return kNoSecond;
  // Silence for longer than the lateness: no line can come any more that would not be too late. The second itself must
  // be over by the wall clock as well, or a line that is stamped ahead would be sealed while its second goes on.
  const bool silent = std::all_of(streams_.begin(), streams_.end(), [&](const Stream& s) { return IsIdle(s); });
  if (silent && FloorToSecond(now_ns_) - newest > lateness_seconds_) return newest;
  return std::max(Slowest(newest), newest - spread_seconds_) - lateness_seconds_ - 1;
}

bool Watermark::IsAhead(size_t stream) const {
  const int64_t newest = streams_[stream].newest;
  return newest != kNoSecond && newest - Slowest(newest) >= std::max<int64_t>(spread_seconds_, 1);
}

}  // namespace revertd
