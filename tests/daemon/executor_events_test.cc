// What the executor did becomes events, each once, also across restarts.
#include "daemon/executor_events.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <map>
#include <optional>

#include "store/database.h"
#include "tests/test_folder.h"

namespace revertd {
namespace {

constexpr TimeNs kNow = 1'795'255'200 * kSecondNs;
constexpr DurationNs kDay = 24 * kHourNs;

// The text's members; none may stand there twice.
std::map<std::string, std::string> Members(const std::string& text) {
  std::map<std::string, std::string> members;
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  EXPECT_EQ(parser.parse(text).get(object), simdjson::SUCCESS) << text;
  for (const auto& [key, value] : object) {
    EXPECT_TRUE(members.emplace(key, simdjson::minify(value)).second) << key << " twice in " << text;
  }
  return members;
}

class ExecutorTrailTest : public ::testing::Test {
 protected:
  ExecutorTrailTest() {
    auto state = StateStore::Open(folder_.Path("state.db"), StateStore::Access::kOwner);
    EXPECT_TRUE(state.ok()) << state.status();
    state_ = *std::move(state);
    OpenExecutor("executor.db");
    RollbackTrigger trigger;
    trigger.id = "t1";
    trigger.deploy_id = "shop-1";
    trigger.service = "shop";
    trigger.repo = "repo";
    EXPECT_TRUE(state_->WriteTrigger(trigger).ok());
    Deploy deploy;
    deploy.id = "mail-1";
    deploy.service = "mail";
    EXPECT_TRUE(state_->WriteDeploy(deploy).ok());
  }

