// BranchPoller: asks the remotes on a thread of its own and posts what BranchWatch makes of their answers to the inbox.
//
// Thread contract: made, started, stopped and destroyed on one thread; Step is the poller's own thread's once Start was
// called, and a test's that never calls Start. `say` is called on that thread. Destruction waits for the one question
// under way, at most kAskLimit: git's run has a time limit and no way to be called off.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>

#include "actions/git.h"
#include "base/clock.h"
#include "base/deploy.h"
#include "base/status.h"
#include "config/config.h"
#include "daemon/doors/branch_watch.h"
#include "daemon/doors/standing_failure.h"
#include "store/state_store.h"

namespace revertd {

class BranchPoller {
 public:
  // An answer takes a second or two. A remote that needs longer is as good as away, and whoever stops us waits for it.
  static constexpr DurationNs kAskLimit = 10 * kSecondNs;
  // Deploys that wait for a database that cannot be written; days of pushes.
  static constexpr size_t kUnpostedMax = 1'000;

  // Its own, all of them: git and the state are used on the poller's thread alone.
  struct Edges {
    std::unique_ptr<Git> git;
    std::unique_ptr<StateStore> state;  // kInboxOnly
    Clock* clock = nullptr;
    std::function<void(std::string_view)> say;
  };
  // The real ones. `state_folder`: where the mirrors would be; a question to a remote writes nothing there.
  static StatusOr<Edges> OpenEdges(const Config& config, const std::string& state_folder, Clock* clock,
                                   std::function<void(std::string_view)> say);

  // `config` outlives it.
  BranchPoller(const Config& config, Edges edges);
  ~BranchPoller();
  BranchPoller(const BranchPoller&) = delete;
  BranchPoller& operator=(const BranchPoller&) = delete;

  // Before the first step: what the state knows of deploys. Without it a push made while we were down is no deploy.
  Status Restore();
  // Asks what is due, posts what is new; for how long there is nothing to do then.
  DurationNs Step();

  void Start();
  // Told before destruction, so that several end side by side. Any thread.
  void Stop();

  uint64_t deploys_dropped() const { return deploys_dropped_; }  // beyond kUnpostedMax; the poller's thread

 private:
  void Run();
  bool stopped();
  void Take(DeployNews news);
  void PostAll();

  Edges edges_;
  BranchWatch watch_;
  std::deque<Deploy> unposted_;  // oldest first
  StandingFailure posting_;
  uint64_t deploys_dropped_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stop_ = false;   // under mutex_
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace revertd
