// Answers that take their time, over real sockets: long polls, streams, and the server's end in the middle of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "daemon/http/http_server.h"
#include "tests/daemon/http/caller.h"

namespace revertd {
namespace {

using testing::HasSubstr;

constexpr DurationNs kTick = 5 * kMillisecondNs;

class Waiting : public testing::Test {
 protected:
  explicit Waiting(size_t connections_max = 256)
      : server_(&handler_, {.connections_max = connections_max, .poll_every = kTick}) {}

  // What /wait answers once happened_ is set, /stream sends for ever, /body is read and thrown away.
  HttpAnswer Answer(const HttpCall& call) {
    if (call.path == "/wait") {
      // Shares the token, so that the test sees whether the server still holds the poll.
      return HttpWait{.until_ns = server_.clock.Now() + kMinuteNs,
                      .poll = [this, held = token_](bool is_last) -> std::optional<HttpReply> {
                        ++polls_;
                        if (happened_) return HttpReply{.body = "event"};
                        if (is_last) return HttpReply{.body = "nothing"};
                        return std::nullopt;
                      }};
    }
    if (call.path == "/stream") {
      return HttpStream{.content_type = "text/event-stream", .next = [this, held = token_] {
                          ++pieces_;
                          return std::string(piece_bytes_, 's');
                        }};
    }
    return ScriptedHandler::Echo(call);
  }
  SocketCaller Asking(std::string_view path) {
    SocketCaller caller = server_.Connect();
    caller.Send(Get(path));
    return caller;
  }
  bool IsParked(long count) {
    return Soon([&] { return token_.use_count() == count + 1; });
  }

  std::shared_ptr<int> token_ = std::make_shared<int>(0);
  std::atomic<bool> happened_{false};
  std::atomic<int> polls_{0};
  std::atomic<int> pieces_{0};
  std::atomic<size_t> piece_bytes_{3};
  ScriptedHandler handler_;
  RunningServer server_;

