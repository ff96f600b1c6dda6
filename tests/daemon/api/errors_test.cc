// The groups of errors that applications told of, as people ask for them.
#include <utility>

#include "tests/daemon/api/api_fixture.h"

namespace revertd {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ErrorsTest : public ApiTest {
 protected:
  void Keep(std::string_view service, uint64_t fingerprint, const std::string& type, TimeNs seen_ns) {
    ErrorGroupRecord group;
    group.service = service;
    group.fingerprint = fingerprint;
    group.type = type;
    group.title = "cannot <text>";
    group.culprit = "checkout.pay";
    group.first_seen_ns = seen_ns - kMinuteNs;
    group.last_seen_ns = seen_ns;
    group.events = 7;
    group.releases = {"shop@1", "shop@2"};
    group.environments = {"production"};
    group.event_id = "0123456789abcdef0123456789abcdef";
    group.sample = R"({"event_id":"0123456789abcdef0123456789abcdef"})";
    ASSERT_TRUE(owner_->WriteErrorGroup(group).ok());
  }
};

TEST_F(ErrorsTest, AreListedNewestFirst) {
  Keep("checkout", 0xab, "TypeError", clock_.now_ns - kHourNs);
  Keep("checkout", 0xcd, "KeyError", clock_.now_ns);
  Keep("catalog", 0xef, "IOError", clock_.now_ns);
  const HttpReply reply = Get("/v1/errors?service=checkout");
  EXPECT_EQ(reply.status, 200);
  EXPECT_THAT(reply.body,
              HasSubstr(R"({"errors":[{"service":"checkout","fingerprint":"00000000000000cd","type":"KeyError")"));
  EXPECT_THAT(reply.body, HasSubstr(R"("events":7)"));
  EXPECT_THAT(reply.body, HasSubstr(R"("releases":["shop@1","shop@2"],"environments":["production"])"));
  EXPECT_LT(reply.body.find("KeyError"), reply.body.find("TypeError"));
  EXPECT_THAT(reply.body, Not(HasSubstr("IOError")));
  EXPECT_THAT(reply.body, Not(HasSubstr("sample"))) << "many samples are many kilobytes";
  EXPECT_THAT(Get("/v1/errors").body, HasSubstr("IOError"));
}

TEST_F(ErrorsTest, SinceATime) {
  Keep("checkout", 0xab, "TypeError", clock_.now_ns - kHourNs);
  Keep("checkout", 0xcd, "KeyError", clock_.now_ns);
  const std::string since = std::to_string(clock_.now_ns / kSecondNs - 60);
  EXPECT_THAT(Get("/v1/errors?since=" + since).body, Not(HasSubstr("TypeError")));
  EXPECT_EQ(Get("/v1/errors?since=yesterday").status, 400);
}

TEST_F(ErrorsTest, OneIsShownWithItsSample) {
  Keep("checkout", 0xab, "TypeError", clock_.now_ns);
  const HttpReply reply = Get("/v1/errors/00000000000000ab?service=checkout");
  EXPECT_EQ(reply.status, 200);
  EXPECT_THAT(reply.body, HasSubstr(R"("sample":{"event_id":"0123456789abcdef0123456789abcdef"})"));
  EXPECT_EQ(Get("/v1/errors/00000000000000ab?service=catalog").status, 404);
  EXPECT_EQ(Get("/v1/errors/00000000000000ab").status, 400);
  EXPECT_EQ(Get("/v1/errors/ab?service=checkout").status, 400);
}

TEST_F(ErrorsTest, TransactionsThatCameMostStandFirst) {
  EXPECT_EQ(Get("/v1/errors/transactions").body, R"({"transactions":[]})") << "nothing is taken";
  TakeErrors({.projects = {{.id = "1", .service = "checkout", .key = "", .tee = {}}}});
  for (const char* name : {"GET /pay", "job", "job"}) {
    const std::string item = std::string(R"({"type":"transaction","transaction":")") + name +
                             R"(","start_timestamp":1763694600.0,"timestamp":1763694600.5})";
    ASSERT_EQ(Ask("POST", "/api/1/envelope/?sentry_key=k", "{}\n{\"type\":\"transaction\"}\n" + item + "\n").status,
              200);
  }
  const HttpReply reply = Get("/v1/errors/transactions?project=1");
  EXPECT_THAT(reply.body, HasSubstr(R"({"transactions":[{"project":"1","name":"job","count":2,"p50_ns":)"));
  EXPECT_THAT(reply.body, HasSubstr(R"("name":"GET /pay","count":1)"));
  EXPECT_EQ(Get("/v1/errors/transactions?project=2").body, R"({"transactions":[]})");
}

}  // namespace
}  // namespace revertd
