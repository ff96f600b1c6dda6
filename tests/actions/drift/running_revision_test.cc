// What a service says that it runs, asked of a server and of a program.
#include "actions/running_revision.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>

#include "tests/actions/fake_http_server.h"
#include "tests/actions/sandbox.h"

namespace revertd {
namespace {

using ::testing::HasSubstr;

constexpr char kSha[] = "3f2a91c0aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

class RunningRevisionTest : public ::testing::Test {
 protected:
  RunningRevisionTest() {
    setenv("no_proxy", "127.0.0.1", 1);
    service_.name = "checkout";
    service_.running.url = server_.url() + "/version";
  }
  StatusOr<std::string> Ask() { return RunningRevision(&http_, {"PATH=/usr/bin:/bin"}).Ask(service_); }
  StatusOr<std::string> AskOf(const std::string& body) {
    server_.Answer(200, body);
    return Ask();
  }

  FakeHttpServer server_;
  CurlHttpClient http_{HttpLimits{.response_bytes_max = 4096}, HttpOptions{.cuts_long_bodies = true}};
  ServiceConfig service_;
};

TEST_F(RunningRevisionTest, TheWholeAnswerTrimmed) {
  EXPECT_EQ(*AskOf(std::string("  ") + kSha + "\r\n"), kSha);
  EXPECT_EQ(*AskOf("v1.4.2"), "v1.4.2");
}

TEST_F(RunningRevisionTest, AValueOfItsJson) {
  service_.running.json = "/build/0/sha";
  EXPECT_EQ(*AskOf(R"({"build":[{"sha":"3f2a91c"}]})"), "3f2a91c");
  EXPECT_EQ(*AskOf(R"({"build":[{"sha":1234567}]})"), "1234567");
  for (const char* body : {R"({"build":[]})", R"({"build":[{"sha":{}}]})", R"({"build":[{"sha":""}]})", "<html>", ""}) {
    EXPECT_TRUE(absl::IsFailedPrecondition(AskOf(body).status())) << body;
  }
}

TEST_F(RunningRevisionTest, AHeader) {
  service_.running.header = "x-revision";
  server_.Answer(FakeAnswer{204, "", {{"X-Revision", " 3f2a91c "}}});
  EXPECT_EQ(*Ask(), "3f2a91c");
  const auto none = AskOf("3f2a91c");
  EXPECT_TRUE(absl::IsFailedPrecondition(none.status()));
  EXPECT_EQ(MessageOf(none.status()), "asking checkout what it runs: the answer has no header x-revision");
}

TEST_F(RunningRevisionTest, WhatIsNoRevisionIsNotTaken) {
  for (const std::string& body : {std::string(" \n"), std::string(257, 'a'), std::string("3f2a91c\nb"),
                                  std::string("3f2a\x1b[31m"), std::string(5000, 'a')}) {
    EXPECT_TRUE(absl::IsFailedPrecondition(AskOf(body).status())) << body;
  }
  EXPECT_EQ(AskOf(std::string(256, 'a'))->size(), 256U);
}

TEST_F(RunningRevisionTest, NoAnswerIsUnavailable) {
  for (const int status : {301, 404, 503}) {
    server_.Answer(status, kSha);
    const auto answer = Ask();
    EXPECT_TRUE(absl::IsUnavailable(answer.status()));
    EXPECT_THAT(std::string(MessageOf(answer.status())), HasSubstr(std::to_string(status)));
  }
  server_.Answer(FakeAnswer{200, "", {}, FakeAnswer::Lie::kHangUp});
  EXPECT_TRUE(absl::IsUnavailable(Ask().status()));
}

TEST_F(RunningRevisionTest, ACommandPrintsIt) {
  service_.running = {};
  service_.running.command.argv = {"echo", "{service}-7"};
  EXPECT_EQ(*Ask(), "checkout-7");
  for (const std::vector<std::string>& fails :
       {std::vector<std::string>{"false"}, std::vector<std::string>{"/nowhere/at/all"}}) {
    service_.running.command.argv = fails;
    EXPECT_TRUE(absl::IsUnavailable(Ask().status())) << fails[0];
  }
  service_.running.command.argv = {"true"};
  EXPECT_TRUE(absl::IsFailedPrecondition(Ask().status())) << "it says nothing";
}

TEST_F(RunningRevisionTest, AStopEndsItsCommand) {
  service_.running = {};
  service_.running.command.argv = {"sleep", "1000"};
  const std::atomic<bool> stop{true};
  EXPECT_TRUE(absl::IsUnavailable(RunningRevision(&http_, {"PATH=/usr/bin:/bin"}, &stop).Ask(service_).status()));
}

TEST(SameRevision, AnAbbreviationIsTheSame) {
  EXPECT_TRUE(IsSameRevision(kSha, kSha));
  EXPECT_TRUE(IsSameRevision("3f2a91c", kSha));
  EXPECT_TRUE(IsSameRevision(kSha, "3F2A91C0"));
  EXPECT_TRUE(IsSameRevision("v1.4.2", "v1.4.2"));
  EXPECT_FALSE(IsSameRevision("3f2a91", kSha)) << "six digits are too few";
  EXPECT_FALSE(IsSameRevision("3f2a91d", kSha));
  EXPECT_FALSE(IsSameRevision("v1.4", "v1.4.2"));
  EXPECT_FALSE(IsSameRevision("", ""));
  EXPECT_FALSE(IsSameRevision("", kSha));
}

}  // namespace
}  // namespace revertd
