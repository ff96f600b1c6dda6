// The Notifier over real sockets: what the fakes of notifier_test.cc assume of HTTP is so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <semaphore>
#include <utility>

#include "actions/http_client.h"
#include "actions/notifier.h"
#include "base/digest.h"
#include "tests/actions/fake_http_server.h"
#include "tests/actions/sandbox.h"
#include "tests/actions/servers.h"
#include "tests/test_folder.h"

namespace revertd {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;
using Kind = ChannelConfig::Kind;

class NotifierHttpTest : public testing::Test {
 protected:
  NotifierHttpTest() {
    folder_.Write("key", "hush\n");
    auto journal = ExecutorStore::Open(folder_.Path("executor.db"), ExecutorStore::Access::kOwner);
    EXPECT_TRUE(journal.ok()) << journal.status();
    journal_ = *std::move(journal);
  }
  ~NotifierHttpTest() override { notifier_.reset(); }

  void Make(Kind kind, const std::string& url, HttpLimits limits) {
    ChannelConfig channel;
    channel.kind = kind;
    channel.name = "it";
    channel.url = url;
    channel.secret.file = folder_.Path("key");
    Config config;
    config.notify = {channel};
    NotifierParts parts;
    parts.make_http = [limits] { return std::make_unique<CurlHttpClient>(limits); };
    parts.wake = [this] { results_.release(); };
    notifier_ = std::make_unique<Notifier>(config, journal_.get(), std::move(parts));
  }
  void Start(Kind kind, HttpLimits limits) {
    Make(kind, server_.url() + "/hook", limits);
    Notice notice;
    notice.key = "shop-0123abcd-7";
    notice.event = "rollback_under_way";
    notice.service = "shop";
    notice.summary = "shop: a rollback is already under way";
    notice.at_ns = clock_.Now();
    ASSERT_TRUE(notifier_->Tell(notice).ok());
  }
  void Settle() {
    ASSERT_TRUE(notifier_->Pump(clock_.Now()).ok());
    while (notifier_->under_way() > 0) {
      ASSERT_TRUE(results_.try_acquire_for(std::chrono::seconds(60))) << "no worker answered";
      ASSERT_TRUE(notifier_->Pump(clock_.Now()).ok());
    }
  }
  // Until it was reached for once more.
  void Reach() {
    clock_.SleepFor(ChannelReach::kReachEvery);
    ASSERT_TRUE(notifier_->Pump(clock_.Now()).ok());
    while (notifier_->reaching() > 0) {
      ASSERT_TRUE(results_.try_acquire_for(std::chrono::seconds(60))) << "no worker answered";
      ASSERT_TRUE(notifier_->Pump(clock_.Now()).ok());
    }
  }
  std::string Unreached() { return journal_->ReadChannel("it")->unreached; }
  Delivery Row() {
    const auto rows = journal_->ReadDeliveries("shop-0123abcd-7");
    EXPECT_TRUE(rows.ok() && rows->size() == 1);
    return rows.ok() && !rows->empty() ? rows->front() : Delivery{};
  }

  TestFolder folder_;
  TestClock clock_;
  FakeHttpServer server_;
  std::counting_semaphore<> results_{0};
  std::unique_ptr<ExecutorStore> journal_;
  std::unique_ptr<Notifier> notifier_;
};

TEST_F(NotifierHttpTest, ASignedWebhookIsDeliveredWhenTheServerIsBack) {
  server_.Answer({503, "", {{"Retry-After", "40"}}, {}});
  server_.Answer({200, "", {}, FakeAnswer::Lie::kHangUp});
  server_.Answer(204, "");
  Start(Kind::kWebhook, {});
  Settle();
  EXPECT_EQ(Row().next_ns, clock_.Now() + 40 * kSecondNs);
  for (int i = 0; i < 10; ++i) {
    clock_.SleepFor(kMinuteNs);
    Settle();
  }
  EXPECT_EQ(Row().outcome, "delivered");
  const std::vector<FakeRequest> requests = server_.TakeRequests();
  ASSERT_THAT(requests, SizeIs(3));
  for (const FakeRequest& request : requests) {
    EXPECT_THAT(request.Line(), StartsWith("POST /hook {"));
    EXPECT_EQ(request.Header("x-revertd-signature"), "sha256=" + HmacSha256Hex("hush", request.body));
    EXPECT_EQ(request.Header("x-revertd-delivery"), requests[0].Header("x-revertd-delivery"));
    EXPECT_EQ(request.Header("content-type"), "application/json");
  }
}

TEST_F(NotifierHttpTest, ARedirectIsNotFollowed) {
  FakeHttpServer elsewhere;
  server_.Answer({307, "", {{"Location", elsewhere.url()}}, {}});
  Start(Kind::kPagerDuty, {});
  Settle();
  EXPECT_THAT(Row().outcome, AllOf(HasSubstr("307"), HasSubstr("not followed")));
  EXPECT_THAT(elsewhere.TakeRequests(), IsEmpty());
}

// No message is under way, and none comes of it.
TEST_F(NotifierHttpTest, AServerThatIsGoneIsKnownAndSoIsOneThatIsBack) {
  const LoopbackSocket port(false);
  Make(Kind::kWebhook, "http://127.0.0.1:" + std::to_string(port.port()) + "/hook", {});
  ASSERT_TRUE(notifier_->Pump(clock_.Now()).ok());
  Reach();
  EXPECT_EQ(Unreached(), "");
  Reach();
  EXPECT_THAT(Unreached(), AllOf(StartsWith("http://127.0.0.1: "), Not(HasSubstr("hook"))));
  ASSERT_EQ(listen(port.descriptor(), 8), 0);
  Reach();
  EXPECT_EQ(Unreached(), "");
  const int connection = accept(port.descriptor(), nullptr, nullptr);
  ASSERT_GE(connection, 0);
  char byte = 0;
  EXPECT_EQ(recv(connection, &byte, 1, 0), 0) << "connected, and nothing written";
  close(connection);
}

TEST_F(NotifierHttpTest, AServerThatSaysNothingHoldsUpNobodyNotEvenTheEnd) {
  server_.Answer({200, "", {}, FakeAnswer::Lie::kSilent});
  HttpLimits limits;
  limits.total_timeout = 300 * kMillisecondNs;
  Start(Kind::kWebhook, limits);
  ASSERT_TRUE(notifier_->Pump(clock_.Now()).ok());
  const auto before = std::chrono::steady_clock::now();
  notifier_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(20));
  EXPECT_EQ(Row().ended_ns, 0) << "due again after the restart";
}

}  // namespace
}  // namespace revertd
