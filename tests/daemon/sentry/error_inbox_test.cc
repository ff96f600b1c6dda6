#include "daemon/sentry/error_inbox.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace revertd {
namespace {

std::vector<ErrorEvent> Events(size_t count, const std::string& service = "checkout") {
  return std::vector<ErrorEvent>(count, ErrorEvent{.service = service});
}

TEST(ErrorInbox, GivesWhatWasPostedOnceAndInOrder) {
  ErrorInbox inbox(10);
  EXPECT_TRUE(inbox.Post(Events(1, "a"), {}));
  EXPECT_TRUE(inbox.Post(Events(1, "b"), {SessionCounts{.service = "c"}}));
  EXPECT_EQ(inbox.waiting(), 3U);
  const ErrorInbox::Taken taken = inbox.Take();
  ASSERT_EQ(taken.events.size(), 2U);
  EXPECT_EQ(taken.events[0].service, "a");
  EXPECT_EQ(taken.events[1].service, "b");
  ASSERT_EQ(taken.sessions.size(), 1U);
  EXPECT_EQ(inbox.waiting(), 0U);
  EXPECT_TRUE(inbox.Take().events.empty());
}

TEST(ErrorInbox, TakesAllOrNothing) {
  ErrorInbox inbox(3);
  EXPECT_TRUE(inbox.Post(Events(2), {}));
  EXPECT_FALSE(inbox.Post(Events(1), {SessionCounts{}}));
  EXPECT_EQ(inbox.waiting(), 2U);
  EXPECT_EQ(inbox.refused(), 2U);
  EXPECT_TRUE(inbox.Post(Events(1), {}));
  EXPECT_FALSE(inbox.Post(Events(1), {}));
  inbox.Take();
  EXPECT_TRUE(inbox.Post(Events(3), {})) << "there is room again";
}

// Whoever posts from several threads: every event is taken once, or was refused.
TEST(ErrorInbox, TakesNothingThatNobodyWouldTakeOutAgain) {
  ErrorInbox inbox(10);
  EXPECT_TRUE(inbox.Post(std::vector<ErrorEvent>(1), {}));
  inbox.Close();
  EXPECT_FALSE(inbox.Post(std::vector<ErrorEvent>(1), {}));
  EXPECT_EQ(inbox.refused(), 1U);
  EXPECT_EQ(inbox.Take().events.size(), 1U) << "what was taken before is judged";
}

TEST(ErrorInbox, LosesNothingBetweenThreads) {
  constexpr int kPosts = 2000;
  ErrorInbox inbox(64);
  std::atomic<size_t> posted{0};
  const auto post = [&] {
    for (int i = 0; i < kPosts; ++i) posted += inbox.Post(Events(1), {}) ? 1U : 0U;
  };
  std::thread first(post);
  std::thread second(post);
  size_t taken = 0;
  for (int i = 0; i < 1000; ++i) taken += inbox.Take().events.size();
  first.join();
  second.join();
  taken += inbox.Take().events.size();
  EXPECT_EQ(taken, posted);
  EXPECT_EQ(posted + inbox.refused(), 2U * kPosts);
}

}  // namespace
}  // namespace revertd
