// Watermark: through which second of log time nothing more is expected, over all streams that count into one ring.
//
// A stream's own lateness says how long its lines may come out of order. With several streams a fast one must not seal
// the seconds that a slower one is still telling, so the slowest one that is not idle holds the rest back, as far as
// the ring can hold. A stream is idle when nothing came from it for longer than the lateness by the wall clock, unless
// its owner knows that bytes are waiting (behind). When all streams fall silent, what was counted last is sealed too.
//
// Thread contract: one thread, the ring's writer. Invariant: SealableThrough() never asks for more than
// `ring_seconds` less kAnalysisRoomSeconds open seconds. Seconds are Unix seconds of log time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "base/limits.h"
#include "base/window.h"

namespace revertd {

class Watermark {
 public:
  // Seconds of the ring that stay free for analysis to take what is sealed.
  static constexpr int64_t kAnalysisRoomSeconds = 3;

  explicit Watermark(int64_t lateness_seconds, uint32_t ring_seconds = kRingSeconds);

  // A new stream; answers its number.
  size_t AddStream();
  // Bytes of this stream came at this wall time.
  void Heard(size_t stream, TimeNs wall_now);
  // Its newest line is of `second`; older than what it said before changes nothing.
  void Advance(size_t stream, int64_t second);
  // Whether bytes of it are waiting to be read: then it is not idle however long it was silent.
  void SetBehind(size_t stream, bool behind) { streams_[stream].behind = behind; }
  // It has ended and holds nothing back any more.
  void End(size_t stream) { streams_[stream].ended = true; }
  // Time passes by the wall clock.
  void Tick(TimeNs wall_now);

  // The newest second that may be sealed; kNoSecond before the first line.
  int64_t SealableThrough() const;
  // The newest second of any stream; kNoSecond before the first line.
  int64_t Newest() const;
  // Whether reading on would push seconds out of the ring that a slower stream is still telling. An owner that can
  // wait (a file) then waits; one that cannot (a socket) reads on, and the slower one's lines are counted as too late.
  bool IsAhead(size_t stream) const;
  // Whether more than one stream counts into the ring.
  bool IsShared() const { return streams_.size() > 1; }

 private:
  struct Stream {
    int64_t newest = kNoSecond;
    TimeNs heard_ns = 0;
    bool behind = false;
    bool ended = false;
  };

  bool IsIdle(const Stream& stream) const;
  // The newest second of the slowest stream that is not idle, `newest` if there is none.
  int64_t Slowest(int64_t newest) const;

  const int64_t lateness_seconds_;
  const int64_t spread_seconds_;  // how far streams may lie apart
  std::vector<Stream> streams_;
  TimeNs now_ns_ = 0;
};

}  // namespace revertd
