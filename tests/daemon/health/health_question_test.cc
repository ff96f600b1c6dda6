#include "daemon/health/health_question.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "tests/daemon/health/fake_questions.h"

namespace revertd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> NamesOf(const std::vector<HealthQuestion>& questions) {
  std::vector<std::string> names;
  for (const HealthQuestion& question : questions) names.push_back(question.service + "/" + question.check);
  return names;
}

class OpenHealthQuestionsTest : public testing::Test {
 protected:
  OpenHealthQuestionsTest() {
    for (const char* name : {"checkout", "catalog"}) {
      ServiceConfig service;
      service.name = name;
      for (const char* check : {"ready", "deep"}) {
        service.health.checks.push_back({.name = check, .url = "http://127.0.0.1:1/", .every = 7 * kSecondNs});
      }
      config_.services.push_back(service);
    }
  }
  Config config_;
};

TEST_F(OpenHealthQuestionsTest, AreThoseOfTheConfigurationInItsOrder) {
  const auto questions = OpenHealthQuestions(config_);
  ASSERT_TRUE(questions.ok()) << questions.status();
  EXPECT_THAT(NamesOf(*questions), ElementsAre("checkout/ready", "checkout/deep", "catalog/ready", "catalog/deep"));
  EXPECT_EQ((*questions)[0].every, 7 * kSecondNs);
}

TEST_F(OpenHealthQuestionsTest, OfOneServiceAlone) {
  const auto questions = OpenHealthQuestions(config_, "catalog");
  ASSERT_TRUE(questions.ok()) << questions.status();
  EXPECT_THAT(NamesOf(*questions), ElementsAre("catalog/ready", "catalog/deep"));
  EXPECT_THAT(*OpenHealthQuestions(config_, "nobody"), IsEmpty());
}

// The real one, at a port that nobody listens on.
TEST_F(OpenHealthQuestionsTest, AskTheRealServer) {
  const auto questions = OpenHealthQuestions(config_, "catalog");
  ASSERT_TRUE(questions.ok()) << questions.status();
  const HealthResult result = (*questions)[0].ask(17 * kSecondNs);
  EXPECT_EQ(result.service, "catalog");
  EXPECT_EQ(result.check, "ready");
  EXPECT_EQ(result.level, HealthLevel::kFatal);
  EXPECT_EQ(result.at_ns, 17 * kSecondNs);
}

TEST(AskAll, AnswersStandInTheQuestionsOrder) {
  std::vector<HealthQuestion> questions;
  for (int i = 0; i < 50; ++i) questions.push_back(QuestionOf("check" + std::to_string(i), kSecondNs, [] {}));
  const std::vector<HealthResult> results = AskAll(questions, SystemClock());
  ASSERT_EQ(results.size(), 50U);
  for (size_t i = 0; i < results.size(); ++i) EXPECT_EQ(results[i].check, "check" + std::to_string(i));
  EXPECT_THAT(AskAll({}, SystemClock()), IsEmpty());
}

// As many as there are threads hang, and wait for each other: one after the other they would wait for ever.
TEST(AskAll, AsksSeveralAtTheSameTime) {
  Latch latch;
  std::vector<HealthQuestion> questions;
  for (size_t i = 0; i < kHealthWorkersMax; ++i) {
    questions.push_back(QuestionOf("check" + std::to_string(i), kSecondNs, [&] { latch.Pass(); }));
  }
  std::thread opener([&] {
    latch.AwaitWaiting(kHealthWorkersMax);
    latch.Open();
  });
  EXPECT_EQ(AskAll(questions, SystemClock()).size(), kHealthWorkersMax);
  opener.join();
}

}  // namespace
}  // namespace revertd
