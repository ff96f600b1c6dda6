// What is asked of a deploy or a trigger, by whatever door, is checked against what the state knows and what still
// waits for the sidecar.
#include "daemon/deploy_door.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analysis/deploy_registry.h"
#include "daemon/records_json.h"
#include "daemon/trigger_door.h"
#include "tests/test_folder.h"

namespace revertd {
namespace {

using ::testing::HasSubstr;

constexpr TimeNs kNow = 1'795'255'200 * kSecondNs;

class DeployDoorTest : public ::testing::Test {
 protected:
  DeployDoorTest() {
    auto store = StateStore::Open(folder_.Path("state.db"), StateStore::Access::kOwner);
    EXPECT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
    config_.repos.push_back({"shop-repo", "file:///repo", "production"});
    ServiceConfig shop;
    shop.name = "shop";
    shop.repo = "shop-repo";
    config_.services.push_back(shop);
  }

  static DeployAsked Asked(TimeNs start_ns = 0, TimeNs finish_ns = 0) {
    DeployAsked asked;
    asked.service = "shop";
    asked.commit = "3f2a91c0";
    asked.start_ns = start_ns;
    asked.finish_ns = finish_ns;
    return asked;
  }
  StatusOr<Deploy> Start(const DeployAsked& asked) { return CheckedStart(config_, *store_, asked, kNow); }
  std::string IdOf(const DeployAsked& asked) {
    const auto deploy = Start(asked);
    EXPECT_TRUE(deploy.ok()) << deploy.status();
    return deploy.ok() ? deploy->id : "";
  }
  void Post(const InboxMessage& message) { ASSERT_TRUE(store_->Post(message).ok()); }
  void Judge(const std::string& id, VerdictState state, std::string_view reason) {
    Verdict verdict;
    verdict.deploy_id = id;
    verdict.state = state;
    verdict.reason = reason;
    ASSERT_TRUE(store_->WriteVerdict(verdict).ok());
  }
  // As the sidecar takes it from the inbox.
  std::string Known(const DeployAsked& asked) {
    const auto deploy = Start(asked);
    EXPECT_TRUE(deploy.ok() && store_->WriteDeploy(*deploy).ok());
    return deploy->id;
  }

