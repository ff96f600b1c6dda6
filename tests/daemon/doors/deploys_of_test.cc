#include "daemon/doors/deploys_of.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace revertd {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr TimeNs kNow = 1'795'230'000 * kSecondNs;
constexpr TimeNs kAt = kNow - kMinuteNs;
const std::string kOld(40, 'a');
const std::string kNew(40, 'b');

ServiceConfig Service(const std::string& name, const std::string& repo) {
  ServiceConfig service;
  service.name = name;
  service.repo = repo;
  return service;
}

// A repository of two services, "shop" and "cart", whose pushes count.
Config Shop() {
  Config config;
  RepoConfig repo;
  repo.name = "shop";
  repo.url = "git@git.example:acme/shop.git";
  repo.branch = "main";
  repo.deploys_from = {DeploySource::kPush};
  config.repos.push_back(repo);
  config.services = {Service("shop", "shop"), Service("cart", "shop"), Service("other", "")};
  return config;
}

Config ShopFrom(DeploySource source) {
  Config config = Shop();
  config.repos[0].deploys_from = {source};
  return config;
}

Told Of(ToldKind kind, const std::string& state = "") {
  Told told;
  told.kind = kind;
  told.source = "github";
  told.repository = "acme/shop";
  told.urls = {"https://git.example/acme/shop.git"};
  told.branch = "main";
  told.commit = kNew;
  told.state = state;
  told.at_ns = kAt;
  return told;
}

Told Push() {
  Told told = Of(ToldKind::kPush);
  told.base = kOld;
  return told;
}

Told Deployment(const std::string& state) {
  Told told = Of(ToldKind::kDeployment, state);
  told.environment = "Production";
  return told;
}

std::vector<std::string> ServicesOf(const ToldDeploys& told) {
  std::vector<std::string> services;
  for (const Deploy& deploy : told.deploys) services.push_back(deploy.service);
  return services;
}

std::string Why(const Told& told, const Config& config) { return DeploysOf(told, config, kNow).not_a_deploy; }

TEST(DeploysOfPush, IsWholeAndOfEveryServiceOfTheRepo) {
  const ToldDeploys answer = DeploysOf(Push(), Shop(), kNow);
  EXPECT_EQ(answer.repo, "shop");
  EXPECT_EQ(answer.not_a_deploy, "");
  EXPECT_THAT(ServicesOf(answer), ElementsAre("shop", "cart"));
  const Deploy& deploy = answer.deploys[0];
  EXPECT_EQ(deploy.repo, "shop");
  EXPECT_EQ(deploy.base, kOld);
  EXPECT_EQ(deploy.head, kNew);
  EXPECT_EQ(deploy.start_ns, kAt);
  EXPECT_EQ(deploy.finish_ns, kAt);
  EXPECT_EQ(deploy.id, "");
}

TEST(DeploysOfPush, WithoutATimeIsOfNow) {
  Told told = Push();
  told.at_ns = 0;
  EXPECT_EQ(DeploysOf(told, Shop(), kNow).deploys[0].finish_ns, kNow);
}

TEST(DeploysOfPush, AForcedOneHasNoBase) {
  Told told = Push();
  told.is_forced = true;
  EXPECT_EQ(DeploysOf(told, Shop(), kNow).deploys[0].base, "");
}

TEST(DeploysOfPush, WhatIsNone) {
  Told told = Push();
  told.branch = "feature";
  EXPECT_EQ(Why(told, Shop()), "another_branch");
  told.branch = "Main";
  EXPECT_EQ(Why(told, Shop()), "another_branch") << "git's branches are told apart by case";
  told = Push();
  told.commit.clear();
  EXPECT_EQ(Why(told, Shop()), "no_commit");
  told.state = "deleted";
  EXPECT_EQ(Why(told, Shop()), "branch_deleted");
  told = Push();
  told.tag = "v1";
  EXPECT_EQ(Why(told, Shop()), "a_tag");
  EXPECT_EQ(Why(Push(), ShopFrom(DeploySource::kDeployment)), "push_is_no_deploy_here");
  Config empty = Shop();
  empty.services.clear();
  EXPECT_EQ(Why(Push(), empty), "no_service_of_repo");
}

TEST(DeploysOfPush, TouchesOnlyTheServicesOfItsPaths) {
  Config config = Shop();
  config.services[0].paths = {"services/shop", "proto/**"};
  config.services[1].paths = {"services/cart"};
  Told told = Push();
  told.all_paths = true;
  told.paths = {"services/cart/main.go"};
  EXPECT_THAT(ServicesOf(DeploysOf(told, config, kNow)), ElementsAre("cart"));
  told.paths = {"services/cart/main.go", "proto/a/b.proto"};
  EXPECT_THAT(ServicesOf(DeploysOf(told, config, kNow)), ElementsAre("shop", "cart"));
  told.paths = {"README.md"};
  EXPECT_EQ(Why(told, config), "touches_no_service");
  told.all_paths = false;
  EXPECT_THAT(ServicesOf(DeploysOf(told, config, kNow)), ElementsAre("shop", "cart")) << "the list may lack a path";
}

