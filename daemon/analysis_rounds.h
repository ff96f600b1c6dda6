// AnalysisRounds: what the analysis thread does round after round: messages out of the inbox, sealed windows into the
// analysis, what it found into the state, and what the process says of itself.
//
// Thread contract: made on any thread; Round and destruction on the analysis thread alone.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "analysis/analysis_loop.h"
#include "analysis/gate.h"
#include "analysis/rollups.h"
#include "base/clock.h"
#include "base/service_table.h"
#include "base/window_ring.h"
#include "config/config.h"
#include "daemon/api/board.h"
#include "daemon/api/service_metrics.h"
#include "daemon/doors/release_watch.h"
#include "daemon/executor_events.h"
#include "daemon/health/health_board.h"
#include "daemon/output.h"
#include "daemon/position_board.h"
#include "daemon/sentry/sentry_intake.h"
#include "daemon/store_sink.h"
#include "daemon/watchdog/heartbeat.h"
#include "daemon/watchdog/lookout.h"
#include "ingest/source_set.h"
#include "store/executor_store.h"
#include "store/state_store.h"

namespace revertd {

class AnalysisRounds {
 public:
  static constexpr DurationNs kInboxPoll = 100 * kMillisecondNs;
  static constexpr DurationNs kWriteEvery = kSecondNs;  // history and status; a kill loses at most this much history
  static constexpr DurationNs kReleasesWrittenEvery = kMinuteNs;
  static constexpr DurationNs kNoLogAfter = kMinuteNs;  // a log that has something to say has begun by then

  // All outlive it.
  struct Edges {
    const Config* config = nullptr;
    Clock* clock = nullptr;
    StateStore* state = nullptr;
    EventPrinter* events = nullptr;
    const ServiceTable* services = nullptr;
    WindowRing* ring = nullptr;
    PositionBoard* positions = nullptr;
    const SourceSet* sources = nullptr;
    Board* board = nullptr;
    HealthBoard* health = nullptr;
    Heartbeat* heartbeat = nullptr;  // may stay null, as may
    SentryIntake* sentry = nullptr;
    std::function<void()> trigger_written = {};
  };
  explicit AnalysisRounds(Edges edges);

  // is_last: the sources have ended, and whatever they counted is in the ring.
  void Round(bool is_last);

 private:
  void Restore();
  void LookAround();
  void TakeMessages(TimeNs now, bool is_last);
  void TakeHealth();
  void TakeErrors();
  int64_t TakeWindows();
  void SealByTheWall();
  void WatchReleases(int64_t sealed);
  void WriteReleases();
  void Write(TimeNs now, int64_t sealed, bool is_last);
  void Publish(TimeNs now, int64_t sealed, bool is_last);
  const ExecutorStore* Executor();
  GateFacts GateFactsNow(const Deploy& deploy);

  const Edges edges_;
  std::unique_ptr<ExecutorStore> executor_;  // read only
  StoreSink sink_;
  Rollups rollups_;
  AnalysisLoop analysis_;
  ServiceMetrics metrics_;
  ReleaseWatch releases_;
  ExecutorTrail trail_;
  Lookout lookout_;
  const TimeNs started_;
  // Clock::Monotonic, which paces everything here: while the wall clock is set back messages are taken all the same.
  TimeNs monotonic_;    // of this round
  const TimeNs begun_;  // the first one's
  TimeNs inbox_at_;
  TimeNs written_at_;
  TimeNs releases_written_at_;
  bool has_positions_ = false;
  std::string status_failure_;  // why the status was not written; empty: it was
  std::string trail_told_;      // the newest failure, so that it is said once
};

}  // namespace revertd