  void SetUp() override {
    handler_.answer = [this](const HttpCall& call) { return Answer(call); };
  }
  void TearDown() override { server_.Stop(); }  // before what its handler looks at goes
};

TEST_F(Waiting, IsAnsweredWhenItHappens) {
  SocketCaller caller = Asking("/wait");
  ASSERT_TRUE(Soon([this] { return polls_ >= 3; }));
  happened_ = true;
  EXPECT_EQ(caller.Read().value_or(ReadReply{}).body, "event");
  caller.Send(Get("/next"));
  EXPECT_EQ(caller.Read().value_or(ReadReply{}).status, 200);
  EXPECT_TRUE(IsParked(0));
}

TEST_F(Waiting, IsAnsweredAtItsLimit) {
  SocketCaller caller = Asking("/wait");
  ASSERT_TRUE(Soon([this] { return polls_ >= 3; }));
  server_.clock.SleepFor(kMinuteNs);
  EXPECT_EQ(caller.Read().value_or(ReadReply{}).body, "nothing");
}

TEST_F(Waiting, WhatIsSentMeanwhileIsAnsweredAfterIt) {
  SocketCaller caller = Asking("/wait");
  ASSERT_TRUE(IsParked(1));
  caller.Send(Get("/second") + Get("/third"));
  happened_ = true;
  EXPECT_EQ(caller.Read().value_or(ReadReply{}).body, "event");
  EXPECT_THAT(caller.Read().value_or(ReadReply{}).body, HasSubstr("/second"));
  EXPECT_THAT(caller.Read().value_or(ReadReply{}).body, HasSubstr("/third"));
}

TEST_F(Waiting, ACallerThatHangsUpIsAskedForNoMore) {
  std::vector<SocketCaller> callers;
  for (int i = 0; i < 10; ++i) callers.push_back(Asking("/wait"));
  ASSERT_TRUE(IsParked(10));
  callers.clear();
  EXPECT_TRUE(IsParked(0));
  EXPECT_TRUE(Soon([this] { return server_.counters().connections_now == 0; }));
  const int polls = polls_;
  SocketCaller another = Asking("/other");
  EXPECT_EQ(another.Read().value_or(ReadReply{}).status, 200);
  EXPECT_EQ(polls_, polls);
}

TEST_F(Waiting, AStreamSendsPieceAfterPiece) {
  SocketCaller caller = Asking("/stream");
  const auto head = caller.Read(false);
  ASSERT_TRUE(head.has_value());
  EXPECT_THAT(head->head, AllOf(HasSubstr("Transfer-Encoding: chunked"), HasSubstr("Content-Type: text/event-stream")));
  EXPECT_THAT(caller.ReadAtLeast(24), testing::StartsWith("3\r\nsss\r\n3\r\nsss\r\n3\r\nsss\r\n"));
}

TEST_F(Waiting, ASlowReaderOfAStreamHoldsItBack) {
  piece_bytes_ = size_t{4} << 20;  // more than the kernel takes of one connection
  SocketCaller slow = Asking("/stream");
  SocketCaller other = Asking("/wait");
  ASSERT_TRUE(Soon([this] { return pieces_ >= 1; }));
  // Many ticks later it has not been asked for much more.
  const int polls = polls_;
  ASSERT_TRUE(Soon([&] { return polls_ >= polls + 50; }));
  EXPECT_LE(pieces_, 3);
  const int held_back_at = pieces_;
  EXPECT_GT(slow.ReadAtLeast(size_t{16} << 20).size(), size_t{15} << 20);
  EXPECT_GT(pieces_, held_back_at);
}

TEST_F(Waiting, AStreamEndsWhenItsReaderIsGone) {
  piece_bytes_ = 0;  // and nothing is ever sent to it
  SocketCaller caller = Asking("/stream");
  ASSERT_TRUE(IsParked(1));
  caller.Close();
  EXPECT_TRUE(IsParked(0));
}

class FewWaiting : public Waiting {
 protected:
  FewWaiting() : Waiting(8) {}
};

TEST_F(FewWaiting, WaitsAndStreamsHoldHalfOfTheConnections) {
  std::vector<SocketCaller> parked;
  for (const char* path : {"/wait", "/stream", "/wait", "/stream"}) parked.push_back(Asking(path));
  ASSERT_TRUE(IsParked(4));
  for (const char* path : {"/wait", "/stream"}) {
    const auto reply = Asking(path).Read().value_or(ReadReply{});
    EXPECT_EQ(reply.status, 503);
    EXPECT_THAT(reply.body, HasSubstr("too_many_waiting"));
  }
  EXPECT_EQ(Asking("/other").Read().value_or(ReadReply{}).status, 200);
  EXPECT_EQ(server_.counters().waits_no_room, 2U);
  happened_ = true;  // what has happened needs no waiting
  EXPECT_EQ(parked[0].Read().value_or(ReadReply{}).body, "event");
  EXPECT_EQ(Asking("/wait").Read().value_or(ReadReply{}).body, "event");
}

TEST_F(Waiting, StopEndsThemAll) {
  piece_bytes_ = size_t{4} << 20;
  std::vector<SocketCaller> callers;
  for (const char* path : {"/wait", "/stream", "/wait", "/stream"}) callers.push_back(Asking(path));
  callers.push_back(server_.Connect());
  callers.back().Send("GET / HT");
  callers.push_back(server_.Connect());
  callers.back().Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
  callers.push_back(server_.Connect());
  ASSERT_TRUE(IsParked(4));
  ASSERT_TRUE(Soon([this] { return server_.counters().connections_now == 7; }));
  const auto begin = std::chrono::steady_clock::now();
  server_.Stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  EXPECT_EQ(server_.counters().connections_now, 0U);
  EXPECT_EQ(token_.use_count(), 1);
  for (SocketCaller& caller : callers) EXPECT_TRUE(caller.IsEnded());
}

TEST(Stopping, WorksBeforeRunAndTwiceAndNotAtAll) {
  ScriptedHandler handler;
  ManualClock clock;
  const auto listen = [&] {
    return std::move(*HttpServer::Listen(*ParseListenAddress("tcp:127.0.0.1:0"), 0600, &handler, &clock));
  };
  { const auto never_run = listen(); }
  const auto server = listen();
  server->Stop();
  server->Stop();
  server->Run();
  EXPECT_EQ(server->counters().connections, 0U);
}

TEST(Stopping, ManyTimesWhileCallersCome) {
  ScriptedHandler handler;
  for (int i = 0; i < 50; ++i) {
    RunningServer server(&handler, {.poll_every = kMillisecondNs});
    SocketCaller one = server.Connect();
    SocketCaller two = server.Connect();
    one.Send(Get("/"));
    two.Send(Post("/", "x") + "GET");
    if (i % 2 == 0) server.Stop();
  }
}

}  // namespace
}  // namespace revertd
