// Callers that want more than their share, over real sockets with small limits.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <vector>

#include "daemon/http/http_server.h"
#include "tests/daemon/http/caller.h"

namespace revertd {
namespace {

using testing::HasSubstr;

constexpr DurationNs kTick = 10 * kMillisecondNs;

TEST(HttpLimits, SlowCallersMakeRoomForOneThatAsks) {
  ScriptedHandler handler;
  RunningServer server(&handler, {.connections_max = 16, .poll_every = kTick});
  std::vector<SocketCaller> slow;
  for (int i = 0; i < 300; ++i) {
    slow.push_back(server.Connect());
    ASSERT_TRUE(slow.back().is_connected());
    slow.back().Send("GET / HTTP/1.1\r\nHos");
    if (i % 50 != 49) continue;
    SocketCaller normal = server.Connect();
    normal.Send(Get("/normal", "Connection: close\r\n"));
    EXPECT_EQ(normal.Read().value_or(ReadReply{}).status, 200);
  }
  EXPECT_TRUE(Soon([&] { return server.counters().connections == 306U; }));
  EXPECT_LE(server.counters().connections_now, 16U);
  EXPECT_GE(server.counters().connections_evicted, 306U - 16U - 6U);
  EXPECT_EQ(server.counters().connections_refused, 0U);
  EXPECT_TRUE(slow.front().IsEnded());
}

// A head whose body waits to be asked for, so that a test knows when the server waits for it.
std::string Announcement(size_t bytes) {
  return "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(bytes) + "\r\nExpect: 100-continue\r\n\r\n";
}

TEST(HttpLimits, SilentBodiesMakeRoomForOneThatAsks) {
  ScriptedHandler handler;
  RunningServer server(&handler, {.connections_max = 8, .poll_every = kTick});
  std::vector<SocketCaller> silent;
  for (int i = 0; i < 8; ++i) {
    silent.push_back(server.Connect());
    silent.back().Send(Announcement(4));
    ASSERT_EQ(silent.back().Read(false).value_or(ReadReply{}).status, 100);
  }
  for (int i = 0; i < 20; ++i) {
    SocketCaller normal = server.Connect();
    normal.Send(Get("/normal"));
    EXPECT_EQ(normal.Read().value_or(ReadReply{}).status, 200);
  }
  EXPECT_EQ(server.counters().connections_refused, 0U);
  EXPECT_TRUE(silent.front().IsEnded());
  // The last one was silent for the shortest time, and lives: callers that ask make room for each other.
  silent.back().Send("body");
  EXPECT_EQ(silent.back().Read().value_or(ReadReply{}).status, 200);
}

TEST(HttpLimits, WhereAllAreBusyTheNewOneIsToldSo) {
  constexpr size_t kMoreThanTheKernelTakes = size_t{32} << 20;
  ScriptedHandler handler;
  handler.answer = [](const HttpCall& /*call*/) -> HttpAnswer {
    return HttpReply{.body = std::string(kMoreThanTheKernelTakes, 'x')};
  };
  RunningServer server(&handler, {.connections_max = 4, .poll_every = kTick});
  std::vector<SocketCaller> busy;
  for (int i = 0; i < 4; ++i) {
    busy.push_back(server.Connect());
    busy.back().Send(Get("/"));
  }
  ASSERT_TRUE(Soon([&] { return handler.answers == 4; }));
  SocketCaller turned_away = server.Connect();
  const auto reply = turned_away.Read();
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->status, 503);
  EXPECT_THAT(reply->head, AllOf(HasSubstr("Retry-After: 1"), HasSubstr("Connection: close")));
  EXPECT_THAT(reply->body, HasSubstr("too_many_connections"));
  EXPECT_TRUE(turned_away.IsEnded());
  EXPECT_EQ(server.counters().connections_refused, 1U);
  for (SocketCaller& caller : busy) {
    const auto late = caller.Read().value_or(ReadReply{});
    EXPECT_EQ(late.status, 200);
    EXPECT_EQ(late.body.size(), kMoreThanTheKernelTakes);
  }
}

TEST(HttpLimits, TimeEndsAHeadABodyAndAnIdleConnection) {
  ScriptedHandler handler;
  RunningServer server(&handler, {.header_timeout = 50 * kMillisecondNs,
                                  .body_timeout = 50 * kMillisecondNs,
                                  .idle_timeout = 50 * kMillisecondNs,
                                  .poll_every = kTick});
  SocketCaller head = server.Connect();
  head.Send("GET / HT");
  EXPECT_THAT(head.ReadToEnd().value_or(""), HasSubstr(" 408 "));
  SocketCaller body = server.Connect();
  body.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
  EXPECT_THAT(body.ReadToEnd().value_or(""), HasSubstr(" 408 "));
  SocketCaller idle = server.Connect();
  idle.Send(Get("/"));
  EXPECT_EQ(idle.Read().value_or(ReadReply{}).status, 200);
  EXPECT_EQ(idle.ReadToEnd().value_or("still open"), "");
  EXPECT_EQ(server.counters().timeouts, 3U);
}

TEST(HttpLimits, AReplyThatIsNotReadEnds) {
  ScriptedHandler handler;
  handler.answer = [](const HttpCall& /*call*/) -> HttpAnswer {
    return HttpReply{.body = std::string(size_t{64} << 20, 'x')};
  };
  RunningServer server(&handler, {.write_timeout = 50 * kMillisecondNs, .poll_every = kTick});
  SocketCaller caller = server.Connect();
  caller.Send(Get("/"));
  EXPECT_TRUE(Soon([&] { return server.counters().timeouts == 1U; }));
  EXPECT_TRUE(Soon([&] { return server.counters().connections_now == 0U; }));
}

// Callers with bodies of a megabyte each, of which the server has room for four.
class HttpBodies : public testing::Test {
 protected:
  static constexpr size_t kBodyBytes = size_t{1} << 20;
  static constexpr int kCallers = 20;