TEST(DeploysOfForge, FindsTheRepoHoweverItIsWritten) {
  for (const std::string url : {"git@git.example:acme/shop.git", "ssh://git@git.example:2222/acme/shop",
                                "https://git.example/Acme/Shop.git/", "https://t@GIT.EXAMPLE/acme/shop"}) {
    Config config = Shop();
    config.repos[0].url = url;
    EXPECT_EQ(DeploysOf(Push(), config, kNow).repo, "shop") << url;
    Told bare = Push();
    bare.urls.clear();
    EXPECT_EQ(DeploysOf(bare, config, kNow).repo, "shop") << url;
  }
  for (const std::string url :
       {"https://elsewhere.example/acme/shop.git", "git@git.example:acme/shopping.git", "", "/srv/git/shop.git"}) {
    Config config = Shop();
    config.repos[0].url = url;
    EXPECT_EQ(Why(Push(), config), "unknown_repo") << url;
    config.repos[0].forge.emplace();
    config.repos[0].forge->repository = "Acme/shop";
    EXPECT_EQ(DeploysOf(Push(), config, kNow).repo, "shop") << url;
  }
}

TEST(DeploysOfForge, TheBranchChoosesBetweenTwoReposOfOneRepository) {
  Config config = Shop();
  config.repos.push_back(config.repos[0]);
  config.repos[1].name = "shop-eu";
  config.repos[1].branch = "eu";
  Told told = Push();
  told.branch = "eu";
  EXPECT_EQ(DeploysOf(told, config, kNow).repo, "shop-eu");
  told.branch = "feature";
  EXPECT_EQ(DeploysOf(told, config, kNow).repo, "shop");
}

// One repository, deployed to production by "shop" and to staging by "shop-staging".
Config ShopAndStaging() {
  Config config = ShopFrom(DeploySource::kDeployment);
  config.repos[0].environments = {"production"};
  config.repos.push_back(config.repos[0]);
  config.repos[1].name = "shop-staging";
  config.repos[1].branch = "staging";
  config.repos[1].environments = {"staging"};
  config.services.push_back(Service("shop-on-staging", "shop-staging"));
  return config;
}

TEST(DeploysOfForge, TheEnvironmentChoosesBetweenTwoReposOfOneRepository) {
  for (const std::string branch : {"main", "staging", "v1.2", ""}) {
    Told told = Deployment("success");
    told.branch = branch;
    told.environment = "staging";
    const ToldDeploys staging = DeploysOf(told, ShopAndStaging(), kNow);
    EXPECT_EQ(staging.repo, "shop-staging") << branch;
    EXPECT_EQ(staging.not_a_deploy, "");
    EXPECT_THAT(ServicesOf(staging), ElementsAre("shop-on-staging")) << branch;
    told.environment = "production";
    const ToldDeploys production = DeploysOf(told, ShopAndStaging(), kNow);
    EXPECT_EQ(production.repo, "shop") << branch;
    EXPECT_THAT(ServicesOf(production), ElementsAre("shop", "cart")) << branch;
    told.environment = "nightly";
    EXPECT_EQ(Why(told, ShopAndStaging()), "another_environment") << branch;
  }
}

TEST(DeploysOfForge, AllReposThatFitAreDeployedUnlessTheBranchChooses) {
  Config config = ShopAndStaging();
  config.repos[1].environments = {"production"};
  Told told = Deployment("failure");
  told.branch = "v1.2";
  const ToldDeploys both = DeploysOf(told, config, kNow);
  EXPECT_THAT(ServicesOf(both), ElementsAre("shop", "cart", "shop-on-staging"));
  EXPECT_EQ(both.deploys[2].repo, "shop-staging");
  EXPECT_EQ(both.repo, "shop");
  EXPECT_TRUE(both.abandoned);
  told.branch = "staging";
  EXPECT_THAT(ServicesOf(DeploysOf(told, config, kNow)), ElementsAre("shop-on-staging"));
  EXPECT_EQ(DeploysOf(told, config, kNow).repo, "shop-staging");
}

