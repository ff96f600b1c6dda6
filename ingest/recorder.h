// Recorder: puts parsed requests into the window ring and moves the watermark.
//
// The watermark is the newest log second less the lateness: seconds below it are sealed and belong to analysis.
// Thread contract: one thread, the ring's writer. Invariant: every record ends as one sample or one counted drop, so
// that lines_read = lines_sampled + the sum of the drops (IsDrop).
#pragma once

#include <cstdint>
#include <functional>

#include "base/counters.h"
#include "base/limits.h"
#include "base/window_ring.h"
#include "ingest/format/access_record.h"

namespace revertd {

// Called when the ring has no room because analysis has not taken its oldest second. Answers whether trying again is
// worth it: replay pumps analysis inline, the sidecar waits for the collector up to a limit.
using MakeRoom = std::function<bool()>;

// 499 (nginx: the client went away) and 0 (Caddy, HAProxy: no answer was sent) are aborted; 009, an answer without a
// status line, is no error of anybody.
StatusClass StatusClassOf(int status);

class Recorder {
 public:
  struct Options {
    int64_t lateness_seconds = kLatenessSecondsDefault;  // 0 to kLatenessSecondsMax
    bool live = false;  // lines cannot come from the future; a replay's clock is the log's own
  };

  Recorder(const Options& options, WindowRing* ring, Counters* counters, MakeRoom make_room);

  void Record(const AccessRecord& record, ServiceId service, TimeNs wall_now);
  // The stream has ended: seals every second that was counted.
  void Finish();

 private:
  // Of one line. A guard against a MakeRoom that never gives up, not a wait: the wait and its length are MakeRoom's.
  static constexpr int kMakeRoomTriesMax = 10'000;

  void AdvanceTo(int64_t second);
  WindowRing::AddResult AddMakingRoom(const Sample& sample);

  const Options options_;
  WindowRing* const ring_;
  Counters* const counters_;
  const MakeRoom make_room_;
  int64_t newest_second_ = kNoSecond;
};

}  // namespace revertd
