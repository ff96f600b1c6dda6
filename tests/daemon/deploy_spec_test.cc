#include "daemon/deploy_spec.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace revertd {
namespace {

TEST(DeploySpec, ReadsEveryKey) {
  const auto deploy =
      ParseDeploySpec("service=checkout,at=2026-11-21T10:00:00Z,until=1795255260,commit=abc,base=def,repo=shop,id=d1");
  ASSERT_TRUE(deploy.ok()) << MessageOf(deploy.status());
  EXPECT_EQ(deploy->service, "checkout");
  EXPECT_EQ(deploy->start_ns, 1795255200 * kSecondNs);
  EXPECT_EQ(deploy->finish_ns, 1795255260 * kSecondNs);
  EXPECT_EQ(deploy->head, "abc");
  EXPECT_EQ(deploy->base, "def");
  EXPECT_EQ(deploy->repo, "shop");
  EXPECT_EQ(deploy->id, "d1");
}

TEST(DeploySpec, FinishDefaultsToStartAndIdToServiceAndTime) {
  const auto deploy = ParseDeploySpec("service=checkout,at=1795255200");
  ASSERT_TRUE(deploy.ok());
  EXPECT_EQ(deploy->finish_ns, deploy->start_ns);
  EXPECT_EQ(deploy->id, "checkout-1795255200");
}

TEST(DeploySpec, SaysWhatIsWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {"service=checkout", "a deploy needs at=TIME"},
      {"at=1795255200", "a deploy needs service=NAME"},
      {"service=checkout,at=noon", "at=noon: not a time (RFC 3339 or Unix seconds expected)"},
      {"service=checkout,at=100,until=99", "a deploy's until lies before its at"},
      {"service=checkout,at=100,comit=abc", "unknown key \"comit\" in a deploy; did you mean \"commit\"?"},
      {"service=checkout,at", "\"at\" in a deploy is not KEY=VALUE"},
  };
  for (const auto& [spec, message] : cases) {
    const auto deploy = ParseDeploySpec(spec);
    ASSERT_FALSE(deploy.ok()) << spec;
    EXPECT_EQ(MessageOf(deploy.status()), message);
    EXPECT_EQ(ExitCodeOf(deploy.status()), ExitCode::kUsage);
  }
}

class DeploysFile : public ::testing::Test {
 protected:
  std::string Write(std::string_view text) {
    const std::string path =
        (std::filesystem::path(::testing::TempDir()) /
         (std::string("deploys-") + ::testing::UnitTest::GetInstance()->current_test_info()->name() + ".ndjson"))
            .string();
    std::ofstream(path) << text;
    return path;
  }
};

TEST_F(DeploysFile, ReadsTheSameKeysAsNdjson) {
  const auto deploys =
      ReadDeploysFile(Write("{\"service\":\"checkout\",\"at\":1795255200.5,\"commit\":\"abc\"}\n\n"
                            "{\"at\":\"2026-11-21T11:00:00Z\",\"service\":\"catalog\"}"));
  ASSERT_TRUE(deploys.ok()) << MessageOf(deploys.status());
  ASSERT_EQ(deploys->size(), 2U);
  EXPECT_EQ((*deploys)[0].start_ns, 1795255200 * kSecondNs + kSecondNs / 2);
  EXPECT_EQ((*deploys)[0].head, "abc");
  EXPECT_EQ((*deploys)[1].service, "catalog");
}

TEST_F(DeploysFile, NamesFileAndLineOfWhatIsWrong) {
  const std::string path =
      Write("{\"service\":\"checkout\",\"at\":1}\n{\"service\":\"checkout\",\"at\":1,\"servce\":\"x\"}\n");
  const auto deploys = ReadDeploysFile(path);
  ASSERT_FALSE(deploys.ok());
  EXPECT_EQ(MessageOf(deploys.status()), path + ":2: unknown key \"servce\" in a deploy; did you mean \"service\"?");
}

TEST_F(DeploysFile, RefusesWhatIsNoObject) {
  for (const char* line :
       {"[1]", "{\"service\":", "\"text\"", "{} {}", "{\"service\":[1],\"at\":1}", "{\"at\":true}"}) {
    EXPECT_FALSE(ReadDeploysFile(Write(line)).ok()) << line;
  }
}

TEST_F(DeploysFile, AMissingFileIsNamed) {
  const auto deploys = ReadDeploysFile("/nonexistent/deploys.ndjson");
  EXPECT_EQ(MessageOf(deploys.status()), "cannot read the deploys file /nonexistent/deploys.ndjson");
}

}  // namespace
}  // namespace revertd
