// Lookout: the watchdog's eyes and voice in the running sidecar. Once a second it gathers the facts, lets the Watchdog
// fold them, and tells what began and ended: an event on stdout and in the state, a note for the executor (which tells
// people), a word to the heartbeat.
//
// Thread contract: the analysis thread alone. No system call for a line of the log: a look reads atomics; the disk and
// executor.db are asked some seconds apart.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/window_ring.h"
#include "config/config.h"
#include "daemon/store_sink.h"
#include "daemon/watchdog/disk_space.h"
#include "daemon/watchdog/heartbeat.h"
#include "daemon/watchdog/watchdog.h"
#include "ingest/source_set.h"
#include "store/executor_store.h"
#include "store/state_store.h"

namespace revertd {

class Lookout {
 public:
  static constexpr DurationNs kLookEvery = kSecondNs;
  static constexpr DurationNs kDiskEvery = 10 * kSecondNs;
  static constexpr DurationNs kExecutorEvery = 5 * kSecondNs;
  // Troubles that are over stay in the note, for an executor that was away; at most so many, the newest.
  static constexpr DurationNs kEndedKept = 2 * kHourNs;
  static constexpr size_t kEndedMax = 64;

  // All outlive it.
  struct Edges {
    const Config* config = nullptr;
    const Clock* clock = nullptr;
    const SourceSet* sources = nullptr;
    const WindowRing* ring = nullptr;
    StateStore* state = nullptr;
    StoreSink* sink = nullptr;
    Heartbeat* heartbeat = nullptr;                       // null: none is asked for
    std::function<const ExecutorStore*()> executor = {};  // null: there is none yet
    std::function<StatusOr<int64_t>(const std::string&)> free_bytes = &FreeBytesBeside;
  };
  explicit Lookout(Edges edges);

  // What stood when the process before this one ended. Before the first look.
  Status Restore();
  // Where a look is due. write_failure: why the status was not written; empty: it was. true: it looked.
  bool Look(std::string_view write_failure);

  const std::vector<Trouble>& standing() const { return standing_; }
  uint64_t begun() const { return begun_; }

 private:
  WatchdogFacts Gather(TimeNs wall, TimeNs monotonic, std::string_view write_failure);
  void AskDisk(TimeNs monotonic);
  void AskExecutor(TimeNs monotonic);
  void Tell(const std::vector<Trouble>& changes, TimeNs wall);
  void WriteNote();
  bool IsAllWell(TimeNs monotonic);

  const Edges edges_;
  Watchdog watchdog_;
  std::vector<Trouble> standing_;
  std::vector<Trouble> ended_;  // oldest first
  std::vector<WatchdogFacts::Channel> channels_;
  std::optional<int64_t> disk_free_bytes_;
  std::optional<int64_t> executor_sign_;
  TimeNs looked_at_;  // all of them monotonic
  TimeNs disk_asked_at_;
  TimeNs executor_asked_at_;
  std::optional<TimeNs> fine_since_;  // monotonic: of the first look since which there is no trouble
  bool was_well_ = false;             // the heartbeat was told that all is well
  bool note_is_due_ = false;
  uint64_t begun_ = 0;
};

}  // namespace revertd
