// Both event loops under the same tests: what one can do the other can.
#include "ingest/event_loop.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/ingest/sockets.h"

namespace revertd {
namespace {

constexpr DurationNs kAtOnce = kMillisecondNs;
constexpr DurationNs kLong = 30 * kSecondNs;  // never waited for: what is awaited is there

class EventLoopTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    std::string reason;
    loop_ = OpenEventLoop(GetParam(), &reason);
    if (GetParam() && loop_->name() != "io_uring") GTEST_SKIP() << "NOT TESTED: " << reason;
    EXPECT_EQ(reason.empty(), loop_->name() == "io_uring");
  }
  // Runs until `done`, which must come true by what already happened.
  template <typename Condition>
  void RunUntil(Condition done) {
    for (int rounds = 0; !done() && rounds < 10'000; ++rounds) ASSERT_TRUE(loop_->RunOnce(kLong).ok());
    ASSERT_TRUE(done());
  }
  // Lets the loop take whatever is there.
  void Settle() {
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(loop_->RunOnce(kAtOnce).ok());
  }

  std::unique_ptr<EventLoop> loop_;
};

INSTANTIATE_TEST_SUITE_P(BothLoops, EventLoopTest, testing::Bool(),
                         [](const auto& about) { return about.param ? "Uring" : "Poll"; });

TEST_P(EventLoopTest, WhatIsLeftUnreadIsToldAgain) {
  DescriptorPair pair = SocketPair(SOCK_STREAM);
  std::string read;
  loop_->WatchReadable(pair.here.get(), [&](const EventLoop::Event&) {
    char one;
    ASSERT_EQ(::read(pair.here.get(), &one, 1), 1);
    read += one;
  });
  Send(pair.there, "hello");
  RunUntil([&] { return read == "hello"; });
}

TEST_P(EventLoopTest, ADescriptorThatRestsIsSilentWhileOthersSpeak) {
  DescriptorPair resting = SocketPair(SOCK_STREAM);
  DescriptorPair other = SocketPair(SOCK_STREAM);
  std::string read;
  EventLoop::Id id = 0;
  DurationNs rest = 30 * kSecondNs;
  id = loop_->WatchReadable(resting.here.get(), [&](const EventLoop::Event&) {
    char one;
    ASSERT_EQ(::read(resting.here.get(), &one, 1), 1);
    read += one;
    loop_->Rest(id, rest);
  });
  std::string heard;
  loop_->ReceiveStream(other.here.get(), [&](const EventLoop::Event& event) { heard += event.bytes; });
  Send(resting.there, "hello");
  RunUntil([&] { return !read.empty(); });
  Send(other.there, "others");
  RunUntil([&] { return heard == "others"; });
  Settle();
  EXPECT_EQ(read, "h");
  // Resting or not, it can be removed, and its number is free.
  loop_->Remove(id);
  rest = kMillisecondNs;
  id = loop_->WatchReadable(resting.here.get(), [&](const EventLoop::Event&) {
    char one;
    ASSERT_EQ(::read(resting.here.get(), &one, 1), 1);
    read += one;
    loop_->Rest(id, rest);
  });
  RunUntil([&] { return read == "hello"; });
}

TEST_P(EventLoopTest, ARestThatIsOverLeavesNothingBehind) {
  DescriptorPair pair = SocketPair(SOCK_DGRAM);
  int called = 0;
  EventLoop::Id id = 0;
  id = loop_->WatchReadable(pair.here.get(), [&](const EventLoop::Event&) {
    char bytes[16];
    ASSERT_GT(::read(pair.here.get(), bytes, sizeof(bytes)), 0);
    ++called;
    loop_->Rest(id, 10 * kMicrosecondNs);
  });
  for (int i = 1; i <= 200; ++i) {
    Send(pair.there, "again");
    RunUntil([&] { return called == i; });
  }
  Settle();
  EXPECT_EQ(called, 200);
}

// Of SOCK_SEQPACKET each message is a piece of its own, so that many small ones take many buffers.
TEST_P(EventLoopTest, MorePiecesThanBuffersAreAllReceived) {
  DescriptorPair pair = SocketPair(SOCK_SEQPACKET);
  int got = 0;
  loop_->ReceiveStream(pair.here.get(), [&](const EventLoop::Event& event) { got += event.bytes == "x"; });
  Settle();
  constexpr int kSent = 200;  // the default receive buffer holds them, the loop's own buffers do not
  for (int i = 0; i < kSent; ++i) Send(pair.there, "x");
  RunUntil([&] { return got == kSent; });
}

TEST_P(EventLoopTest, AcceptsConnectionsAndReadsThemToTheirEnd) {
  Descriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::listen(listener.get(), 8), 0);
  std::string got;
  int ended = 0;
  std::vector<Descriptor> accepted;
  loop_->Accept(listener.get(), [&](const EventLoop::Event& event) {
    ASSERT_GE(event.accepted, 0);
    accepted.emplace_back(event.accepted);
    loop_->ReceiveStream(event.accepted, [&](const EventLoop::Event& piece) {
      got += piece.bytes;
      if (piece.ended) ++ended;
    });
  });
  for (int i = 0; i < 3; ++i) {
    Descriptor sender = ConnectInet(SOCK_STREAM, PortOf(listener.get()));
    Send(sender, std::string(100'000, static_cast<char>('a' + i)));
    sender.Close();
    RunUntil([&] { return ended == i + 1; });
  }
  EXPECT_EQ(got, std::string(100'000, 'a') + std::string(100'000, 'b') + std::string(100'000, 'c'));
}

TEST_P(EventLoopTest, ARemovedRegistrationIsSilentAndItsDescriptorFree) {
  DescriptorPair pair = SocketPair(SOCK_SEQPACKET);
  int called = 0;
  const auto count = [&](const EventLoop::Event&) { ++called; };
  const EventLoop::Id first = loop_->ReceiveStream(pair.here.get(), count);
  Settle();
  loop_->Remove(first);
  loop_->Remove(first);
  Send(pair.there, "unheard");
  Settle();
  EXPECT_EQ(called, 0);
  // The number of a closed descriptor is given again: the old registration must not hear the new one's bytes.
  const int number = pair.here.get();
  pair.here.Close();
  DescriptorPair other = SocketPair(SOCK_SEQPACKET);
  ASSERT_TRUE(other.here.get() == number || other.there.get() == number);
  Send(other.there, "still unheard");
  Send(other.here, "still unheard");
  Settle();
  EXPECT_EQ(called, 0);
}

TEST_P(EventLoopTest, ACallbackMayRemoveItself) {
  DescriptorPair pair = SocketPair(SOCK_SEQPACKET);
  int called = 0;
  EventLoop::Id id = 0;
  id = loop_->ReceiveStream(pair.here.get(), [&](const EventLoop::Event&) {
    ++called;
    loop_->Remove(id);
  });
  Send(pair.there, "first");
  Send(pair.there, "second");
  RunUntil([&] { return called > 0; });
  Settle();
  EXPECT_EQ(called, 1);
}

TEST_P(EventLoopTest, AnErrorEndsTheRegistrationOnce) {
  Descriptor not_a_socket(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  int errors = 0;
  loop_->ReceiveStream(not_a_socket.get(), [&](const EventLoop::Event& event) { errors += event.error == ENOTSOCK; });
  RunUntil([&] { return errors > 0; });
  Settle();
  EXPECT_EQ(errors, 1);
}

TEST_P(EventLoopTest, SilenceEndsWithTheTimeLimit) {
  DescriptorPair pair = SocketPair(SOCK_SEQPACKET);
  loop_->ReceiveStream(pair.here.get(), [](const EventLoop::Event&) { FAIL(); });
  ASSERT_TRUE(loop_->RunOnce(kAtOnce).ok());
}

TEST(EventLoop, SaysWhyItFallsBack) {
  std::string reason;
  EXPECT_EQ(OpenEventLoop(false, &reason)->name(), "poll");
  EXPECT_EQ(reason, "io_uring was not asked for");
}

}  // namespace
}  // namespace revertd
