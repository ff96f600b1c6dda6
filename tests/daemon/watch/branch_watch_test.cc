// What a remote's answers make of the deploys of a repo whose branch is asked.
#include "daemon/doors/branch_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace revertd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr TimeNs kNow = 1'763'700'000 * kSecondNs;
const std::string kA(40, 'a');
const std::string kB(40, 'b');
const std::string kC(40, 'c');

// The repo "shop" of the services "cart" and "checkout" is asked; "mail" is told of by others.
Config MakeConfig() {
  Config config;
  config.repos.push_back({.name = "shop", .url = "https://git.example/shop", .deploys_from = {DeploySource::kBranch}});
  config.repos.push_back({.name = "mail", .url = "https://git.example/mail"});
  for (const auto& [service, repo] : {std::pair("cart", "shop"), {"checkout", "shop"}, {"mail", "mail"}}) {
    ServiceConfig& added = config.services.emplace_back();
    added.name = service;
    added.repo = repo;
  }
  return config;
}

class BranchWatchTest : public testing::Test {
 protected:
  DeployNews Answers(const BranchWatch::Head& head, TimeNs at = kNow) {
    return watch_.OnAnswer(config_.repos[0], head, at);
  }
  DeployNews Has(const std::string& head, TimeNs at = kNow) { return Answers(std::optional(head), at); }
  // "SERVICE BASE..HEAD" by their first letters.
  static std::vector<std::string> Told(const DeployNews& news) {
    std::vector<std::string> told;
    for (const Deploy& deploy : news.deploys) {
      told.push_back(deploy.service + " " + deploy.base.substr(0, 1) + ".." + deploy.head.substr(0, 1));
    }
    return told;
  }
  static Deploy Known(const std::string& repo, const std::string& head) {
    Deploy deploy;
    deploy.id = "x";
    deploy.service = "cart";
    deploy.repo = repo;
    deploy.head = head;
    deploy.start_ns = kNow - kHourNs;
    return deploy;
  }

  const Config config_ = MakeConfig();
  BranchWatch watch_{config_};
};

TEST_F(BranchWatchTest, ANewHeadIsADeployOfEveryServiceOfTheRepo) {
  EXPECT_THAT(Told(Has(kA)), IsEmpty());
  const DeployNews news = Has(kB, kNow + 30 * kSecondNs);
  EXPECT_THAT(Told(news), ElementsAre("cart a..b", "checkout a..b"));
  const Deploy& deploy = news.deploys[1];
  EXPECT_EQ(deploy.id, "checkout-1763700030");
  EXPECT_EQ(deploy.repo, "shop");
  EXPECT_EQ(deploy.base, kA);
  EXPECT_EQ(deploy.head, kB);
  EXPECT_EQ(deploy.start_ns, kNow + 30 * kSecondNs);
  EXPECT_EQ(deploy.finish_ns, deploy.start_ns);
  EXPECT_THAT(Told(Has(kB, kNow + 60 * kSecondNs)), IsEmpty());
}

TEST_F(BranchWatchTest, AHeadThatGoesBackAndForthIsADeployEachTime) {
  Has(kA);
  EXPECT_THAT(Told(Has(kB)), ElementsAre("cart a..b", "checkout a..b"));
  EXPECT_THAT(Told(Has(kA)), ElementsAre("cart b..a", "checkout b..a"));
  EXPECT_THAT(Told(Has(kB)), ElementsAre("cart a..b", "checkout a..b"));
}

TEST_F(BranchWatchTest, APushMadeWhileRevertdWasDownIsADeploy) {
  watch_.Restore({Known("shop", kC), Known("shop", kA), Known("mail", kC), Known("shop", "")});
  EXPECT_THAT(Told(Has(kB)), ElementsAre("cart a..b", "checkout a..b"));
}

TEST_F(BranchWatchTest, WhatWasDeployedLastIsNoDeployAfterARestart) {
  watch_.Restore({Known("shop", kA.substr(0, 8))});
  EXPECT_THAT(Told(Has(kA)), IsEmpty());
  const DeployNews news = Has(kB);
  ASSERT_EQ(news.deploys.size(), 2U);
  EXPECT_EQ(news.deploys[0].base, kA);  // in full, though it was told in short
}

TEST_F(BranchWatchTest, OnlyReposThatWantItAreAsked) {
  EXPECT_THAT(watch_.Due(kNow), ElementsAre(&config_.repos[0]));
  Config none = MakeConfig();
  none.repos.erase(none.repos.begin());
  EXPECT_FALSE(BranchWatch(none).RestFor(kNow).has_value());
}

TEST_F(BranchWatchTest, IsAskedEveryBranchPoll) {
  EXPECT_EQ(watch_.RestFor(kNow), 0);
  Has(kA);
  EXPECT_THAT(watch_.Due(kNow + 29 * kSecondNs), IsEmpty());
  EXPECT_EQ(watch_.RestFor(kNow + 10 * kSecondNs), 20 * kSecondNs);
  EXPECT_EQ(watch_.Due(kNow + 30 * kSecondNs).size(), 1U);
}

TEST_F(BranchWatchTest, AClockThatWasSetBackSilencesNobody) {
  Has(kA);
  EXPECT_EQ(watch_.Due(kNow - kHourNs).size(), 1U);
}

TEST_F(BranchWatchTest, AFailingRemoteIsToldOnceAndAskedEverMoreSeldom) {
  Has(kA);
  const Status away = Unavailable("reading production of https://git.example/shop: no route");
  EXPECT_THAT(Answers(away).words, HasSubstr("no route"));
  std::vector<DurationNs> rests = {*watch_.RestFor(kNow)};
  while (rests.size() < 6) {
    EXPECT_EQ(Answers(away).words, "");
    rests.push_back(*watch_.RestFor(kNow));
  }
  EXPECT_THAT(rests,
              ElementsAre(kMinuteNs, 2 * kMinuteNs, 4 * kMinuteNs, 8 * kMinuteNs, 10 * kMinuteNs, 10 * kMinuteNs));
  const DeployNews back = Has(kB);
  EXPECT_THAT(back.words, HasSubstr("is read again"));
  EXPECT_THAT(Told(back), ElementsAre("cart a..b", "checkout a..b"));
  EXPECT_EQ(watch_.RestFor(kNow), 30 * kSecondNs);
  EXPECT_THAT(Answers(away).words, HasSubstr("no route"));  // the next time it is told again
}

TEST_F(BranchWatchTest, ABranchThatIsGoneIsToldOnceAndComesBackAsItWas) {
  Has(kA);
  EXPECT_THAT(Answers(std::optional<std::string>()).words,
              HasSubstr("branch production of the repo shop is not there"));
  EXPECT_EQ(Answers(std::optional<std::string>()).words, "");
  EXPECT_THAT(Answers(Unavailable("no route")).words, HasSubstr("no route"));
  const DeployNews back = Has(kA);
  EXPECT_THAT(back.words, HasSubstr("is read again"));
  EXPECT_THAT(Told(back), IsEmpty());
}

TEST_F(BranchWatchTest, APollThatIsLongerThanTheBackOffStaysAsItIs) {
  Config seldom = MakeConfig();
  seldom.repos[0].branch_poll = kHourNs;
  BranchWatch watch(seldom);
  watch.OnAnswer(seldom.repos[0], Unavailable("no route"), kNow);
  EXPECT_EQ(watch.RestFor(kNow), kHourNs);
}

}  // namespace
}  // namespace revertd
