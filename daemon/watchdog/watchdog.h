// Watchdog: folds what is known of the sources, clocks, channels, disk and executor at each look, a second apart, into
// the troubles that stand.
//
// Whatever begins is told within a minute of the fact. What a fact needs before it counts (a state that is written by
// another for a moment is no trouble) and how long it must be gone (what flaps is one trouble, not a hundred) stands in
// watchdog.cc. Time is Clock::Monotonic throughout; the wall clock is only what is watched, and the stamp of a trouble.
//
// Pure; one thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "daemon/watchdog/clock_watch.h"
#include "daemon/watchdog/log_time_watch.h"
#include "daemon/watchdog/troubles.h"

namespace revertd {

struct WatchdogFacts {
  struct Source {
    std::string name;
    DurationNs silent_for = 0;
    DurationNs stale_after = 0;
    bool stale = false;  // by its own word: it tells nothing, or nothing that can be counted
    // The counter of most of the lines that were refused since the newest counted one; empty: none was.
    std::string_view refused_as = {};
    bool ended = false;
    LineCounts lines = {};
    uint64_t read_errors = 0;
  };
  struct Channel {
    std::string name;
    bool failing = false;  // its newest message was given up, or one waits for another try
    std::string outcome = {};
    int64_t untried = 0;         // the oldest message that was not tried yet; 0: none
    std::string unreached = {};  // why it cannot be reached; empty: it can
  };
  TimeNs wall_ns = 0;
  TimeNs monotonic_ns = 0;
  TimeNs newest_counted_ns = 0;  // the newest sealed second; 0: none
  std::vector<Source> sources = {};
  std::vector<Channel> channels = {};
  std::string state = {};                                 // the file
  std::optional<int64_t> disk_free_bytes = std::nullopt;  // nullopt: it cannot be asked
  std::string write_failure = {};                         // why the state was not written; empty: it was
  std::optional<int64_t> executor_sign = std::nullopt;    // changes as long as the executor turns; nullopt: none yet
};

struct WatchdogLimits {
  DurationNs clock_step_max = 2 * kSecondNs;
  int64_t disk_free_min = 64 * 1024 * 1024;
};

// The executor's sign of life: a cursor of executor.db that it moves so often, in the same process or in one of its
// own. One that hangs, has died or cannot write moves it no more.
inline constexpr std::string_view kExecutorSign = "sign_of_life";
inline constexpr DurationNs kExecutorSignEvery = 10 * kSecondNs;

class Watchdog {
 public:
  // Without a sign of life, or an answer to a message, for so long; with a look every second and an executor that
  // gives its sign every ten, that is known within a minute of the last turn.
  static constexpr DurationNs kSilentMax = 45 * kSecondNs;
  // SQLite cannot do anything with less.
  static constexpr int64_t kFullBytes = 1024 * 1024;

  explicit Watchdog(const WatchdogLimits& limits) : limits_(limits), clocks_(limits.clock_step_max) {}

  // What stood when the process before this one ended: it goes on until it could be found again and is not, and then
  // ends as every other: a restart mends nothing. Before the first look.
  void Restore(const std::vector<Trouble>& troubles);
  // What began, and what ended (ended_ns is set), in that order.
  std::vector<Trouble> Look(const WatchdogFacts& facts);
  // With the newest words.
  std::vector<Trouble> standing() const;

 private:
  struct Finding {
    std::string_view name;
    std::string subject;
    std::string words;
  };
  struct Suspect {
    Trouble trouble;
    bool stands = false;       // told; else waits for its time
    bool is_restored = false;  // of the process before, and not found or missed by this one yet
    TimeNs first_seen = 0;
    std::optional<TimeNs> fine_since = {};
  };
  struct Errors {
    uint64_t read_errors = 0;
    uint64_t counted = 0;  // lines at the newest error
  };
  struct Untried {
    int64_t messages = 0;
    TimeNs since = 0;
  };
  struct Sign {
    std::optional<int64_t> value;
    TimeNs since = 0;
  };
  using Key = std::pair<std::string, std::string>;

  void FindInSources(const WatchdogFacts& facts, std::vector<Finding>* findings);
  void FindInTimes(const WatchdogFacts& facts, std::vector<Finding>* findings);
  void FindInChannels(const WatchdogFacts& facts, std::vector<Finding>* findings);
  void FindInState(const WatchdogFacts& facts, std::vector<Finding>* findings) const;
  void FindInExecutor(const WatchdogFacts& facts, std::vector<Finding>* findings);
  void Hear(const Finding& finding, const WatchdogFacts& facts, std::vector<Trouble>* changes);
  bool CouldBeFound(const Trouble& trouble, const WatchdogFacts& facts) const;
  void EndWhatIsGone(const std::vector<Finding>& findings, const WatchdogFacts& facts, std::vector<Trouble>* changes);

  const WatchdogLimits limits_;
  ClockWatch clocks_;
  LogTimeWatch log_times_;
  std::map<std::string, Errors, std::less<>> errors_;    // by source
  std::map<std::string, Untried, std::less<>> untried_;  // by channel
  std::optional<Sign> executor_;
  std::map<Key, Suspect> suspects_;
  std::optional<TimeNs> first_look_;  // monotonic
};

}  // namespace revertd
