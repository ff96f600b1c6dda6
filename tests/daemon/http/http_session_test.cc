// One conversation in memory: what is wanted when, and what time does to it. The tests move the time.
#include "daemon/http/http_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>

#include "daemon/http/http_server.h"
#include "tests/daemon/http/caller.h"

namespace revertd {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr DurationNs kTick = 100 * kMillisecondNs;

class Session : public testing::Test {
 protected:
  explicit Session(HttpServerLimits limits = {}) : house_(&handler_, &clock_, &NewBeastParser, limits) { Begin(); }

  void Begin() { session_ = std::make_unique<HttpSession>(&house_); }

  // What the session has to say until it wants something else; all of it is taken.
  std::string Take() {
    std::string text;
    while (session_->has_output()) {
      const HttpSession::Output output = session_->TakeOutput();
      text += output.head + output.body;
      session_->OnTaken();
    }
    return text;
  }
  std::string Say(std::string_view bytes) {
    session_->OnBytes(bytes);
    return Take();
  }
  // Tick by tick, until just before `duration` has passed.
  void PassAlmost(DurationNs duration) {
    for (DurationNs passed = kTick; passed < duration; passed += kTick) Tick();
  }
  std::string Tick() {
    house_.now_ns += kTick;
    session_->OnTick();
    return Take();
  }
  uint64_t timeouts() const { return house_.counters.timeouts; }

