// Notifier: people are told, once, and telling can neither block nor delay a rollback. Tell writes a row for each
// channel; the channels' workers (channel_worker.h) make the tries; Pump writes how they went.
//
// Thread contract: one object, one thread, the one of its ExecutorStore. No call waits for a network or a program. Only
// destruction does: until each channel's request that is under way has ended, side by side, at most HttpLimits (20 s)
// in all; commands are ended within a tenth of a second.
// Invariants: 1. a message is durable before Tell returns, and is due again after a restart until it is delivered or
// given up; 2. one that is known already (channel, key, event) is not told again; 3. of one key a channel gets messages
// in the order told: a later one waits for the earlier one's end; 4. killed between a channel's answer and its row, we
// deliver again: X-Revertd-Delivery, PagerDuty's dedup_key and Alertmanager's labels say that it is the same; 5. a
// channel that fails is told to the others, never a failure to tell of that; 6. a channel whose messages were given up
// is asked itself, with the words that it works again: they are true once they arrive, and nobody reads them before;
// 7. a channel that is gone is known without a message (channel_reach.h), and stands in ExecutorStore::ReadChannel.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "actions/channel_reach.h"
#include "actions/channel_worker.h"
#include "actions/http_client.h"
#include "actions/notice.h"
#include "base/clock.h"
#include "base/status.h"
#include "config/config.h"
#include "store/executor_store.h"

namespace revertd {

// One message's end at one channel.
struct DeliveryEnd {
  std::string channel;
  std::string key;
  std::string event;  // of a channel's failing and working again with "@" and the second: they may come again
  bool delivered = false;
  std::string outcome;  // "delivered", or why it was given up
  int64_t tries = 0;
  TimeNs at_ns = 0;
};

struct NotifierCounters {
  int64_t delivered = 0;
  int64_t retried = 0;     // tries that failed and are followed by another
  int64_t given_up = 0;    // messages refused for good, or at the end of their tries
  int64_t queue_full = 0;  // messages not taken for a channel that has kPendingMax waiting
};

struct NotifierParts {
  // One client for each channel, all made in the constructor. A test's may be shared, if it bears several threads.
  std::function<std::unique_ptr<HttpClient>()> make_http;
  // A result waits for Pump. Called on a worker's thread; may be empty: then Pump sees it at its next turn.
  std::function<void()> wake;
  // Called by Tell, Pump and the destructor, on their thread, once the row is written; may be empty.
  std::function<void(const DeliveryEnd&)> on_end;
  uint64_t seed = 0;  // of the jitter
};

class Notifier {
 public:
  // Eight tries over about an hour, at most two: the waits between them are drawn from [1 s, ceiling], where the
  // ceiling is a minute, then twice as much each time, up to an hour. Whole waits would bring everybody's retries to
  // a channel that comes back in the same second.
  static constexpr int64_t kTriesMax = 8;
  static constexpr DurationNs kRetryWaitMin = kSecondNs;
  static constexpr DurationNs kFirstRetryWaitMax = kMinuteNs;
  static constexpr DurationNs kRetryWaitMax = kHourNs;  // also of what a channel asks for
  // Messages that wait for one channel: an hour of them while it is down. More is refused, counted and audited.
  static constexpr int kPendingMax = 64;
  // A failing channel is told of once in this time.
  static constexpr DurationNs kTellFailingEvery = kHourNs;
  // How often failing channels without a message of their own are asked; and at the start, for whoever corrected one.
  // Each time that one is asked in vain its wait doubles, up to kProbeEveryMax: every try leaves rows.
  static constexpr DurationNs kProbeEvery = 10 * kMinuteNs;
  static constexpr DurationNs kProbeEveryMax = 6 * kHourNs;
  // What waits for a retry is due at once where its channel is reached again, but not more often than this: a channel
  // that comes and goes would use up in minutes the tries that are meant for an hour.
  static constexpr DurationNs kHurryEvery = 10 * kMinuteNs;

  // `journal` must outlive it.
  Notifier(const Config& config, ExecutorStore* journal, NotifierParts parts);
  ~Notifier();
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  // Queues it for every channel, all or none; within ExecutorStore::Together it is part of that. A failed status is the
  // journal's.
  Status Tell(const Notice& notice);
  // The same for every other channel: of this one it is told.
  Status TellAllBut(std::string_view channel, const Notice& notice);
  // Writes what the channels have answered, each with a row of the audit trail where a message ends (kind "delivery"),
  // and hands out what is due. Cheap where there is nothing to do: call it at every turn, a second apart or less. After
  // a failed status the next call goes on where this one stopped.
  Status Pump(TimeNs now);

  // Tries handed out and not written yet. For an end that lets the last words out: Pump until it is 0 or time is up.
  size_t under_way() const { return under_way_.size(); }
  // Whether any message has no end yet, tried or not.
  bool has_pending() const { return !pending_.empty() || pending_is_stale_ || !under_way_.empty(); }
  size_t reaching() const;  // channels that are being reached for
  const NotifierCounters& counters() const { return counters_; }

 private:
  // When a failing channel is asked next.
  struct Probing {
    TimeNs next_ns = 0;
    DurationNs wait = kProbeEvery;
  };

  Status Refresh();
  Status LoadReaches(TimeNs now);
  Status LoadFailing();
  Status Collect(TimeNs now);
  Status Write(const Delivery& delivery, const ChannelResult& result, TimeNs now);
  Status End(const Delivery& delivery, int64_t tries, bool delivered, std::string_view outcome, TimeNs now);
  Status EndUnknownChannels(TimeNs now);
  StatusOr<bool> TellOfChannel(const Delivery& delivery, bool delivered, std::string_view outcome, TimeNs now);
  // What became of reaching for `channel`, kept where it is another than before.
  Status HearReach(const std::string& channel, const ChannelReach& heard, TimeNs now);
  Status HearReachOf(const ChannelResult& result, TimeNs now);
  void ReachOut(TimeNs now);
  Status Probe(TimeNs now);
  using IsFor = std::function<bool(std::string_view channel)>;
  Status Queue(const Notice& notice, std::string_view row_event, const IsFor& is_for);
  Status AuditEnd(const DeliveryEnd& end);
  void HandOut(TimeNs now);
  DurationNs WaitAfter(int64_t tries, std::optional<DurationNs> asked);

  ExecutorStore* const journal_;
  const NotifierParts parts_;
  std::mt19937_64 random_;
  NotifierCounters counters_;
  ChannelResults results_;
  std::map<std::string, std::unique_ptr<ChannelWorker>, std::less<>> workers_;  // by channel
  std::vector<Delivery> pending_;          // every message without an end, oldest first
  bool pending_is_stale_ = true;           // the rows have changed since
  std::map<int64_t, Delivery> under_way_;  // with a worker, or answered and not written yet
  std::deque<ChannelResult> answered_;
  std::optional<std::set<std::string, std::less<>>> failing_;  // channels that the others were told of
  TimeNs now_ns_ = 0;                                          // of the newest Pump
  std::optional<TimeNs> probed_ns_;
  std::map<std::string, ChannelReach, std::less<>> reaches_;  // by channel, as are the two below
  std::map<std::string, Probing, std::less<>> probings_;      // of those that were asked in vain
  std::map<std::string, TimeNs, std::less<>> hurried_;
};

}  // namespace revertd