  void OpenExecutor(const std::string& file) {
    executor_.reset();
    auto executor = ExecutorStore::Open(folder_.Path(file), ExecutorStore::Access::kOwner);
    ASSERT_TRUE(executor.ok()) << executor.status();
    executor_ = *std::move(executor);
  }
  void Step(const std::string& step, TimeNs at_ns = kNow) {
    ASSERT_TRUE(executor_->Begin("t1", step, at_ns).ok());
    ASSERT_TRUE(executor_->Finish("t1", step, at_ns + 1, "done", "a \"detail\",\"event\":").ok());
  }
  void Audit(const std::string& kind, const std::string& subject, const std::string& text) {
    ASSERT_TRUE(executor_->Audit(kind, subject, text, kNow).ok());
  }
  // As after a start of the sidecar, or a second later.
  void TakeOver(bool restarted = false) {
    if (restarted || !trail_) trail_.emplace(state_.get());
    const Status status = trail_->TakeOver(*executor_, kNow);
    ASSERT_TRUE(status.ok()) << status;
  }
  std::vector<Event> Events() {
    const auto events = state_->ReadEventsAfter(0, 10'000);
    EXPECT_TRUE(events.ok()) << events.status();
    return events.ok() ? *events : std::vector<Event>{};
  }

  const TestFolder folder_;
  std::unique_ptr<StateStore> state_;
  std::unique_ptr<ExecutorStore> executor_;
  std::optional<ExecutorTrail> trail_;
};

TEST_F(ExecutorTrailTest, AStepIsAnEventOfItsTriggerAndItsDeploy) {
  Step("accepted");
  TakeOver();
  const auto events = Events();
  ASSERT_EQ(events.size(), 2U);
  for (const Event& event : events) {
    EXPECT_EQ(event.kind, "step");
    EXPECT_EQ(event.service, "shop");
    EXPECT_EQ(event.deploy_id, "shop-1");
    EXPECT_EQ(event.trigger_id, "t1");
    EXPECT_EQ(event.repo, "repo");
  }
  EXPECT_EQ(events[1].at_ns, kNow + 1);
  EXPECT_EQ(events[0].text,
            "{\"event\":\"step\",\"time_ns\":1795255200000000000,\"service\":\"shop\",\"deploy\":\"shop-1\","
            "\"trigger\":\"t1\",\"begun\":true,\"step\":\"accepted\"}");
  auto members = Members(events[1].text);
  EXPECT_EQ(members["begun"], "false");
  EXPECT_EQ(members["outcome"], "\"done\"");
  EXPECT_EQ(members["detail"], "\"a \\\"detail\\\",\\\"event\\\":\"") << "words are no members";
}

TEST_F(ExecutorTrailTest, OtherRowsKeepTheirOwnMembersAndTheirSubject) {
  Audit("delivery", "t1",
        R"({"channel":"ops","event":"rolled_back","delivered":true,"outcome":"delivered","tries":1})");
  Audit("incident", "t1", R"({"what":"opened","service":"shop","owner":"ada","due_ns":7})");
  Audit("reverted_commit_deployed_again", "mail-1", R"({"trigger":"t1","commit":"c","how":"by d"})");
  Audit("delivery", "channel:ops", R"({"channel":"ops","event":"channel_failing"})");
  Audit("odd", "t1", "not JSON");
  TakeOver();
  const auto events = Events();
  ASSERT_EQ(events.size(), 5U);
  auto delivery = Members(events[0].text);
  EXPECT_EQ(delivery["event"], "\"delivery\"");
  EXPECT_EQ(delivery["told"], "\"rolled_back\"");
  EXPECT_EQ(delivery["trigger"], "\"t1\"");
  auto incident = Members(events[1].text);
  EXPECT_EQ(incident["service"], "\"shop\"");
  EXPECT_EQ(incident["owner"], "\"ada\"");
  EXPECT_EQ(events[2].deploy_id, "mail-1");
  EXPECT_EQ(events[2].service, "mail");
  EXPECT_EQ(Members(events[2].text)["trigger"], "\"t1\"");
  EXPECT_EQ(events[3].trigger_id + events[3].deploy_id, "");
  EXPECT_EQ(Members(events[3].text)["told"], "\"channel_failing\"");
  EXPECT_EQ(Members(events[4].text)["event"], "\"odd\"");
}

TEST_F(ExecutorTrailTest, ADecisionWasToldByWhoMadeIt) {
  Audit("decision", "t1", R"({"deploy":"shop-1","decision":"act"})");
  Step("accepted");
  TakeOver();
  EXPECT_EQ(Events().size(), 2U);
}

TEST_F(ExecutorTrailTest, EachRowIsTakenOverOnceAlsoAfterARestart) {
  Step("accepted");
  TakeOver();
  TakeOver();
  TakeOver(true);
  EXPECT_EQ(Events().size(), 2U);
  Step("planned");
  TakeOver(true);
  EXPECT_EQ(Events().size(), 4U);
}

TEST_F(ExecutorTrailTest, ALongTrailComesInPieces) {
  for (int i = 0; i < ExecutorTrail::kRowsAtOnce + 1; ++i) Audit("incident", "t1", "{}");
  TakeOver();
  EXPECT_EQ(Events().size(), static_cast<size_t>(ExecutorTrail::kRowsAtOnce));
  TakeOver();
  EXPECT_EQ(Events().size(), static_cast<size_t>(ExecutorTrail::kRowsAtOnce) + 1);
  EXPECT_EQ(Members(Events().back().text)["event"], "\"incident\"");
}

// A state that learns of events when it is old.
TEST_F(ExecutorTrailTest, WhatIsOlderThanEventsAreKeptIsPassedOver) {
  Step("accepted", kNow - 15 * kDay);
  Step("planned", kNow - 13 * kDay);
  TakeOver();
  ASSERT_EQ(Events().size(), 2U);
  EXPECT_EQ(Members(Events()[0].text)["step"], "\"planned\"");
}

TEST_F(ExecutorTrailTest, ATrailThatBeganAnewIsRead) {
  for (const char* step : {"accepted", "planned", "reverted"}) Step(step);
  TakeOver();
  OpenExecutor("another.db");
  Step("accepted", kNow + kSecondNs);
  TakeOver();  // finds that the trail is another one,
  TakeOver();  // and reads it
  EXPECT_EQ(Events().size(), 8U);
}

TEST_F(ExecutorTrailTest, WhatCouldNotBeWrittenIsTakenOverLater) {
  Step("accepted");
  trail_.emplace(state_.get());
  const auto other = Database::Open(folder_.Path("state.db"), Database::Access::kReadWrite);
  ASSERT_TRUE((*other)->RunScript("renaming", "ALTER TABLE cursors RENAME TO lost").ok());
  EXPECT_FALSE(trail_->TakeOver(*executor_, kNow).ok());
  ASSERT_TRUE((*other)->RunScript("renaming", "ALTER TABLE lost RENAME TO cursors").ok());
  EXPECT_TRUE(Events().empty());
  TakeOver();
  EXPECT_EQ(Events().size(), 2U);
}

}  // namespace
}  // namespace revertd
