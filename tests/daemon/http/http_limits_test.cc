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
  std::vector<Caller> slow;
  for (int i = 0; i < 300; ++i) {
    slow.push_back(server.Connect());
    ASSERT_TRUE(slow.back().is_connected());
    slow.back().Send("GET / HTTP/1.1\r\nHos");
    if (i % 50 != 49) continue;
    Caller normal = server.Connect();
    normal.Send(Get("/normal", "Connection: close\r\n"));
    EXPECT_EQ(normal.Read().value_or(ReadReply{}).status, 200);
  }
  EXPECT_TRUE(Soon([&] { return server.counters().connections == 306U; }));
  EXPECT_LE(server.counters().connections_now, 16U);
  EXPECT_GE(server.counters().connections_evicted, 306U - 16U - 6U);
  EXPECT_EQ(server.counters().connections_refused, 0U);
  EXPECT_TRUE(slow.front().IsEnded());
}

TEST(HttpLimits, WhereAllAreBusyTheNewOneIsToldSo) {
  ScriptedHandler handler;
  RunningServer server(&handler, {.connections_max = 4, .poll_every = kTick});
  std::vector<Caller> busy;
  for (int i = 0; i < 4; ++i) {
    busy.push_back(server.Connect());
    busy.back().Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    ASSERT_EQ(busy.back().Read(false).value_or(ReadReply{}).status, 100);
  }
  Caller turned_away = server.Connect();
  const auto reply = turned_away.Read();
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->status, 503);
  EXPECT_THAT(reply->head, AllOf(HasSubstr("Retry-After: 1"), HasSubstr("Connection: close")));
  EXPECT_THAT(reply->body, HasSubstr("too_many_connections"));
  EXPECT_TRUE(turned_away.IsEnded());
  EXPECT_EQ(server.counters().connections_refused, 1U);
  for (Caller& caller : busy) {
    caller.Send("body");
    EXPECT_EQ(caller.Read().value_or(ReadReply{}).status, 200);
  }
}

TEST(HttpLimits, TimeEndsAHeadABodyAndAnIdleConnection) {
  ScriptedHandler handler;
  RunningServer server(&handler, {.header_timeout = 50 * kMillisecondNs,
                                  .body_timeout = 50 * kMillisecondNs,
                                  .idle_timeout = 50 * kMillisecondNs,
                                  .poll_every = kTick});
  Caller head = server.Connect();
  head.Send("GET / HT");
  EXPECT_THAT(head.ReadToEnd().value_or(""), HasSubstr(" 408 "));
  Caller body = server.Connect();
  body.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
  EXPECT_THAT(body.ReadToEnd().value_or(""), HasSubstr(" 408 "));
  Caller idle = server.Connect();
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
  Caller caller = server.Connect();
  caller.Send(Get("/"));
  EXPECT_TRUE(Soon([&] { return server.counters().timeouts == 1U; }));
  EXPECT_TRUE(Soon([&] { return server.counters().connections_now == 0U; }));
}

TEST(HttpLimits, BodiesOfAllCallersHaveOneRoom) {
  ScriptedHandler handler;
  handler.admit = [](const HttpCall& /*head*/) -> std::variant<size_t, HttpReply> { return size_t{1} << 20; };
  RunningServer server(&handler, {.bodies_bytes_max = size_t{4} << 20, .poll_every = kTick});
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1048576\r\nExpect: 100-continue\r\n\r\n";
  std::vector<Caller> callers;
  int admitted = 0;
  int refused = 0;
  for (int i = 0; i < 20; ++i) {
    callers.push_back(server.Connect());
    callers.back().Send(head);
    const auto reply = callers.back().Read(false).value_or(ReadReply{});
    if (reply.status == 100) ++admitted;
    if (reply.status == 503 && reply.head.find("Retry-After: 1\r\n") != std::string::npos) ++refused;
  }
  EXPECT_EQ(admitted, 4);
  EXPECT_EQ(refused, 16);
  EXPECT_EQ(server.counters().bodies_no_room, 16U);
  // One that is through, and one that gave up, make room for two.
  callers[0].Send(std::string(size_t{1} << 20, 'x'));
  EXPECT_EQ(callers[0].Read().value_or(ReadReply{}).status, 200);
  callers[1].Close();
  EXPECT_TRUE(Soon([&] {
    Caller next = server.Connect();
    next.Send(head);
    if (next.Read(false).value_or(ReadReply{}).status != 100) return false;
    callers.push_back(std::move(next));
    return true;
  }));
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
  Caller caller = server.Connect();  // with the last one
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