  HttpBodies() {
    handler_.admit = [](const HttpCall& /*head*/) -> std::variant<size_t, HttpReply> { return kBodyBytes; };
    handler_.answer = [](const HttpCall& /*call*/) -> HttpAnswer { return HttpReply{}; };
  }

  // All are admitted, however many: what is announced holds nothing.
  void Announce() {
    for (int i = 0; i < kCallers; ++i) {
      callers_.push_back(server_.Connect());
      callers_.back().Send(Announcement(kBodyBytes));
      EXPECT_EQ(callers_.back().Read(false).value_or(ReadReply{}).status, 100);
    }
  }
  int StatusOfABody() {
    SocketCaller caller = server_.Connect();
    caller.Send(Post("/", std::string(kBodyBytes, 'x')));
    return caller.Read().value_or(ReadReply{}).status;
  }

  ScriptedHandler handler_;
  RunningServer server_{&handler_, {.bodies_bytes_max = 4 * kBodyBytes, .poll_every = kTick}};
  std::vector<SocketCaller> callers_;
};

TEST_F(HttpBodies, SilentAnnouncersKeepNobodyOut) {
  Announce();
  EXPECT_EQ(StatusOfABody(), 200);
  for (SocketCaller& caller : callers_) caller.Send("x");
  EXPECT_EQ(StatusOfABody(), 200);
  EXPECT_EQ(server_.counters().bodies_no_room, 0U);
}

TEST_F(HttpBodies, ThatComeHaveOneRoom) {
  Announce();
  // Whoever is not refused holds its whole body in the end, so four are left, in whatever order the bytes came. Those
  // that are refused may find the connection closed while they send.
  for (SocketCaller& caller : callers_) caller.Send(std::string(kBodyBytes - 1, 'x'));
  ASSERT_TRUE(Soon([&] { return server_.counters().bodies_no_room >= kCallers - 4U; }));
  EXPECT_EQ(handler_.answers, 0);
  int taken = 0;
  for (SocketCaller& caller : callers_) {
    caller.Send("x");
    if (caller.Read().value_or(ReadReply{}).status == 200) ++taken;
  }
  EXPECT_EQ(taken, 4);
  EXPECT_EQ(server_.counters().bodies_no_room, kCallers - 4U);
  EXPECT_EQ(StatusOfABody(), 200);
}

TEST_F(HttpBodies, ThatAreGivenUpMakeRoom) {
  Announce();
  for (SocketCaller& caller : callers_) caller.Send(std::string(kBodyBytes - 1, 'x'));
  ASSERT_TRUE(Soon([&] { return server_.counters().bodies_no_room >= kCallers - 4U; }));
  callers_.clear();
  EXPECT_TRUE(Soon([&] { return StatusOfABody() == 200; }));
}

// What a process may open, lowered to what it has open and `spare` more.
class NoMoreFiles {
 public:
  explicit NoMoreFiles(unsigned spare = 0) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const int next = ::dup(STDERR_FILENO);
    ::close(next);
    rlimit now = before_;
    now.rlim_cur = static_cast<rlim_t>(next) + spare;
    ::setrlimit(RLIMIT_NOFILE, &now);
  }
  ~NoMoreFiles() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  NoMoreFiles(const NoMoreFiles&) = delete;
  NoMoreFiles& operator=(const NoMoreFiles&) = delete;

 private:
  rlimit before_{};
};

TEST(HttpLimits, WithoutFilesItAsksNowAndThenInsteadOfSpinning) {
  ScriptedHandler handler;
  RunningServer server(&handler, {.poll_every = kTick});
  auto no_more = std::make_optional<NoMoreFiles>(1);
  const auto begin = std::chrono::steady_clock::now();
  SocketCaller caller = server.Connect();  // with the last one
  ASSERT_TRUE(caller.is_connected());
  caller.Send(Get("/"));
  ASSERT_TRUE(Soon([&] { return server.counters().accept_errors >= 5U; }));
  const uint64_t errors = server.counters().accept_errors;
  const std::chrono::nanoseconds passed = std::chrono::steady_clock::now() - begin;
  EXPECT_LE(errors, static_cast<uint64_t>(passed.count() / kTick) + 2);
  no_more.reset();
  EXPECT_EQ(caller.Read().value_or(ReadReply{}).status, 200);
}

TEST(HttpLimits, AServerNeedsFilesToBegin) {
  ScriptedHandler handler;
  ManualClock clock;
  const NoMoreFiles none;
  const auto server = HttpServer::Listen(*ParseListenAddress("tcp:127.0.0.1:0"), 0600, &handler, &clock);
  EXPECT_EQ(server.status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace revertd
