#include "actions/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <thread>

#include "base/strings.h"
#include "tests/actions/fake_http_server.h"

namespace revertd {
namespace {

using Lie = FakeAnswer::Lie;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr size_t kBodyBytesMax = 5000;

// Short, so that what never answers costs little; every test that does not want it is far faster.
HttpLimits ShortLimits() {
  return {.connect_timeout = 300 * kMillisecondNs,
          .total_timeout = 300 * kMillisecondNs,
          .response_bytes_max = kBodyBytesMax};
}

class HttpClientTest : public ::testing::Test {
 protected:
  HttpClientTest() { setenv("no_proxy", "127.0.0.1", 1); }

  HttpRequest To(const std::string& method, const std::string& path, const std::string& body = "") const {
    return {method, server_.url() + path, {}, body};
  }

  FakeHttpServer server_;
  CurlHttpClient http_;
  CurlHttpClient hasty_{ShortLimits()};
};

TEST_F(HttpClientTest, SendsMethodTargetHeadersAndBodyAsTheyAre) {
  const std::string body("{\"a\":\"\0b\"}", 10);
  for (const std::string method : {"POST", "PUT", "PATCH", "DELETE"}) {
    server_.Answer(200, "");
    HttpRequest request = To(method, "/a%2Fb?c=d%20e&f", body);
    request.headers = {{"Content-Type", "application/json"}, {"X-Empty", ""}, {"PRIVATE-TOKEN", "t0ken"}};
    ASSERT_TRUE(http_.Send(request).ok());
    const std::vector<FakeRequest> seen = server_.TakeRequests();
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_EQ(seen[0].method, method);
    EXPECT_EQ(seen[0].target, "/a%2Fb?c=d%20e&f");
    EXPECT_EQ(seen[0].body, body);
    EXPECT_EQ(seen[0].Header("content-type"), "application/json");
    EXPECT_EQ(seen[0].Header("private-token"), "t0ken");
    EXPECT_EQ(seen[0].Header("expect"), "");
    EXPECT_TRUE(seen[0].Header("user-agent").starts_with("revertd/0.")) << seen[0].Header("user-agent");
    EXPECT_THAT(seen[0].headers, ::testing::Contains(std::pair<std::string, std::string>("x-empty", "")));
  }
}

TEST_F(HttpClientTest, GetHasNoBodyAndPostWithoutOneSaysSo) {
  server_.Answer(200, "x");
  server_.Answer(200, "");
  server_.Answer(204, "");
  ASSERT_TRUE(http_.Send(To("GET", "/")).ok());
  ASSERT_TRUE(http_.Send(To("POST", "/")).ok());
  ASSERT_TRUE(http_.Send(To("DELETE", "/")).ok());
  const std::vector<FakeRequest> seen = server_.TakeRequests();
  ASSERT_EQ(seen.size(), 3U);
  EXPECT_EQ(seen[0].Header("content-length"), "");
  EXPECT_EQ(seen[1].Header("content-length"), "0");
  EXPECT_EQ(seen[1].Header("content-type"), "");
  EXPECT_EQ(seen[2].method, "DELETE");
}

TEST_F(HttpClientTest, AnyStatusIsAnAnswerWithItsHeadersInLowerCase) {
  for (const int status : {200, 201, 204, 304, 401, 403, 404, 405, 409, 422, 429, 500, 503}) {
    FakeAnswer answer = {status, status == 204 || status == 304 ? "" : "text", {}, {}};
    answer.headers = {{"Retry-After", "  7 "}, {"X-Twice", "1"}, {"X-Twice", "2"}};
    server_.Answer(answer);
    const auto response = http_.Send(To("GET", "/"));
    ASSERT_TRUE(response.ok()) << response.status();
    EXPECT_EQ(response->status, status);
    EXPECT_EQ(response->body, answer.body);
    EXPECT_EQ(response->Header("retry-after"), "7");
    EXPECT_EQ(response->Header("x-twice"), "1");
    EXPECT_EQ(response->Header("x-none"), "");
  }
}

TEST_F(HttpClientTest, InterimAnswersLeaveNoHeaders) {
  FakeAnswer answer;
  answer.lie = Lie::kNoHttp;
  answer.body =
      "HTTP/1.1 103 Early Hints\r\nLink: early\r\n\r\nHTTP/1.1 200 OK\r\nX-Last: 1\r\nContent-Length: 2\r\n\r\nok";
  server_.Answer(answer);
  const auto response = http_.Send(To("GET", "/"));
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, "ok");
  EXPECT_EQ(response->Header("link"), "");
  EXPECT_EQ(response->Header("x-last"), "1");
}

TEST_F(HttpClientTest, RedirectsAreAnswersAndTheTokenStaysAtHome) {
  FakeHttpServer elsewhere;
  for (const int status : {301, 302, 303, 307, 308}) {
    FakeAnswer answer = {status, "", {{"Location", elsewhere.url() + "/caught"}}, {}};
    server_.Answer(answer);
    HttpRequest request = To("POST", "/", "{}");
    request.headers = {{"Authorization", "Bearer t0ken"}};
    const auto response = http_.Send(request);
    ASSERT_TRUE(response.ok()) << response.status();
    EXPECT_EQ(response->status, status);
  }
  EXPECT_TRUE(elsewhere.TakeRequests().empty());
}

TEST_F(HttpClientTest, LiesAreUnavailable) {
  for (const Lie lie : {Lie::kCut, Lie::kHangUp, Lie::kSilent, Lie::kDrip}) {
    server_.Answer(FakeAnswer{200, "0123456789", {}, lie});
    const auto response = hasty_.Send(To("POST", "/secret?token=hidden", "{}"));
    EXPECT_TRUE(absl::IsUnavailable(response.status())) << static_cast<int>(lie) << " " << response.status();
    EXPECT_THAT(std::string(MessageOf(response.status())), HasSubstr("http://127.0.0.1: "));
    EXPECT_THAT(std::string(MessageOf(response.status())), Not(HasSubstr("hidden")));
    EXPECT_EQ(server_.TakeRequests().size(), 1U) << "sent more than once";
  }
  server_.Answer(FakeAnswer{200, "\x16\x03\x01 what is this\r\n\r\n", {}, Lie::kNoHttp});
  EXPECT_TRUE(absl::IsUnavailable(hasty_.Send(To("GET", "/")).status()));
}

TEST_F(HttpClientTest, ShortContentLengthIsBelieved) {
  server_.Answer(FakeAnswer{200, "0123456789", {}, Lie::kShortLength});
  const auto response = http_.Send(To("GET", "/"));
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(response->body, "01234");
}

TEST_F(HttpClientTest, TooLongIsFailedPrecondition) {
  server_.Answer(200, std::string(kBodyBytesMax, 'x'));
  const auto longest = hasty_.Send(To("GET", "/"));
  ASSERT_TRUE(longest.ok()) << longest.status();
  EXPECT_EQ(longest->body.size(), kBodyBytesMax);
  server_.Answer(200, std::string(kBodyBytesMax + 1, 'x'));
  server_.Answer(FakeAnswer{200, "", {}, Lie::kHuge});
  server_.Answer(FakeAnswer{200, "", {}, Lie::kEndlessHeaders});
  for (int i = 0; i < 3; ++i) {
    const auto response = hasty_.Send(To("GET", "/"));
    EXPECT_TRUE(absl::IsFailedPrecondition(response.status())) << i << " " << response.status();
  }
}

TEST_F(HttpClientTest, NobodyThereIsUnavailable) {
  std::string url;
  {
    const FakeHttpServer gone;
    url = gone.url();
  }
  EXPECT_TRUE(absl::IsUnavailable(hasty_.Send({"GET", url, {}, ""}).status()));
  // TLS spoken to a server without it; the certificate is never reached.
  server_.Answer(200, "");
  const auto response = hasty_.Send({"GET", "https" + server_.url().substr(4), {}, ""});
  EXPECT_TRUE(absl::IsUnavailable(response.status())) << response.status();
}

TEST_F(HttpClientTest, WhatIsNoRequestIsNotSent) {
  const std::vector<std::string> urls = {"",
                                         "nonsense",
                                         "ftp://127.0.0.1/x",
                                         "file:///etc/passwd",
                                         "http://",
                                         "http://[::1",
                                         server_.url() + "/a b",
                                         server_.url() + "/\r\nX-Injected: 1",
                                         "http://user:hidden@127.0.0.1:99999/"};
  for (const std::string& url : urls) {
    const auto response = http_.Send({"GET", url, {}, ""});
    EXPECT_TRUE(absl::IsFailedPrecondition(response.status())) << url << " " << response.status();
    EXPECT_THAT(std::string(MessageOf(response.status())), Not(HasSubstr("hidden")));
  }
  HttpRequest injected = To("GET", "/");
  injected.headers = {{"Authorization", "Bearer t0ken\r\nX-Injected: 1"}};
  const auto response = http_.Send(injected);
  EXPECT_TRUE(absl::IsFailedPrecondition(response.status()));
  EXPECT_THAT(std::string(MessageOf(response.status())), Not(HasSubstr("t0ken")));
  injected.headers = {{"Bad name", "x"}};
  EXPECT_TRUE(absl::IsFailedPrecondition(http_.Send(injected).status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(http_.Send(To("GET / HTTP/1.1\r\nX: 1", "/")).status()));
  EXPECT_TRUE(server_.TakeRequests().empty());
}

// libcurl may be started by many threads at once. (The sanitizer builds look at how.)
TEST_F(HttpClientTest, ObjectsOfManyThreadsStartTogether) {
  constexpr size_t kThreads = 8;
  std::vector<Status> statuses(kThreads, Internal("not run"));
  for (size_t i = 0; i < kThreads; ++i) server_.Answer(200, "x");
  std::vector<std::thread> threads;
  for (Status& status : statuses) {
    threads.emplace_back([this, &status] { status = CurlHttpClient().Send(To("GET", "/")).status(); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Status& status : statuses) EXPECT_TRUE(status.ok()) << status;
}

TEST(UrlEncode, EncodesAllButTheUnreserved) {
  EXPECT_EQ(UrlEncode("AZaz09-._~"), "AZaz09-._~");
  EXPECT_EQ(UrlEncode("group/name me?&=#%+:"), "group%2Fname%20me%3F%26%3D%23%25%2B%3A");
  EXPECT_EQ(UrlEncode(std::string("\0\xC3\xBC", 3)), "%00%C3%BC");
  EXPECT_EQ(UrlEncode(""), "");
}

}  // namespace
}  // namespace revertd
