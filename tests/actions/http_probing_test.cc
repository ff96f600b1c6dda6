// What a health check needs of the HTTP client: long bodies cut, certificates read, failures named.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <limits>
#include <string_view>
#include <thread>

#include "actions/http_client.h"
#include "tests/actions/fake_http_server.h"
#include "tests/actions/fake_tls_server.h"

namespace revertd {
namespace {

using Lie = FakeAnswer::Lie;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr size_t kBodyBytesMax = 1000;
// The real clock's: OpenSSL looks at it.
constexpr TimeNs kIn2100 = TimeNs{4'102'444'800} * kSecondNs;
constexpr TimeNs kIn2020 = TimeNs{1'577'836'800} * kSecondNs;

class HttpProbingTest : public ::testing::Test {
 protected:
  HttpProbingTest() { setenv("no_proxy", "127.0.0.1", 1); }

  static CurlHttpClient Client(const std::string& ca_file = "", DurationNs timeout = 10 * kSecondNs) {
    return CurlHttpClient(
        {.connect_timeout = timeout, .total_timeout = timeout, .response_bytes_max = kBodyBytesMax},
        {.cuts_long_bodies = true, .reads_certificate = true, .leaves_lookups = true, .ca_file = ca_file});
  }
  HttpRequest To(const std::string& method) const { return {method, server_.url() + "/", {}, ""}; }

  FakeHttpServer server_;
};

TEST_F(HttpProbingTest, ALongBodyIsCutAtTheLimit) {
  CurlHttpClient http = Client();
  for (const size_t length : {size_t{0}, kBodyBytesMax - 1, kBodyBytesMax, kBodyBytesMax + 1, 100 * kBodyBytesMax}) {
    server_.Answer(503, std::string(length, 'x'));
    const auto response = http.Send(To("GET"));
    ASSERT_TRUE(response.ok()) << response.status();
    EXPECT_EQ(response->status, 503);
    EXPECT_EQ(response->body, std::string(std::min(length, kBodyBytesMax), 'x'));
    EXPECT_EQ(response->body_cut, length > kBodyBytesMax);
    EXPECT_GT(response->took_ns, 0);
  }
}

TEST_F(HttpProbingTest, ABodyWithoutAnEndEndsAtTheLimit) {
  server_.Answer(FakeAnswer{200, "", {}, Lie::kHuge});
  CurlHttpClient http = Client();
  const auto response = http.Send(To("GET"));
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->body.size(), kBodyBytesMax);
  EXPECT_TRUE(response->body_cut);
}

// The server promises a body, and drips one: whoever waited for it would wait to the time limit.
TEST_F(HttpProbingTest, HeadWaitsForNoBody) {
  server_.Answer(FakeAnswer{200, "", {{"X-Length", "long"}}, Lie::kDrip});
  CurlHttpClient http = Client();
  const auto response = http.Send(To("HEAD"));
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->Header("x-length"), "long");
  EXPECT_EQ(response->body, "");
  EXPECT_FALSE(response->body_cut);
}

TEST_F(HttpProbingTest, ACertificateIsReadWithItsEnd) {
  const FakeTlsServer server(kIn2100);
  CurlHttpClient http = Client(server.ca_file());
  for (int i = 0; i < 3; ++i) {  // a session that is resumed would show none
    const auto response = http.Send({"GET", server.url() + "/", {}, ""});
    ASSERT_TRUE(response.ok()) << response.status();
    EXPECT_EQ(response->body, "ok");
    EXPECT_EQ(response->certificate_end_ns, kIn2100);
  }
}

TEST_F(HttpProbingTest, ACertificateThatOutlivesOurTimeEndsWithIt) {
  const FakeTlsServer server(std::numeric_limits<TimeNs>::max());
  const auto response = Client(server.ca_file()).Send({"GET", server.url() + "/", {}, ""});
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_GT(response->certificate_end_ns, TimeNs{9'000'000'000} * kSecondNs);
}

TEST_F(HttpProbingTest, ACertificateThatIsOverIsReadToo) {
  const FakeTlsServer server(kIn2020);
  CurlHttpClient http = Client(server.ca_file());
  EXPECT_TRUE(absl::IsUnavailable(http.Send({"GET", server.url() + "/", {}, ""}).status()));
  EXPECT_EQ(http.no_answer().failure, HttpFailure::kCertificateUntrusted);
  EXPECT_EQ(http.no_answer().certificate_end_ns, kIn2020);
}

TEST_F(HttpProbingTest, NobodysCertificateIsNotTrusted) {
  const FakeTlsServer server(kIn2100);
  const FakeTlsServer other(kIn2100);
  for (const std::string& ca_file : {std::string(), other.ca_file()}) {
    CurlHttpClient http = Client(ca_file);
    EXPECT_FALSE(http.Send({"GET", server.url() + "/", {}, ""}).ok());
    EXPECT_EQ(http.no_answer().failure, HttpFailure::kCertificateUntrusted);
    EXPECT_EQ(http.no_answer().certificate_end_ns, kIn2100);
  }
}

TEST_F(HttpProbingTest, ACertificateOfAnotherNameIsNotTrusted) {
  const FakeTlsServer server(kIn2100);
  CurlHttpClient http = Client(server.ca_file());
  setenv("no_proxy", "127.0.0.1,localhost", 1);
  const std::string port = server.url().substr(server.url().rfind(':'));
  EXPECT_FALSE(http.Send({"GET", "https://localhost" + port + "/", {}, ""}).ok());
  EXPECT_EQ(http.no_answer().failure, HttpFailure::kCertificateUntrusted);
}

TEST_F(HttpProbingTest, FailuresAreNamed) {
  const auto failure_of = [](CurlHttpClient http, const std::string& url) {
    const auto response = http.Send({"GET", url, {}, ""});
    EXPECT_FALSE(response.ok());
    return std::string(NameOf(http.no_answer().failure));
  };
  for (const auto& [lie, name] :
       {std::pair(Lie::kSilent, "timed_out"), std::pair(Lie::kDrip, "timed_out"),
        std::pair(Lie::kHangUp, "connection_cut"), std::pair(Lie::kCut, "connection_cut"),
        std::pair(Lie::kNoHttp, "not_http"), std::pair(Lie::kEndlessHeaders, "answer_too_long")}) {
    server_.Answer(FakeAnswer{200, "what is this\r\n\r\n", {}, lie});
    EXPECT_EQ(failure_of(Client("", 300 * kMillisecondNs), server_.url()), name);
  }
  LoopbackSocket closed(false);
  EXPECT_EQ(failure_of(Client(), "http://127.0.0.1:" + std::to_string(closed.port())), "connection_refused");
  LoopbackSocket plain(true);
  std::thread answering([&plain] {
    const int connection = accept(plain.descriptor(), nullptr, nullptr);
    constexpr std::string_view kNoTls = "HTTP/1.1 400 Bad Request\r\n\r\n";
    EXPECT_EQ(send(connection, kNoTls.data(), kNoTls.size(), MSG_NOSIGNAL), static_cast<ssize_t>(kNoTls.size()));
    char hello[4096];
    while (recv(connection, hello, sizeof(hello), 0) > 0) {  // to its end: with bytes unread it would be a reset
    }
    close(connection);
  });
  EXPECT_EQ(failure_of(Client(), "https://127.0.0.1:" + std::to_string(plain.port())), "tls_failed");
  answering.join();
  EXPECT_EQ(failure_of(Client(), "http://[::1"), "not_sent");
  EXPECT_EQ(failure_of(Client("/nowhere/ca.pem"), "https://127.0.0.1:" + std::to_string(closed.port())),
            "connection_refused")
      << "the file is opened once there is a connection";
  const FakeTlsServer tls(kIn2100);
  EXPECT_EQ(failure_of(Client("/nowhere/ca.pem"), tls.url()), "ca_file_unreadable");
}

TEST_F(HttpProbingTest, ANameOfNobodyIsNotResolved) {
  CurlHttpClient http = Client("", 2 * kSecondNs);
  EXPECT_FALSE(http.Send({"GET", "http://no-such-host.invalid/", {}, ""}).ok());
  EXPECT_EQ(http.no_answer().failure, HttpFailure::kNameNotResolved);
}

TEST_F(HttpProbingTest, ReachConnectsAsksNothingAndLeavesNoConnection) {
  CurlHttpClient http = Client();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(http.Reach(server_.url() + "/secret").ok());
  // The server serves one connection at a time.
  server_.Answer(200, "");
  EXPECT_TRUE(http.Send(To("GET")).ok());
  EXPECT_EQ(server_.TakeLines(), std::vector<std::string>{"GET /"});
  EXPECT_TRUE(http.Reach(server_.url()).ok()) << "after a request, too";
}

TEST_F(HttpProbingTest, ReachSaysWhyThereIsNoConnectionAndNothingOfThePath) {
  CurlHttpClient http = Client();
  const LoopbackSocket closed(false);
  const Status refused = http.Reach("http://127.0.0.1:" + std::to_string(closed.port()) + "/secret");
  EXPECT_TRUE(absl::IsUnavailable(refused));
  EXPECT_EQ(http.no_answer().failure, HttpFailure::kConnectionRefused);
  EXPECT_THAT(std::string(MessageOf(refused)), HasSubstr("http://127.0.0.1: "));
  EXPECT_THAT(std::string(MessageOf(refused)), Not(HasSubstr("secret")));
  EXPECT_TRUE(absl::IsFailedPrecondition(http.Reach("nonsense")));
  EXPECT_EQ(http.no_answer().failure, HttpFailure::kNotSent);
}

TEST_F(HttpProbingTest, ReachGoesThroughTheHandshake) {
  const FakeTlsServer server(kIn2100);
  EXPECT_TRUE(Client(server.ca_file()).Reach(server.url()).ok());
  CurlHttpClient http = Client();
  EXPECT_FALSE(http.Reach(server.url()).ok());
  EXPECT_EQ(http.no_answer().failure, HttpFailure::kCertificateUntrusted);
  const LoopbackSocket silent(true);  // connects, and says nothing
  CurlHttpClient hasty({.connect_timeout = 300 * kMillisecondNs});
  EXPECT_FALSE(hasty.Reach("https://127.0.0.1:" + std::to_string(silent.port())).ok());
  EXPECT_EQ(hasty.no_answer().failure, HttpFailure::kTimedOut);
}

TEST_F(HttpProbingTest, WhatIsKnownIsOfTheNewestExchange) {
  CurlHttpClient http = Client();
  EXPECT_FALSE(http.Send({"GET", "nonsense", {}, ""}).ok());
  EXPECT_EQ(http.no_answer().failure, HttpFailure::kNotSent);
  server_.Answer(FakeAnswer{200, "", {}, Lie::kHangUp});
  EXPECT_FALSE(http.Send(To("GET")).ok());
  EXPECT_EQ(http.no_answer().failure, HttpFailure::kConnectionCut);
  EXPECT_GT(http.no_answer().took_ns, 0);
}

}  // namespace
}  // namespace revertd
