// The poller in front of the real git and a real state: what reaches the inbox.
#include "daemon/doors/branch_poller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "store/database.h"
#include "tests/actions/sandbox.h"

namespace revertd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class BranchPollerTest : public testing::Test {
 protected:
  BranchPollerTest() {
    config_ = sandbox_.MakeConfig();
    config_.repos[0].deploys_from = {DeploySource::kBranch};
    sandbox_.Publish();
    auto state = StateStore::Open(config_.state, StateStore::Access::kOwner);
    EXPECT_TRUE(state.ok());
    state_ = *std::move(state);
  }

  std::unique_ptr<BranchPoller> Open(std::function<void(std::string_view)> say) {
    auto state = StateStore::Open(config_.state, StateStore::Access::kInboxOnly);
    EXPECT_TRUE(state.ok());
    BranchPoller::Edges edges;
    edges.git = std::make_unique<GitProgram>(sandbox_.MakeGit(&clock_));
    edges.state = *std::move(state);
    edges.clock = &clock_;
    edges.say = std::move(say);
    auto poller = std::make_unique<BranchPoller>(config_, std::move(edges));
    EXPECT_TRUE(poller->Restore().ok());
    return poller;
  }
  std::unique_ptr<BranchPoller> Open() {
    return Open([this](std::string_view words) { said_.emplace_back(words); });
  }
  // After all that it wanted to rest.
  static DurationNs StepLater(BranchPoller* poller, TestClock* clock, DurationNs later = kMinuteNs) {
    clock->now_ns += later;
    return poller->Step();
  }
  std::string Push(const std::string& text) {
    const std::string sha = sandbox_.Commit("base.txt", text, text);
    sandbox_.Publish();
    return sha;
  }
  // "BASE..HEAD" of the deploys in the inbox.
  std::vector<std::string> Inbox() {
    const auto messages = state_->Peek(100);
    EXPECT_TRUE(messages.ok());
    std::vector<std::string> ranges;
    for (const InboxMessage& message : *messages) {
      EXPECT_EQ(message.kind, InboxMessage::Kind::kDeployStart);
      EXPECT_EQ(message.deploy.service, "checkout");
      EXPECT_EQ(message.deploy.repo, "shop");
      EXPECT_EQ(message.deploy.finish_ns, message.deploy.start_ns);
      ranges.push_back(message.deploy.base + ".." + message.deploy.head);
    }
    return ranges;
  }

  Sandbox sandbox_;
  TestClock clock_;
  Config config_;
  std::unique_ptr<StateStore> state_;
  std::vector<std::string> said_;
};

TEST_F(BranchPollerTest, APushIsPostedOnceAsADeploy) {
  const std::string first = sandbox_.RemoteHead();
  const auto poller = Open();
  poller->Step();
  EXPECT_THAT(Inbox(), IsEmpty());
  const std::string second = Push("two");
  EXPECT_GT(poller->Step(), 0);  // its time has not come
  EXPECT_THAT(Inbox(), IsEmpty());
  StepLater(poller.get(), &clock_, config_.repos[0].branch_poll);
  StepLater(poller.get(), &clock_);
  EXPECT_THAT(Inbox(), ElementsAre(first + ".." + second));
  EXPECT_THAT(said_, IsEmpty());
}

TEST_F(BranchPollerTest, APushMadeWhileItWasDownIsPosted) {
  const std::string first = sandbox_.RemoteHead();
  Deploy known;
  known.id = "checkout-1";
  known.service = "checkout";
  known.repo = "shop";
  known.head = first;
  known.start_ns = clock_.now_ns - kHourNs;
  known.finish_ns = known.start_ns;
  ASSERT_TRUE(state_->WriteDeploy(known).ok());
  const std::string second = Push("two");
  Open()->Step();
  EXPECT_THAT(Inbox(), ElementsAre(first + ".." + second));
}

TEST_F(BranchPollerTest, ARemoteThatIsAwayIsToldOnceAndItsPushIsFoundLater) {
  const std::string first = sandbox_.RemoteHead();
  const auto poller = Open();
  poller->Step();
  const std::string second = Push("two");
  std::filesystem::rename(sandbox_.remote, sandbox_.remote + ".away");
  for (int i = 0; i < 5; ++i) StepLater(poller.get(), &clock_, 10 * kMinuteNs);
  EXPECT_THAT(said_, ElementsAre(HasSubstr("reading production of file://")));
  std::filesystem::rename(sandbox_.remote + ".away", sandbox_.remote);
  StepLater(poller.get(), &clock_, 10 * kMinuteNs);
  EXPECT_THAT(said_, ElementsAre(HasSubstr("reading"), HasSubstr("is read again")));
  EXPECT_THAT(Inbox(), ElementsAre(first + ".." + second));
}

TEST_F(BranchPollerTest, ADeployThatCannotBePostedIsPostedLater) {
  const std::string first = sandbox_.RemoteHead();
  const auto poller = Open();
  poller->Step();
  const auto database = Database::Open(config_.state, Database::Access::kReadWrite);
  ASSERT_TRUE(database.ok());
  ASSERT_TRUE((*database)->RunScript("breaking the inbox", "ALTER TABLE inbox RENAME TO away").ok());
  const std::string second = Push("two");
  for (int i = 0; i < 3; ++i) StepLater(poller.get(), &clock_);
  EXPECT_THAT(said_, ElementsAre(HasSubstr("inbox")));
  ASSERT_TRUE((*database)->RunScript("mending the inbox", "ALTER TABLE away RENAME TO inbox").ok());
  poller->Step();
  EXPECT_THAT(Inbox(), ElementsAre(first + ".." + second));
  EXPECT_THAT(said_, ElementsAre(HasSubstr("inbox"), HasSubstr("again")));
  EXPECT_EQ(poller->deploys_dropped(), 0U);
}

TEST_F(BranchPollerTest, ItsThreadAsksByItselfAndEndsWhenItIsStopped) {
  std::filesystem::rename(sandbox_.remote, sandbox_.remote + ".away");
  std::promise<std::string> said;
  auto poller = Open([&said](std::string_view words) { said.set_value(std::string(words)); });
  poller->Start();
  EXPECT_THAT(said.get_future().get(), HasSubstr("reading production"));
  poller.reset();  // rests now for a minute, which nobody waits for
}

TEST_F(BranchPollerTest, TheRealEdgesAreThere) {
  auto edges = BranchPoller::OpenEdges(config_, sandbox_.state_directory, &clock_, [](std::string_view) {});
  ASSERT_TRUE(edges.ok()) << MessageOf(edges.status());
  BranchPoller poller(config_, *std::move(edges));
  poller.Step();
  config_.state += ".none";
  EXPECT_FALSE(BranchPoller::OpenEdges(config_, "", &clock_, [](std::string_view) {}).ok());
}

}  // namespace
}  // namespace revertd