  ManualClock clock_;
  ScriptedHandler handler_;
  HttpHouse house_;
  std::unique_ptr<HttpSession> session_;
};

TEST_F(Session, AHeadThatDripsEndsAfterItsTimeHoweverItDrips) {
  session_->OnBytes("G");
  DurationNs passed = 0;
  while (!session_->has_output()) {
    ASSERT_LE(passed, house_.limits.header_timeout + 2 * kTick);
    house_.now_ns += kTick;
    passed += kTick;
    session_->OnBytes("E");
    session_->OnTick();
  }
  EXPECT_GE(passed, house_.limits.header_timeout);
  EXPECT_THAT(Take(), AllOf(StartsWith("HTTP/1.1 408 "), HasSubstr("Connection: close")));
  EXPECT_EQ(timeouts(), 1U);
}

TEST_F(Session, AFirstHeadsTimeRunsFromTheConnectionsBegin) {
  PassAlmost(house_.limits.header_timeout);
  session_->OnBytes("GET");
  Tick();
  EXPECT_THAT(Tick(), StartsWith("HTTP/1.1 408 "));
}

TEST_F(Session, ACallerThatSaysNothingIsLeftWithoutAWord) {
  PassAlmost(house_.limits.header_timeout);
  EXPECT_FALSE(session_->is_over());
  Tick();
  EXPECT_EQ(Tick(), "");
  EXPECT_TRUE(session_->is_over());
  EXPECT_EQ(timeouts(), 1U);
}

TEST_F(Session, BetweenRequestsItWaitsLonger) {
  Say(Get("/"));
  PassAlmost(house_.limits.idle_timeout);
  EXPECT_FALSE(session_->is_over());
  EXPECT_THAT(Say("GE"), "");
  PassAlmost(house_.limits.header_timeout);
  EXPECT_THAT(Say(Get("/").substr(2)), StartsWith("HTTP/1.1 200 "));
  PassAlmost(house_.limits.idle_timeout);
  EXPECT_FALSE(session_->is_over());
  Tick();
  Tick();
  EXPECT_TRUE(session_->is_over());
}

TEST_F(Session, EmptyLinesBeginNoRequest) {
  Say(Get("/"));
  PassAlmost(house_.limits.idle_timeout);
  EXPECT_EQ(Say("\r\n\r\n"), "");
  Tick();
  Tick();
  EXPECT_TRUE(session_->is_over());
}

TEST_F(Session, ABodysTimeIsOfTheWhole) {
  Say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
  for (DurationNs passed = kTick; passed < house_.limits.body_timeout; passed += kTick) {
    EXPECT_EQ(Say("x"), "");
    EXPECT_EQ(Tick(), "");
  }
  EXPECT_GT(house_.bodies.bytes(), 0U);
  EXPECT_THAT(Tick() + Tick(), StartsWith("HTTP/1.1 408 "));
  EXPECT_EQ(timeouts(), 1U);
  EXPECT_EQ(house_.bodies.bytes(), 0U);
}

TEST_F(Session, AReplyThatNobodyTakesEndsAfterItsTime) {
  session_->OnBytes(Get("/"));
  const auto output = session_->TakeOutput();
  EXPECT_FALSE(session_->wants_bytes());  // what is sent ahead stays in the kernel
  for (DurationNs passed = 0; passed < house_.limits.write_timeout; passed += kTick) {
    EXPECT_FALSE(session_->is_over());
    house_.now_ns += kTick;
    session_->OnTick();
  }
  house_.now_ns += kTick;
  session_->OnTick();
  EXPECT_TRUE(session_->is_over());
  EXPECT_EQ(timeouts(), 1U);
}

TEST_F(Session, AfterTheLastReplyItLingersForASecondOrAQuarterMegabyte) {
  EXPECT_THAT(Say(Get("/", "Connection: close\r\n")), HasSubstr("Connection: close"));
  EXPECT_TRUE(session_->sends_no_more());
  EXPECT_TRUE(session_->can_be_evicted());
  EXPECT_EQ(Say(std::string(1000, 'x')), "");
  EXPECT_FALSE(session_->is_over());
  PassAlmost(kSecondNs);
  EXPECT_FALSE(session_->is_over());
  Tick();
  Tick();
  EXPECT_TRUE(session_->is_over());
  EXPECT_EQ(timeouts(), 0U);

  Begin();
  Say(Get("/", "Connection: close\r\n"));
  for (int i = 0; i < 300 && !session_->is_over(); ++i) session_->OnBytes(std::string(1024, 'x'));
  EXPECT_TRUE(session_->is_over());
}

TEST_F(Session, ACallerWithHalfAConnectionIsStillAnswered) {
  session_->OnBytes(Get("/one") + Get("/two"));
  session_->OnEnd();
  EXPECT_THAT(Take(), AllOf(HasSubstr("/one"), HasSubstr("/two")));
  EXPECT_TRUE(session_->is_over());
}

TEST_F(Session, WhatEndsInTheMiddleIsToldSo) {
  session_->OnBytes("GET / HTTP/1.1\r\nHo");
  session_->OnEnd();
  EXPECT_THAT(Take(), StartsWith("HTTP/1.1 400 "));
  Begin();
  session_->OnBytes(Post("/", "12345").substr(0, Post("/", "12345").size() - 1));
  session_->OnEnd();
  EXPECT_THAT(Take(), StartsWith("HTTP/1.1 400 "));
  EXPECT_EQ(house_.counters.requests_bad, 2U);
  EXPECT_EQ(handler_.answers, 0);
}

TEST_F(Session, WhatIsNoHttpIsNotWaitedFor) {
  EXPECT_THAT(Say("\x16\x03\x01\x02"), StartsWith("HTTP/1.1 400 "));
  EXPECT_TRUE(session_->sends_no_more());
}

TEST_F(Session, AContinueIsSaidBeforeBytesAreWanted) {
  session_->OnBytes("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  ASSERT_TRUE(session_->has_output());
  EXPECT_EQ(session_->TakeOutput().head, "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_FALSE(session_->wants_bytes());
  session_->OnBytes("ab");  // a read that was under way
  EXPECT_FALSE(session_->has_output());
  session_->OnTaken();
  EXPECT_TRUE(session_->wants_bytes());
  EXPECT_THAT(Say("c"), HasSubstr(R"("body":"abc")"));
}

TEST_F(Session, ABodyThatComesUnaskedNeedsNoContinue) {
  EXPECT_THAT(Say(Post("/x", "abc", "Expect: 100-continue\r\n")), StartsWith("HTTP/1.1 200 "));
}

TEST_F(Session, AWaitIsAnsweredWhenItsTimeIsUpOnTheInjectedClock) {
  int polls = 0;
  handler_.answer = [&](const HttpCall& /*call*/) -> HttpAnswer {
    return HttpWait{.until_ns = clock_.Now() + kMinuteNs, .poll = [&](bool is_last) -> std::optional<HttpReply> {
                      ++polls;
                      if (is_last) return HttpReply{.body = "last"};
                      return std::nullopt;
                    }};
  };
  EXPECT_EQ(Say(Get("/wait")), "");
  EXPECT_EQ(polls, 1);
  for (int i = 0; i < 2000; ++i) EXPECT_EQ(Tick(), "");  // the server's own time alone ends no wait
  clock_.SleepFor(kMinuteNs - 1);
  EXPECT_EQ(Tick(), "");
  clock_.SleepFor(1);
  EXPECT_THAT(Tick(), HasSubstr("\r\n\r\nlast"));
  EXPECT_EQ(house_.parked, 0U);
  EXPECT_THAT(Say(Get("/wait")), "");  // and the connection lives on
}

TEST_F(Session, ACallerWithHalfAConnectionDoesNotWait) {
  handler_.answer = [](const HttpCall& /*call*/) -> HttpAnswer {
    return HttpWait{.until_ns = kHourNs * 2, .poll = [](bool) { return std::nullopt; }};
  };
  Say(Get("/wait"));
  EXPECT_EQ(house_.parked, 1U);
  session_->OnEnd();
  EXPECT_TRUE(session_->is_over());
  EXPECT_EQ(house_.parked, 0U);
}

TEST_F(Session, AWaitKeepsOneHeadOfWhatIsSentAhead) {
  handler_.answer = [](const HttpCall& /*call*/) -> HttpAnswer {
    return HttpWait{.until_ns = kHourNs * 2, .poll = [](bool) { return std::nullopt; }};
  };
  Say(Get("/wait"));
  size_t sent = 0;
  while (session_->wants_bytes() && sent < (1U << 20)) {
    session_->OnBytes(std::string(1024, 'x'));
    sent += 1024;
  }
  EXPECT_EQ(sent, house_.limits.header_bytes_max);
}

TEST_F(Session, AStreamIsAskedOnlyAfterItsLastPieceIsGone) {
  int asked = 0;
  handler_.answer = [&](const HttpCall& /*call*/) -> HttpAnswer {
    return HttpStream{.content_type = "text/event-stream", .next = [&] { return "piece" + std::to_string(asked++); }};
  };
  session_->OnBytes(Get("/stream"));
  const auto first = session_->TakeOutput();
  EXPECT_THAT(first.head, HasSubstr("Transfer-Encoding: chunked"));
  EXPECT_EQ(first.body, "6\r\npiece0\r\n");
  for (int i = 0; i < 100; ++i) {
    house_.now_ns += kTick;
    session_->OnTick();
  }
  EXPECT_EQ(asked, 1);
  session_->OnTaken();
  EXPECT_EQ(Tick(), "6\r\npiece1\r\n");
  EXPECT_EQ(Say("anything"), "");
  session_->OnEnd();
  EXPECT_TRUE(session_->is_over());
}

TEST_F(Session, AStreamsPieceThatNobodyTakesEndsIt) {
  handler_.answer = [](const HttpCall& /*call*/) -> HttpAnswer {
    return HttpStream{.content_type = "text/plain", .next = [] { return std::string("x"); }};
  };
  session_->OnBytes(Get("/stream"));
  session_->TakeOutput();
  for (DurationNs passed = 0; passed <= house_.limits.write_timeout + kTick; passed += kTick) {
    house_.now_ns += kTick;
    session_->OnTick();
  }
  EXPECT_TRUE(session_->is_over());
  EXPECT_EQ(house_.parked, 0U);
  EXPECT_EQ(timeouts(), 1U);
}

TEST_F(Session, AStreamAtRestHasNoDeadlineAndSaysNothingEmpty) {
  handler_.answer = [](const HttpCall& /*call*/) -> HttpAnswer {
    return HttpStream{.content_type = "text/plain", .next = [] { return std::string(); }};
  };
  EXPECT_THAT(Say(Get("/stream")), testing::EndsWith("\r\n\r\n"));
  for (int i = 0; i < 5000; ++i) EXPECT_EQ(Tick(), "");
  EXPECT_FALSE(session_->is_over());
}

TEST_F(Session, AnOlderCallersStreamGoesUntilItIsClosed) {
  handler_.answer = [](const HttpCall& /*call*/) -> HttpAnswer {
    return HttpStream{.content_type = "text/plain", .next = [] { return std::string("piece"); }};
  };
  const std::string text = Say("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_THAT(text, AllOf(testing::Not(HasSubstr("chunked")), testing::EndsWith("\r\n\r\npiece")));
  Begin();
  EXPECT_THAT(Say("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"), testing::EndsWith("close\r\n\r\n"));
  EXPECT_TRUE(session_->sends_no_more());
}

TEST_F(Session, WhoWaitsLongestIsTheFirstToMakeRoom) {
  HttpSession later(&house_);
  EXPECT_LT(session_->eviction_order(), later.eviction_order());
  Say(Get("/"));
  EXPECT_GT(session_->eviction_order(), later.eviction_order());
}

TEST_F(Session, BodiesMakeRoomAfterHeadsTheLongestSilentFirst) {
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n";
  HttpSession other(&house_);
  Say(head);
  other.OnBytes(head);
  EXPECT_TRUE(session_->can_be_evicted());
  EXPECT_LT(session_->eviction_order(), other.eviction_order());
  Say("x");
  EXPECT_GT(session_->eviction_order(), other.eviction_order());
  const HttpSession newcomer(&house_);
  EXPECT_LT(newcomer.eviction_order(), other.eviction_order());
}

TEST_F(Session, WhoIsAnsweredMakesNoRoom) {
  session_->OnBytes(Post("/", "body"));
  EXPECT_TRUE(session_->has_output());
  EXPECT_FALSE(session_->can_be_evicted());
}

// A room that a session's body fills, and what a session says to it.
class FullRoom : public Session {
 protected:
  FullRoom() {
    handler_.admit = [](const HttpCall& /*head*/) -> std::variant<size_t, HttpReply> { return size_t{1} << 40; };
  }

  void ExpectRefusal(const std::string& head, const std::string& piece) {
    std::string refused = Say(head);
    for (int i = 0; i < 200 && refused.empty(); ++i) {
      refused = Say(piece);
      EXPECT_LE(house_.bodies.bytes(), house_.limits.bodies_bytes_max);
    }
    EXPECT_THAT(refused, AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("too_many_bodies"), HasSubstr("Retry-After: 1")));
    EXPECT_EQ(house_.bodies.bytes(), 0U);
    EXPECT_EQ(house_.counters.bodies_no_room, 1U);
  }
};

TEST_F(FullRoom, ChunksAreCountedAsTheyCome) {
  ExpectRefusal("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
                ChunkText(std::string(size_t{1} << 20, 'x')));
}

TEST_F(FullRoom, ABodyOfKnownLengthIsCountedAsItComes) {
  ExpectRefusal("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n", std::string(size_t{1} << 20, 'x'));
}

TEST_F(FullRoom, ABodyHoldsWhatCameAtMostTwiceAndNeverMoreThanItsLength) {
  constexpr size_t kPiece = 8 * 1024;
  constexpr size_t kLength = 100 * kPiece;
  size_t held_at_last = 0;
  handler_.answer = [&](const HttpCall& /*call*/) -> HttpAnswer {
    held_at_last = house_.bodies.bytes();
    return HttpReply{};
  };
  Say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(kLength) + "\r\n\r\n");
  EXPECT_LT(house_.bodies.bytes(), 100U);
  Say("x");
  EXPECT_LT(house_.bodies.bytes(), 100U);
  for (size_t sent = 1 + kPiece; sent < kLength; sent += kPiece) {
    EXPECT_EQ(Say(std::string(kPiece, 'x')), "");
    EXPECT_GE(house_.bodies.bytes(), sent);
    EXPECT_LE(house_.bodies.bytes(), std::min(2 * sent, kLength));
  }
  EXPECT_THAT(Say(std::string(kPiece - 1, 'x')), StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(held_at_last, kLength);
  EXPECT_EQ(house_.bodies.bytes(), 0U);
}

TEST_F(Session, AChunksLineHasALimit) {
  Say("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  std::string refused = Say("1;");
  for (int i = 0; i < 100 && refused.empty(); ++i) refused = Say(std::string(1024, 'x'));
  EXPECT_THAT(refused, StartsWith("HTTP/1.1 400 "));
}

}  // namespace
}  // namespace revertd
