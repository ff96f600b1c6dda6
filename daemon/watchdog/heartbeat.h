// Heartbeat: asks a URL every so often as long as all is well, so that whoever waits for it learns of our death, and of
// whatever makes us unsure. It says nothing when something is wrong: silence is the message, for it needs no help of
// ours. A heartbeat that cannot be delivered is counted and said once, and is no trouble: it would silence itself.
//
// Thread contract: made, started and destroyed on one thread; Report on the analysis thread; Step is its own thread's
// once Start was called, and a test's that never calls Start; Stop and the counters on any. `say` is called on its own
// thread. Destruction waits for the request under way, at most kAskLimit.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "actions/http_client.h"
#include "base/clock.h"
#include "base/status.h"
#include "config/config.h"
#include "daemon/doors/standing_failure.h"

namespace revertd {

class Heartbeat {
 public:
  static constexpr DurationNs kAskLimit = 10 * kSecondNs;
  // A word of the analysis thread that is older says nothing: a thread that hangs cannot say that it does.
  static constexpr DurationNs kWordAgeMax = 10 * kSecondNs;
  static constexpr DurationNs kLookEvery = kSecondNs;
  static constexpr DurationNs kRetryAfter = 10 * kSecondNs;  // of one that was not heard, where `every` is longer

  struct Edges {
    std::unique_ptr<HttpClient> http;
    const Clock* clock = nullptr;
    std::function<void(std::string_view)> say;
  };
  static bool IsAskedFor(const WatchdogConfig& config) {
    return !config.heartbeat.empty() || config.secret_heartbeat.given();
  }

  Heartbeat(const WatchdogConfig& config, Edges edges);
  ~Heartbeat();
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

  // The analysis thread's word, at every look.
  void Report(bool all_is_well);
  // Asks where it is due. true: it asked.
  bool Step();

  void Start();
  void Stop();  // nothing is asked any more

  uint64_t beats() const { return beats_.load(std::memory_order_relaxed); }        // heard
  uint64_t failures() const { return failures_.load(std::memory_order_relaxed); }  // not heard

 private:
  static constexpr TimeNs kNever = std::numeric_limits<TimeNs>::min() / 2;

  bool IsDue(TimeNs monotonic) const;
  Status Ask();
  void Run();

  const WatchdogConfig config_;
  const Edges edges_;
  std::atomic<TimeNs> well_at_ns_{kNever};  // monotonic: of the newest word that all is well; kNever: it is not
  TimeNs next_ns_ = kNever;
  StandingFailure hearing_;
  std::atomic<uint64_t> beats_{0};
  std::atomic<uint64_t> failures_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stop_ = false;   // under mutex_
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace revertd
