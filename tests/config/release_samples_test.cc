// What is shown to be copied must be read: the samples, and the release file of the manual.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "config/load.h"
#include "config/load_release.h"

namespace revertd {
namespace {

namespace fs = std::filesystem;

using ::testing::IsSupersetOf;

std::string SourcePath(const std::string& name) { return std::string(REVERTD_SOURCE_DIR) + "/" + name; }

Config SampleConfig() {
  const auto config = LoadConfig(SourcePath("config/samples/releases/revertd.yaml"));
  EXPECT_TRUE(config.ok()) << config.status();
  return config.ok() ? *config : Config{};
}

TEST(ReleaseSamples, EachIsReadWithTheConfigurationBesideIt) {
  const Config config = SampleConfig();
  std::set<std::string> read;
  std::set<std::string> promoted;
  for (const auto& entry : fs::directory_iterator(SourcePath("config/samples/releases"))) {
    const fs::path& path = entry.path();
    if (path.extension() != ".yaml" || path.filename() == "revertd.yaml") continue;
    const auto release = LoadRelease(path.string(), config);
    ASSERT_TRUE(release.ok()) << release.status();
    read.insert(path.stem().string());
    for (const ReleaseStage& stage : release->stages) {
      for (const ReleaseStep& step : stage.steps) promoted.insert(step.service);
    }
  }
  EXPECT_THAT(read, IsSupersetOf({"four-services", "kubernetes", "migrations", "terraform"}));
  for (const ServiceConfig& service : config.services) EXPECT_TRUE(promoted.contains(service.name)) << service.name;
}

TEST(ReleaseSamples, TheManualShowsAFileThatIsRead) {
  std::ifstream file(SourcePath("docs/release.md"));
  std::stringstream text;
  text << file.rdbuf();
  const std::string manual = text.str();
  const std::string fence = "```yaml\nrelease:";
  const size_t begin = manual.find(fence);
  ASSERT_NE(begin, std::string::npos);
  const size_t first = begin + fence.size() - std::string("release:").size();
  const auto release = ParseRelease(manual.substr(first, manual.find("```", first) - first), "F", SampleConfig());
  EXPECT_TRUE(release.ok()) << release.status();
}

}  // namespace
}  // namespace revertd
