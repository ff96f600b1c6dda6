#include "daemon/health/health_poller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/daemon/health/fake_questions.h"

namespace revertd {
namespace {

using testing::IsEmpty;

class HealthPollerTest : public testing::Test {
 protected:
  void Start(std::vector<HealthQuestion> questions) {
    std::vector<std::string> checks;
    for (const HealthQuestion& question : questions) checks.push_back(question.check);
    board_ = std::make_unique<HealthBoard>(ConfigOf(checks));
    poller_ = std::make_unique<HealthPoller>(std::move(questions), &clock_, board_.get());
    poller_->Start();
  }

  SystemClock clock_;
  std::unique_ptr<HealthBoard> board_;
  Latch latch_;
  Turnstile asked_;
  std::unique_ptr<HealthPoller> poller_;  // before all that its threads use
};

TEST_F(HealthPollerTest, AsksAgainAndAgainAndPutsAnswersOnTheBoard) {
  Start({QuestionOf("ready", kMillisecondNs, [this] { asked_.Add(); })});
  asked_.Await(3);
  poller_.reset();
  const std::vector<HealthResult> results = board_->Take();
  ASSERT_GE(results.size(), 3U);
  for (size_t i = 1; i < results.size(); ++i) EXPECT_GE(results[i].at_ns, results[i - 1].at_ns);
  EXPECT_EQ(board_->Read()[0].newest.level, HealthLevel::kOk);
}

TEST_F(HealthPollerTest, AServerThatHangsDelaysNoOther) {
  Start({QuestionOf("hangs", kMillisecondNs, [this] { latch_.Pass(); }),
         QuestionOf("lives", kMillisecondNs, [this] { asked_.Add(); })});
  latch_.AwaitWaiting(1);
  asked_.Await(asked_.count() + 5);
  EXPECT_FALSE(board_->Read()[0].is_asked());
  latch_.Open();
}

// A worker that comes free and is then held up must leave nobody waiting for a time that it alone knew.
TEST_F(HealthPollerTest, ACheckGoesOnWhenItsWorkerHangsAtAnother) {
  std::atomic<bool> hangs = false;
  Start({QuestionOf("lives", 2 * kMillisecondNs, [this] { asked_.Add(); }),
         QuestionOf("hangs", 5 * kMillisecondNs,
                    [this, &hangs] {
                      if (hangs.load()) latch_.Pass();
                    }),
         QuestionOf("rare", kHourNs, [] {})});
  asked_.Await(10);
  hangs.store(true);
  latch_.AwaitWaiting(1);
  asked_.Await(asked_.count() + 10);
  latch_.Open();
  poller_.reset();
}

TEST_F(HealthPollerTest, HasAsManyThreadsAsItSaysAndNoMore) {
  std::vector<HealthQuestion> questions;
  std::atomic<size_t> under_way = 0;
  std::atomic<size_t> most = 0;
  for (size_t i = 0; i < 3 * kHealthWorkersMax; ++i) {
    questions.push_back(QuestionOf("check" + std::to_string(i), kMillisecondNs, [&, this] {
      const size_t now = under_way.fetch_add(1) + 1;
      for (size_t seen = most.load(); seen < now && !most.compare_exchange_weak(seen, now);) continue;
      latch_.Pass();
      under_way.fetch_sub(1);
    }));
  }
  Start(std::move(questions));
  latch_.AwaitWaiting(kHealthWorkersMax);
  EXPECT_EQ(under_way.load(), kHealthWorkersMax);
  latch_.Open();
  latch_.AwaitWaiting(6 * kHealthWorkersMax);
  poller_.reset();
  EXPECT_EQ(most.load(), kHealthWorkersMax);
}

TEST_F(HealthPollerTest, EndsAtOnceWhereNothingIsBeingAsked) {
  Start({QuestionOf("ready", kHourNs, [this] { asked_.Add(); })});
  asked_.Await(1);
  poller_.reset();  // rests now for an hour, which nobody waits for
  EXPECT_EQ(asked_.count(), 1U);
}

TEST_F(HealthPollerTest, EndsWhenTheQuestionUnderWayEnds) {
  Start({QuestionOf("hangs", kMillisecondNs, [this] { latch_.Pass(); })});
  latch_.AwaitWaiting(1);
  poller_->Stop();
  EXPECT_FALSE(board_->Read()[0].is_asked());
  latch_.Open();
  poller_.reset();
  EXPECT_EQ(board_->Take().size(), 1U);  // its answer counts; nothing was asked after Stop
}

TEST_F(HealthPollerTest, WithoutChecksNothingIsDone) {
  Start({});
  poller_.reset();
  EXPECT_THAT(board_->Take(), IsEmpty());
}

}  // namespace
}  // namespace revertd