TEST(DeploysOfForge, MergesReleasesAndPipelinesAreWhole) {
  const std::pair<Told, DeploySource> told[] = {{Of(ToldKind::kMerge, "merged"), DeploySource::kMerge},
                                                {Of(ToldKind::kRelease, "published"), DeploySource::kRelease},
                                                {Of(ToldKind::kPipeline, "success"), DeploySource::kPipeline}};
  for (const auto& [one, source] : told) {
    const ToldDeploys answer = DeploysOf(one, ShopFrom(source), kNow);
    ASSERT_EQ(answer.deploys.size(), 2U) << answer.not_a_deploy;
    EXPECT_EQ(answer.deploys[0].finish_ns, kAt);
    EXPECT_EQ(Why(one, ShopFrom(DeploySource::kBranch)), std::string(NameOf(one.kind)) + "_is_no_deploy_here");
  }
  Told elsewhere = Of(ToldKind::kMerge, "merged");
  elsewhere.branch = "dev";
  EXPECT_EQ(Why(elsewhere, ShopFrom(DeploySource::kMerge)), "another_branch");
}

TEST(DeploysOfForge, NamesWhatIsNone) {
  const Config config = ShopFrom(DeploySource::kPipeline);
  EXPECT_EQ(Why(Of(ToldKind::kPipeline, "pending"), config), "not_ended");
  EXPECT_EQ(Why(Of(ToldKind::kPipeline, "running"), config), "not_ended");
  EXPECT_EQ(Why(Of(ToldKind::kPipeline, "failure"), config), "ended_badly");
  EXPECT_EQ(Why(Of(ToldKind::kPipeline, "neutral"), config), "ended_badly");
  EXPECT_EQ(Why(Of(ToldKind::kRelease, "edited"), config), "not_published");
  EXPECT_EQ(Why(Of(ToldKind::kReview, "opened"), config), "a_review");
  EXPECT_EQ(Why(Of(ToldKind::kReview, "closed"), config), "not_merged");
  EXPECT_EQ(Why(Of(ToldKind::kCheck, "success"), config), "a_check");
  EXPECT_EQ(Why(Of(ToldKind::kPing), config), "a_ping");
  EXPECT_EQ(Why(Of(ToldKind::kOther), config), "none_of_ours");
  EXPECT_EQ(DeploysOf(Of(ToldKind::kCheck), config, kNow).repo, "shop") << "its event is the repo's all the same";
}

TEST(DeploysOfDeployment, BeginsEndsAndIsAbandoned) {
  const Config config = ShopFrom(DeploySource::kDeployment);
  Told begun = Deployment("running");
  begun.started_ns = kAt - kMinuteNs;
  const ToldDeploys under_way = DeploysOf(begun, config, kNow);
  ASSERT_EQ(under_way.deploys.size(), 2U) << under_way.not_a_deploy;
  EXPECT_EQ(under_way.deploys[0].start_ns, kAt - kMinuteNs);
  EXPECT_FALSE(under_way.deploys[0].finished());
  EXPECT_FALSE(under_way.abandoned);
  Told done = Deployment("success");
  done.started_ns = kAt - kMinuteNs;
  done.finished_ns = kAt;
  EXPECT_EQ(DeploysOf(done, config, kNow).deploys[0].start_ns, kAt - kMinuteNs);
  EXPECT_EQ(DeploysOf(done, config, kNow).deploys[0].finish_ns, kAt);
  for (const std::string state : {"failure", "error", "cancelled"}) {
    const ToldDeploys answer = DeploysOf(Deployment(state), config, kNow);
    EXPECT_TRUE(answer.abandoned) << state;
    EXPECT_EQ(answer.deploys.size(), 2U);
    EXPECT_FALSE(answer.deploys[0].finished());
  }
  EXPECT_EQ(Why(Deployment("terminating"), config), "not_ended");
  EXPECT_EQ(Why(Deployment("inactive"), config), "inactive");
}

// It may wait for hours for an approval, while the version before it serves and is to be watched.
TEST(DeploysOfDeployment, WhatWaitsHasNotBegun) {
  for (const std::string state : {"created", "pending"}) {
    const ToldDeploys answer = DeploysOf(Deployment(state), ShopFrom(DeploySource::kDeployment), kNow);
    EXPECT_EQ(answer.not_a_deploy, "not_begun");
    EXPECT_THAT(answer.deploys, IsEmpty()) << state;
    EXPECT_FALSE(answer.abandoned);
  }
}

TEST(DeploysOfDeployment, ASuccessThatSaysNoStartStandsAtItsFinish) {
  Told done = Deployment("success");
  done.finished_ns = kAt;
  const ToldDeploys answer = DeploysOf(done, ShopFrom(DeploySource::kDeployment), kNow);
  EXPECT_EQ(answer.deploys[0].start_ns, kAt);
  EXPECT_EQ(answer.deploys[0].finish_ns, kAt);
}