  const TestFolder folder_;
  std::unique_ptr<StateStore> store_;
  Config config_;
};

TEST_F(DeployDoorTest, WhatIsNotSaidIsFilledIn) {
  const auto begun = Start(Asked());
  ASSERT_TRUE(begun.ok()) << begun.status();
  EXPECT_EQ(begun->id, "shop-1795255200");
  EXPECT_EQ(begun->repo, "shop-repo");
  EXPECT_EQ(begun->start_ns, kNow);
  EXPECT_FALSE(begun->finished());
  const auto whole = Start(Asked(0, kNow - kSecondNs));
  ASSERT_TRUE(whole.ok()) << whole.status();
  EXPECT_EQ(whole->start_ns, kNow - kSecondNs) << "it began at the latest when it ended";
  EXPECT_EQ(whole->finish_ns, kNow - kSecondNs);
}

TEST_F(DeployDoorTest, WordsThatAreNoneAreRefused) {
  const auto refused = [this](const auto& change) {
    DeployAsked asked = Asked(kNow);
    change(asked);
    const auto deploy = Start(asked);
    return deploy.status().code() == absl::StatusCode::kInvalidArgument;
  };
  EXPECT_TRUE(refused([](DeployAsked& asked) { asked.service.clear(); }));
  EXPECT_TRUE(refused([](DeployAsked& asked) { asked.commit = "HEAD"; }));
  EXPECT_TRUE(refused([](DeployAsked& asked) { asked.base = "main"; }));
  EXPECT_TRUE(refused([](DeployAsked& asked) { asked.repo = "shpo"; }));
  EXPECT_TRUE(refused([](DeployAsked& asked) { asked.finish_ns = kNow - 1; }));
  EXPECT_TRUE(refused([](DeployAsked& asked) { asked.start_ns = -1; }));
  EXPECT_FALSE(refused([](DeployAsked&) {}));
}

TEST_F(DeployDoorTest, AStartThatIsToldAgainHasTheSameId) {
  for (const bool taken : {false, true}) {
    const auto first = Start(Asked());
    ASSERT_TRUE(first.ok());
    if (taken) {
      ASSERT_TRUE(store_->WriteDeploy(*first).ok());
    } else {
      Post(StartMessage(*first));
    }
    EXPECT_EQ(IdOf(Asked(kNow + 3 * kSecondNs)), first->id) << "taken " << taken;
  }
}

TEST_F(DeployDoorTest, ASecondTryHasAnIdOfItsOwn) {
  for (const bool taken : {false, true}) {
    for (const bool by_head : {false, true}) {
      SCOPED_TRACE(testing::Message() << "taken " << taken << " by head " << by_head);
      DeployAsked asked = Asked(kNow + (taken ? kHourNs : 0) + (by_head ? 2 * kHourNs : 0));
      const auto first = Start(asked);
      ASSERT_TRUE(first.ok());
      if (taken) {
        ASSERT_TRUE(store_->WriteDeploy(*first).ok());
      } else {
        Post(StartMessage(*first));
      }
      const TimeNs at = asked.start_ns + kSecondNs;
      Post(by_head ? AbandonHeadMessage("shop", "3f2a91c0aaaa", at, "") : AbandonMessage(first->id, at, ""));
      asked.start_ns += 3 * kSecondNs;
      const std::string second = IdOf(asked);
      EXPECT_NE(second, first->id);
      EXPECT_EQ(CheckFinish(*store_, first->id).code(), absl::StatusCode::kFailedPrecondition);
    }
  }
}

TEST_F(DeployDoorTest, WhatTheSidecarHasAbandonedIsPast) {
  const std::string id = Known(Asked(kNow));
  Judge(id, VerdictState::kInconclusive, kAbandoned);
  EXPECT_NE(IdOf(Asked(kNow + 3 * kSecondNs)), id);
  EXPECT_EQ(IdOf(Asked(kNow, kNow + 9 * kSecondNs)), "shop-1795255209") << "told with the first one's start";
  DeployAsked same_id = Asked(kNow + 3 * kSecondNs);
  same_id.id = id;
  EXPECT_EQ(Start(same_id).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(CheckFinish(*store_, id).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(CheckAbandon(*store_, id).ok()) << "told twice";
}

TEST_F(DeployDoorTest, OnlyWhatIsKnownIsFinishedOrAbandoned) {
  EXPECT_EQ(CheckFinish(*store_, "shop-1").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(CheckAbandon(*store_, "shop-1").code(), absl::StatusCode::kNotFound);
  const auto deploy = Start(Asked());
  Post(StartMessage(*deploy));
  EXPECT_TRUE(CheckFinish(*store_, deploy->id).ok()) << "it waits for the sidecar";
  EXPECT_TRUE(CheckAbandon(*store_, deploy->id).ok());
  const std::string id = Known(Asked(kNow + kHourNs));
  Judge(id, VerdictState::kRegressed, "errors_above_null");
  EXPECT_EQ(CheckAbandon(*store_, id).code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(DeployDoorTest, AMessageSaysWhatTheSidecarNeeds) {
  const InboxMessage finish = FinishMessage("d", 5);
  EXPECT_EQ(finish.kind, InboxMessage::Kind::kDeployFinish);
  EXPECT_EQ(finish.deploy.id, "d");
  EXPECT_EQ(finish.deploy.finish_ns, 5);
  const InboxMessage abandon = AbandonHeadMessage("shop", "abc1234", 6, "why");
  EXPECT_EQ(abandon.kind, InboxMessage::Kind::kDeployAbandon);
  EXPECT_EQ(abandon.deploy.id, "");
  EXPECT_EQ(abandon.deploy.head, "abc1234");
  EXPECT_EQ(abandon.deploy.finish_ns, 6);
  EXPECT_EQ(abandon.text, "why");
}

TEST_F(DeployDoorTest, AWordOnATriggerIsForOneThatWaits) {
  EXPECT_EQ(ApproveMessage(*store_, "t", "ada").status().code(), absl::StatusCode::kNotFound);
  RollbackTrigger trigger;
  trigger.id = "t";
  trigger.state = TriggerState::kProposed;
  ASSERT_TRUE(store_->WriteTrigger(trigger).ok());
  const auto approve = ApproveMessage(*store_, "t", "ada");
  ASSERT_TRUE(approve.ok()) << approve.status();
  EXPECT_EQ(approve->kind, InboxMessage::Kind::kTriggerApprove);
  EXPECT_EQ(approve->trigger_id, "t");
  EXPECT_EQ(approve->text, "ada");
  EXPECT_EQ(DismissMessage(*store_, "t", "no")->kind, InboxMessage::Kind::kTriggerDismiss);
  ASSERT_TRUE(store_->WriteTriggerState("t", TriggerState::kPending, "ada").ok());
  EXPECT_EQ(ApproveMessage(*store_, "t", "ada").status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(DismissMessage(*store_, "t", "no").ok()) << "a person's no wins until the push";
  ASSERT_TRUE(store_->WriteTriggerState("t", TriggerState::kDismissed, "no").ok());
  EXPECT_EQ(DismissMessage(*store_, "t", "no").status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(DeployDoorTest, ARecordHoldsVerdictsAndEventsAsTheyWereTold) {
  Deploy deploy;
  deploy.id = "d";
  Verdict verdict;
  verdict.reason = "not_worse";
  Event event;
  event.text = "{\"event\":\"push\"}";
  const std::string record = DeployRecordJson(deploy, {verdict}, {event, event});
  EXPECT_THAT(record, HasSubstr("\"verdicts\":[{\"event\":\"verdict\""));
  EXPECT_THAT(record, HasSubstr("\"events\":[{\"event\":\"push\"},{\"event\":\"push\"}]}"));
}

}  // namespace
}  // namespace revertd
