// What the tests of the forges share: a forge of each kind that speaks to a FakeHttpServer, and each kind's usual
// answer, all three of which mean the same pull request.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "actions/forge.h"
#include "actions/http_client.h"
#include "tests/actions/fake_http_server.h"

namespace revertd {

inline constexpr char kToken[] = "t0ken-OfOurs-98765";
inline constexpr char kHead[] = "1111111111111111111111111111111111111111";
inline constexpr char kMerge[] = "2222222222222222222222222222222222222222";

// `changes`: members put in the place of those of the same name, as JSON text.
struct Member {
  std::string name;
  std::string json;
};
std::string Changed(std::string json, const std::vector<Member>& changes);

std::string PullJson(ForgeKind kind, const std::vector<Member>& changes = {});
std::string MergedJson(ForgeKind kind);
std::string ClosedJson(ForgeKind kind);
void ExpectUsualPull(const PullRequest& pull);

class ForgeTest : public ::testing::Test {
 protected:
  explicit ForgeTest(ForgeKind kind = ForgeKind::kGitHub);
  void SetUp() override { UseForge(kind_); }
  // Every answer that was scripted was asked for.
  void TearDown() override { EXPECT_EQ(server_.answers_left(), 0U); }

  void UseForge(ForgeKind kind, const std::string& api_path = "");
  // The requests since the last call.
  std::vector<std::string> Asked() { return server_.TakeLines(); }

  const ForgeKind kind_;
  FakeHttpServer server_;
  CurlHttpClient http_;
  std::unique_ptr<Forge> forge_;
};

}  // namespace revertd