TEST(DeploysOfDeployment, AClockThatWentBackMakesNoNegativeDeploy) {
  Told told = Deployment("success");
  told.started_ns = kAt + kMinuteNs;
  told.finished_ns = kAt;
  const ToldDeploys answer = DeploysOf(told, ShopFrom(DeploySource::kDeployment), kNow);
  EXPECT_EQ(answer.deploys[0].start_ns, kAt);
}

TEST(DeploysOfDeployment, IsOfItsEnvironment) {
  Config config = ShopFrom(DeploySource::kDeployment);
  config.services[1].known_as = {"cart-eu"};
  Told told = Deployment("success");
  told.environment = "staging";
  EXPECT_EQ(Why(told, config), "another_environment");
  told.environment = "CART-EU";
  EXPECT_THAT(ServicesOf(DeploysOf(told, config, kNow)), ElementsAre("cart"));
  told.environment = "";
  EXPECT_EQ(Why(told, config), "another_environment");
}

Told ByTool(const std::string& source, const std::string& name) {
  Told told = Deployment("success");
  told.source = source;
  told.name = name;
  told.environment.clear();
  told.repository.clear();
  told.urls.clear();
  return told;
}

TEST(DeploysOfTool, NamesServicesAndNeedsNoRepository) {
  Config config = ShopFrom(DeploySource::kDeployment);
  config.services[1].known_as = {"cart-app"};
  EXPECT_THAT(ServicesOf(DeploysOf(ByTool("flux", "Cart-App"), config, kNow)), ElementsAre("cart"));
  EXPECT_EQ(DeploysOf(ByTool("flux", "cart-app"), config, kNow).repo, "shop");
  EXPECT_THAT(ServicesOf(DeploysOf(ByTool("argocd", "shop"), config, kNow)), ElementsAre("shop"));
  EXPECT_THAT(ServicesOf(DeploysOf(ByTool("sentry", "shop,cart-app,x"), config, kNow)), ElementsAre("shop", "cart"));
  EXPECT_THAT(ServicesOf(DeploysOf(ByTool("flux", "other"), config, kNow)), ElementsAre("other"));
  EXPECT_EQ(Why(ByTool("flux", "webapp"), config), "none_of_ours");
  EXPECT_EQ(Why(ByTool("flux", ""), config), "none_of_ours");
  EXPECT_EQ(Why(ByTool("flux", "shop"), Shop()), "deployment_is_no_deploy_here");
}

TEST(DeploysOfTool, AnEnvironmentThatIsNamedMustBeOurs) {
  const Config config = ShopFrom(DeploySource::kDeployment);
  Told told = ByTool("sentry", "shop");
  told.environment = "staging";
  EXPECT_EQ(Why(told, config), "another_environment");
  told.environment = "production";
  EXPECT_THAT(ServicesOf(DeploysOf(told, config, kNow)), ElementsAre("shop"));
}

TEST(DeploysOfTool, ASentryVersionNamesItsProject) {
  Told told = ByTool("sentry", "");
  told.version = "shop@2.4.1";
  EXPECT_THAT(ServicesOf(DeploysOf(told, ShopFrom(DeploySource::kDeployment), kNow)), ElementsAre("shop"));
  told.version = "2.4.1";
  EXPECT_EQ(Why(told, ShopFrom(DeploySource::kDeployment)), "none_of_ours");
}

TEST(DeploysOfTool, ACommitOfAnotherRepositoryIsNotTheServices) {
  const Config config = ShopFrom(DeploySource::kDeployment);
  Told told = ByTool("argocd", "shop");
  EXPECT_EQ(DeploysOf(told, config, kNow).deploys[0].head, kNew);
  told.urls = {"https://git.example/acme/manifests.git"};
  told.repository = "acme/manifests";
  ASSERT_EQ(DeploysOf(told, config, kNow).deploys.size(), 1U);
  EXPECT_EQ(DeploysOf(told, config, kNow).deploys[0].head, "");
  told.urls = {"https://git.example/acme/shop.git"};
  told.repository = "acme/shop";
  EXPECT_EQ(DeploysOf(told, config, kNow).deploys[0].head, kNew);
}

TEST(DeploysOfTool, AFailedOneIsAbandoned) {
  Told told = ByTool("flux", "shop");
  told.state = "failure";
  EXPECT_TRUE(DeploysOf(told, ShopFrom(DeploySource::kDeployment), kNow).abandoned);
  told.state = "DependencyNotReady";
  EXPECT_EQ(Why(told, ShopFrom(DeploySource::kDeployment)), "not_ended");
  EXPECT_THAT(DeploysOf(told, ShopFrom(DeploySource::kDeployment), kNow).deploys, IsEmpty());
}

}  // namespace
}  // namespace revertd
