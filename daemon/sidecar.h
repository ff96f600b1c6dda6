// Sidecar: the running process of `revertd run`: the ingest, analysis and executor threads, wired together.
//
//   ingest thread    sources -> SourceSet -> WindowRing                      (edge 1: sealed_through)
//   analysis thread  WindowRing -> AnalysisLoop -> StoreSink -> state.db     (edge 2: the trigger's row, a wake-up)
//   executor thread  state.db -> ExecutorHost -> git, executor.db -> inbox   (back to the front: the revert's deploy)
//   doors            HTTP, remotes, manifests -> inbox                       (threads of their own; Doors)
//   heartbeat        analysis -> Heartbeat -> a URL                          (as long as nothing is wrong)
//   health threads   servers -> HealthPoller -> HealthBoard                  (the analysis thread takes, the doors ask)
//
// Each thread owns its database connections. The order of shutting down is the order of the line: the sources end,
// analysis drains the ring and writes what it has, the executor finishes the step at hand. A health check that is being
// asked is waited for, at most its timeout.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/service_table.h"
#include "base/status.h"
#include "base/window_ring.h"
#include "config/config.h"
#include "daemon/api/board.h"
#include "daemon/doors.h"
#include "daemon/executor_host.h"
#include "daemon/health/health_board.h"
#include "daemon/health/health_poller.h"
#include "daemon/output.h"
#include "daemon/position_board.h"
#include "daemon/sentry/sentry_intake.h"
#include "daemon/wake_up.h"
#include "daemon/watchdog/heartbeat.h"
#include "ingest/source_set.h"
#include "store/state_store.h"

namespace revertd {

class Sidecar {
 public:
  static constexpr DurationNs kExecutorPoll = 100 * kMillisecondNs;
  static constexpr DurationNs kLastWordsMax = 2 * kSecondNs;  // of people, when it stops
  // Ingest waits this long for a full ring, and the pipe with it: longer than analysis may wait for a locked database.
  static constexpr DurationNs kRoomWaitMax = 10 * kSecondNs;

  // `fault_point` is where crash tests kill the process; empty in production.
  Sidecar(const Config& config, bool use_io_uring, SimdKernel kernel, std::string fault_point);
  ~Sidecar();

  // Opens the state, restores from it and opens the sources; a second sidecar on the same state is refused here.
  Status Open();
  // Runs until the source ends or Stop. Call once.
  Status Run();
  // From any thread or a signal-waiting one.
  void Stop();

 private:
  Status OpenSources(int64_t counted_through);
  Status OpenHealth();
  void OpenHeartbeat();
  void PrintSourceEvent(const SourceEvent& event);
  void IngestThread();
  void AnalysisThread();
  void ExecutorThread();
  void WakeAnalysisIfSealed();
  bool MakeRoomInRing();
  void WaitForRoomForErrors();

  const Config config_;
  SystemClock clock_;
  const bool use_io_uring_;
  const SimdKernel kernel_;
  const std::string fault_point_;
  ServiceTable services_;
  WindowRing ring_;
  EventPrinter events_;
  PositionBoard positions_;
  std::unique_ptr<SentryIntake> sentry_;    // the doors and sources put in, the analysis thread takes
  SourceSet sources_;                       // ingest thread; its views are everybody's
  std::unique_ptr<StateStore> state_;       // analysis thread
  std::unique_ptr<ExecutorHost> executor_;  // executor thread; none where `revertd execute` is a process of its own
  Board board_;                             // the analysis thread tells, the doors ask
  HealthBoard health_;                      // the poller tells, the analysis thread and the doors ask
  std::unique_ptr<HealthPoller> poller_;
  std::unique_ptr<Heartbeat> heartbeat_;  // the analysis thread says how we are; none where nobody waits for it
  std::unique_ptr<Doors> doors_;
  int64_t woken_for_ = kNoSecond;  // ingest thread: analysis was woken for what is sealed through it
  WakeUp analysis_wake_;
  WakeUp executor_wake_;
  std::atomic<bool> stop_{false};
  std::atomic<bool> sources_ended_{false};
  std::atomic<bool> analysis_ended_{false};
  Status source_status_;
};

}  // namespace revertd
