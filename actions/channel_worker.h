// ChannelWorker: one channel's own thread, which makes the tries that the Notifier hands it and answers how each went.
// One thread a channel, because a channel that hangs may delay nobody but itself. Between messages it reaches for the
// channel: it connects, or looks for the program, and writes nothing.
//
// Thread contract: made, used and destroyed on one thread; the tries run on the worker's. It never touches a database.
// Destruction ends what is under way: a command within a tenth of a second, an HTTP request when its HttpLimits say so
// (20 s); what waits in the queue is dropped, since its row is still due.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "actions/channel.h"
#include "actions/http_client.h"
#include "config/config.h"

namespace revertd {

// One try of one delivery; of none (0): to reach the channel.
struct ChannelOrder {
  int64_t delivery_id = 0;
  std::string notice = {};  // JSON
};

struct ChannelResult {
  std::string channel;
  int64_t delivery_id = 0;
  TryOutcome outcome = {};   // kDelivered, of an order to reach: it was reached
  HttpResponse answer = {};  // without its body: for AskedToWait
};

// What the workers have answered. Any thread.
class ChannelResults {
 public:
  // wake: called on a worker's thread after each result; may be empty.
  explicit ChannelResults(std::function<void()> wake) : wake_(std::move(wake)) {}
  void Add(ChannelResult result);
  std::vector<ChannelResult> TakeAll();

 private:
  const std::function<void()> wake_;
  std::mutex mutex_;
  std::vector<ChannelResult> results_;  // never more than the workers' queues hold
};

class ChannelWorker {
 public:
  // Waiting or under way. More would only age here: what is due stands in the database.
  static constexpr size_t kOrdersMax = 8;

  // `results` must outlive it. environment: what a command gets.
  ChannelWorker(ChannelConfig channel, std::vector<std::string> environment, std::unique_ptr<HttpClient> http,
                ChannelResults* results);
  ~ChannelWorker();
  ChannelWorker(const ChannelWorker&) = delete;
  ChannelWorker& operator=(const ChannelWorker&) = delete;

  // false: its queue is full.
  bool Offer(ChannelOrder order);
  // Told before destruction, so that several end side by side.
  void Stop();

 private:
  // Where the channel is, and what proves us.
  struct Address {
    std::string url;
    std::string secret;
    std::vector<std::string> secrets;  // what of them nobody may see
  };

  void Run();
  ChannelResult Make(const ChannelOrder& order);
  void Deliver(const ChannelOrder& order, ChannelResult* result);
  TryOutcome Reach();
  // Anew each time, so that a rotated secret is taken up without a restart.
  StatusOr<Address> ReadAddress() const;

  const ChannelConfig channel_;
  const std::vector<std::string> environment_;
  const std::unique_ptr<HttpClient> http_;
  ChannelResults* const results_;
  std::atomic<bool> stop_{false};  // read by a running command without the lock
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<ChannelOrder> queue_;  // its front is under way
  std::thread thread_;              // last: it uses all of the above
};

// The environment without the variables that hold secrets: a command is told of a rollback, not of our tokens.
std::vector<std::string> WithoutSecretVariables(std::vector<std::string> environment, const Config& config);

}  // namespace revertd
