// ManifestKeeper: the manifest that revertd writes and the one that it watches, on a thread of their own: files may
// wait for a disk.
//
// Thread contract: made, started and destroyed on one thread; Step is the keeper's own thread's once Start was called,
// and a test's that never calls Start. `say` is called on that thread.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>

#include "base/clock.h"
#include "base/deploy.h"
#include "base/status.h"
#include "config/config.h"
#include "daemon/doors/manifest_watch.h"
#include "daemon/doors/manifest_writer.h"
#include "store/state_store.h"

namespace revertd {

class ManifestKeeper {
 public:
  static constexpr DurationNs kEvery = kSecondNs;

  struct Edges {
    std::unique_ptr<StateStore> state;  // kInboxOnly, its own
    Clock* clock = nullptr;
    std::function<void(std::string_view)> say;
  };
  // `config` outlives it.
  ManifestKeeper(const Config& config, Edges edges);
  ~ManifestKeeper();
  ManifestKeeper(const ManifestKeeper&) = delete;
  ManifestKeeper& operator=(const ManifestKeeper&) = delete;

  // Reads and writes what is due.
  void Step();
  void Start();

 private:
  void Run();
  void Say(std::string_view words);
  void Hear();
  void PostAll();
  void Write();

  const Edges edges_;
  std::optional<ManifestWatch> watch_;
  std::optional<ManifestWriter> writer_;
  std::deque<Deploy> unposted_;  // oldest first; a manifest's entries bound it
  StandingFailure posting_;
  int64_t written_through_ = -1;  // the newest event when it was last written
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stop_ = false;   // under mutex_
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace revertd
