// `revertd drift scan` as a user runs it: what it prints, where, and how it exits. tests/actions/drift has the
// findings.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tests/daemon/program.h"

namespace revertd {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

class DriftCommand : public ::testing::Test {
 protected:
  ProgramResult Scan(const std::string& services, const std::string& more = "") {
    const std::string config =
        folder_.Write("revertd.yaml", "services:\n" + services + more + "state: " + folder_.Path("state.db") + "\n");
    return RunProgram(folder_, {"drift", "scan", "--config", config});
  }

  const TestFolder folder_;
};

constexpr char kSays[] = "  shop: {running: {command: [echo, 3f2a91c0]}}\n";
constexpr char kSaysNothing[] = "  mail: {running: {command: ['false']}}\n";

TEST_F(DriftCommand, CleanIsDoneAndSaysWhatItLookedAt) {
  const ProgramResult result = Scan(kSays);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.err, "") << "words are for terminals";
  EXPECT_THAT(result.out, AllOf(StartsWith("{\"event\":\"summary\",\"time_ns\":"),
                                HasSubstr("\"findings\":0,\"looked_at\":{\"repos\":0,\"work_trees\":0,\"services\":1,"),
                                HasSubstr("no_state: "), HasSubstr("no_deploys_known: ")));
  EXPECT_FALSE(std::filesystem::exists(folder_.Path("state.db")));
}

TEST_F(DriftCommand, AFindingIsBadNews) {
  const ProgramResult result = Scan(std::string(kSays) + kSaysNothing);
  EXPECT_EQ(result.exit_code, 1) << result.err;
  EXPECT_THAT(result.out,
              MatchesRegex("\\{\"event\":\"drift\",\"time_ns\":[0-9]+,\"kind\":\"running_unknown\",\"subject\":"
                           "\"mail\".*\n\\{\"event\":\"summary\".*\"findings\":1,.*\n"));
}

TEST_F(DriftCommand, WhereNothingCouldBeLookedAtTheWorldFailed) {
  EXPECT_EQ(Scan(kSaysNothing).exit_code, 3);
  const ProgramResult result = Scan("  shop: {repo: shop}\n", "repos:\n  shop: {url: 'file:///nowhere/shop.git'}\n");
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.out, HasSubstr("\"kind\":\"cannot_look\",\"subject\":\"shop\""));
}

TEST_F(DriftCommand, SaysWhereThereIsNothingToLookFor) {
  const ProgramResult result = Scan("  shop: {}\n");
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.err, StartsWith("revertd: nothing that could drift is configured: nothing was looked at"));
}

TEST_F(DriftCommand, AWrongConfigurationIsWrongUsage) {
  EXPECT_EQ(RunProgram(folder_, {"drift"}).exit_code, 2);
  EXPECT_EQ(Scan("  shop: {running: 7}\n").exit_code, 2);
}

}  // namespace
}  // namespace revertd
