// The heartbeat beats while all is well, and then alone.
#include "daemon/watchdog/heartbeat.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <semaphore>

#include "tests/actions/fake_http_server.h"
#include "tests/daemon/watchdog/two_clocks.h"
#include "tests/test_folder.h"

namespace revertd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class HeartbeatTest : public ::testing::Test {
 protected:
  HeartbeatTest() { config_.heartbeat = server_.url() + "/ping/0123-secret"; }

  void Make() {
    heartbeat_ = std::make_unique<Heartbeat>(
        config_, Heartbeat::Edges{.http = std::make_unique<CurlHttpClient>(),
                                  .clock = &clock_,
                                  .say = [this](std::string_view words) { said_.emplace_back(words); }});
  }
  // One look of the analysis and of the heartbeat a second.
  void Pass(int seconds, bool all_is_well) {
    for (int i = 0; i < seconds; ++i) {
      clock_.Pass(kSecondNs);
      heartbeat_->Report(all_is_well);
      heartbeat_->Step();
    }
  }

  FakeHttpServer server_;
  TwoClocks clock_;
  WatchdogConfig config_;
  std::vector<std::string> said_;
  std::unique_ptr<Heartbeat> heartbeat_;
};

TEST_F(HeartbeatTest, BeatsEveryMinuteWhileAllIsWell) {
  for (int i = 0; i < 3; ++i) server_.Answer(200, "OK");
  Make();
  Pass(121, true);
  EXPECT_THAT(server_.TakeLines(),
              ElementsAre("GET /ping/0123-secret", "GET /ping/0123-secret", "GET /ping/0123-secret"));
  EXPECT_EQ(heartbeat_->beats(), 3U);
  EXPECT_EQ(heartbeat_->failures(), 0U);
  EXPECT_THAT(said_, IsEmpty());
}

TEST_F(HeartbeatTest, IsSilentWhileSomethingIsWrongAndBeatsAgainAtOnce) {
  Make();
  Pass(300, false);
  EXPECT_THAT(server_.TakeLines(), IsEmpty());
  server_.Answer(200, "OK");
  Pass(1, true);
  EXPECT_EQ(heartbeat_->beats(), 1U);
}

TEST_F(HeartbeatTest, IsSilentBeforeTheFirstWordOfTheAnalysis) {
  Make();
  EXPECT_FALSE(heartbeat_->Step());
}

TEST_F(HeartbeatTest, IsSilentWhileTheAnalysisHangs) {
  server_.Answer(200, "OK");
  config_.heartbeat_every = 5 * kSecondNs;
  Make();
  Pass(1, true);
  EXPECT_EQ(heartbeat_->beats(), 1U);
  clock_.Pass(11 * kSecondNs);
  EXPECT_FALSE(heartbeat_->Step());
  EXPECT_EQ(server_.TakeLines().size(), 1U);
}

TEST_F(HeartbeatTest, AClockThatIsSetChangesNothing) {
  server_.Answer(200, "OK");
  server_.Answer(200, "OK");
  Make();
  Pass(1, true);
  clock_.Set(-kHourNs);
  Pass(61, true);
  EXPECT_EQ(heartbeat_->beats(), 2U);
}

TEST_F(HeartbeatTest, AFailureIsCountedSaidOnceAndTriedAgainSoon) {
  for (int i = 0; i < 3; ++i) server_.Answer(503, "down");
  server_.Answer(200, "OK");
  Make();
  Pass(31, true);
  EXPECT_EQ(heartbeat_->failures(), 3U);
  EXPECT_EQ(heartbeat_->beats(), 1U);
  EXPECT_THAT(said_, ElementsAre(HasSubstr("503"), "the heartbeat is heard again"));
}

TEST_F(HeartbeatTest, SaysNothingOfItsSecret) {
  const TestFolder folder;
  config_.heartbeat.clear();
  config_.secret_heartbeat.file = folder.Write("url", "http://127.0.0.1:9/ping/0123-secret\n");
  Make();
  Pass(1, true);
  ASSERT_EQ(said_.size(), 1U);
  EXPECT_THAT(said_[0], Not(HasSubstr("0123-secret")));
  EXPECT_EQ(heartbeat_->failures(), 1U);
}

TEST_F(HeartbeatTest, ReadsItsSecretAtEveryBeat) {
  const TestFolder folder;
  config_.heartbeat.clear();
  config_.secret_heartbeat.file = folder.Path("url");
  Make();
  Pass(1, true);
  EXPECT_EQ(heartbeat_->failures(), 1U);  // there is no such file yet
  folder.Write("url", server_.url() + "/ping\n");
  server_.Answer(204, "");
  Pass(10, true);
  EXPECT_EQ(heartbeat_->beats(), 1U);
}

// Says that it was asked, and answers once it may.
class SignallingClient final : public HttpClient {
 public:
  SignallingClient(std::counting_semaphore<>* sent, std::counting_semaphore<>* may_answer)
      : sent_(sent), may_answer_(may_answer) {}
  StatusOr<HttpResponse> Send(const HttpRequest& /*request*/) override {
    sent_->release();
    may_answer_->acquire();
    HttpResponse response;
    response.status = 200;
    return response;
  }

 private:
  std::counting_semaphore<>* const sent_;
  std::counting_semaphore<>* const may_answer_;
};

TEST_F(HeartbeatTest, HasAThreadOfItsOwnThatStopsAtOnce) {
  std::counting_semaphore<> sent{0};
  std::counting_semaphore<> may_answer{0};
  {
    Heartbeat heartbeat(config_, {.http = std::make_unique<SignallingClient>(&sent, &may_answer),
                                  .clock = &clock_,
                                  .say = [](std::string_view words) { ADD_FAILURE() << words; }});
    heartbeat.Report(true);
    heartbeat.Start();
    ASSERT_TRUE(sent.try_acquire_for(std::chrono::seconds(60)));
    heartbeat.Stop();
    clock_.Pass(kHourNs);
    heartbeat.Report(true);  // the next one would be due
    may_answer.release(2);
  }
  EXPECT_FALSE(sent.try_acquire()) << "a beat after Stop";
}

TEST(Heartbeat, IsAskedForByAUrlOrASecret) {
  WatchdogConfig config;
  EXPECT_FALSE(Heartbeat::IsAskedFor(config));
  config.heartbeat = "https://hc.example/1";
  EXPECT_TRUE(Heartbeat::IsAskedFor(config));
  config.heartbeat.clear();
  config.secret_heartbeat.file = "url";
  EXPECT_TRUE(Heartbeat::IsAskedFor(config));
}

}  // namespace
}  // namespace revertd
