// What the notifier's tests share: a Notifier on a real executor.db, and channels that answer as the test wrote down.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <semaphore>
#include <string>
#include <vector>

#include "actions/http_client.h"
#include "actions/notifier.h"
#include "store/executor_store.h"
#include "tests/actions/sandbox.h"
#include "tests/test_folder.h"

namespace revertd {

// What every channel's client answers, by URL; 200 where nothing is written down. Any thread.
class ChannelScript {
 public:
  void Answer(const std::string& url, StatusOr<HttpResponse> answer);
  void Forget(const std::string& url);  // what was written down
  // The next request to `url` waits until Release.
  void Hang(const std::string& url);
  void WaitUntilItHangs();
  void Release() { released_.release(); }

  // Nobody listens at `url`; empty `why`: somebody does again.
  void Cut(const std::string& url, const std::string& why);

  StatusOr<HttpResponse> Send(const HttpRequest& request);
  Status Reach(const std::string& url);
  std::vector<HttpRequest> RequestsTo(const std::string& url);
  std::vector<std::string> EventsAt(const std::string& url);  // of the webhooks' bodies, in order

 private:
  std::mutex mutex_;
  std::map<std::string, std::deque<StatusOr<HttpResponse>>> answers_;
  std::vector<HttpRequest> requests_;
  std::map<std::string, std::string> cut_;  // why, by URL
  std::string hanging_;
  std::binary_semaphore hangs_{0};
  std::binary_semaphore released_{0};
};

// Two webhooks' URLs.
inline constexpr const char* kA = "https://a.example/hook";
inline constexpr const char* kB = "https://b.example/hook";
ChannelConfig Webhook(const std::string& name, const std::string& url);
HttpResponse Answered(int status);

class NotifierTest : public testing::Test {
 protected:
  NotifierTest() { Open(); }
  ~NotifierTest() override { notifier_.reset(); }

  void Open();     // ends the notifier, if there is one, and opens the store anew
  void Start();    // a notifier for config_
  void Restart();  // both, as after a kill
  Notice Make(const std::string& event);
  void Tell(const std::string& event);
  void Pump();
  void Await();                             // one result of a worker
  void Settle();                            // until nothing more is due now
  void SettleThrough(DurationNs duration);  // time passes, in steps shorter than any wait
  // Time passes, channels are reached for where that is due, and what is due then is sent.
  void ReachAfter(DurationNs duration = ChannelReach::kReachEvery);
  std::string Unreached(const std::string& channel);
  Delivery Row(const std::string& channel, const std::string& event);
  std::vector<std::string> Audited();  // "SUBJECT TEXT"

  TestFolder folder_;
  TestClock clock_;
  Config config_;
  ChannelScript script_;
  std::counting_semaphore<> results_{0};
  std::vector<DeliveryEnd> ends_;
  std::unique_ptr<ExecutorStore> journal_;
  std::unique_ptr<Notifier> notifier_;
};

}  // namespace revertd
