// Files that nobody wrote in good faith: an answer or one line, in bounded work, never a crash, never an exception.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <random>
#include <sstream>
#include <string>

#include "config/load.h"
#include "config/load_release.h"
#include "config/yaml.h"

namespace revertd {
namespace {

std::string ReadSource(const std::string& name) {
  std::ifstream file(std::string(REVERTD_SOURCE_DIR) + "/config/" + name);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

void ExpectOneLine(const Status& status) {
  if (status.ok()) return;
  const std::string_view message = MessageOf(status);
  EXPECT_EQ(ExitCodeOf(status), ExitCode::kUsage);
  EXPECT_EQ(message.substr(0, 2), "F:");
  EXPECT_EQ(std::count(message.begin(), message.end(), '\n'), 0) << message;
  EXPECT_LT(message.size(), 500U) << message;
}

void ExpectConfigOrOneLine(const std::string& yaml) { ExpectOneLine(ParseConfig(yaml, "F").status()); }

TEST(HostileYaml, AnAliasBombIsAnErrorNotAHang) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 20; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int copy = 0; copy < 9; ++copy) bomb.append(", ").append(before);
    bomb += "]\n";
  }
  const auto config = ParseConfig(bomb, "F");
  EXPECT_EQ(MessageOf(config.status()), "F:1: more than 100000 values");
}

TEST(HostileYaml, DeepNestingIsAnError) {
  for (const std::string_view bracket : {"[", "{a: ", "- ", "? "}) {
    for (const int depth : {33, 400, 5000, 100'000}) {
      std::string yaml = "state: ";
      if (bracket == "- " || bracket == "? ") yaml.clear();
      for (int i = 0; i < depth; ++i) yaml += bracket;
      EXPECT_FALSE(ParseConfig(yaml, "F").ok());
      ExpectConfigOrOneLine(yaml);
    }
  }
}

TEST(HostileYaml, ManyKeysTakeLinearWork) {
  std::string yaml;
  for (size_t i = 0; i < YamlNode::kNodesMax + 10; ++i) yaml += "k" + std::to_string(i) + ": 1\n";
  EXPECT_EQ(MessageOf(ParseConfig(yaml, "F").status()), "F:100000: more than 100000 values");
}

TEST(HostileYaml, KeysAndValuesOfAnyBytesGiveOneShortLine) {
  ExpectConfigOrOneLine("\"a\\nb\": 1");
  ExpectConfigOrOneLine("services: {\"a\\nb\": {}}");
  ExpectConfigOrOneLine("\"" + std::string(10'000, 'k') + "\": 1");
  ExpectConfigOrOneLine("detect: {observe: \"" + std::string(10'000, 'v') + "\\n\"}");
  ExpectConfigOrOneLine("\"a\\nb\": 1\n\"a\\nb\": 2");
  ExpectConfigOrOneLine(std::string("state: \0x", 9));
  ExpectConfigOrOneLine("state: \xff\xfe");
}

std::string Mutate(std::string text, std::mt19937_64& random) {
  static const std::string kBytes = "{}[]:,-?&*!|>'\"#%@`~\n\t  0a\\\xff";
  const auto below = [&](size_t limit) { return static_cast<size_t>(random() % limit); };
  for (size_t edits = 1 + below(8); edits > 0; --edits) {
    const size_t at = below(text.size() + 1);
    switch (below(5)) {
      case 0: text.insert(at, 1, kBytes[below(kBytes.size())]); break;
      case 1: text.erase(at, below(20)); break;
      case 2: text.insert(at, text.substr(below(text.size() + 1), below(60))); break;
      case 3: text.resize(at); break;
      default:
        if (at < text.size()) text[at] = static_cast<char>(random() % 256);
    }
  }
  return text;
}

TEST(HostileYaml, MutationsOfTheShippedFilesNeverCrash) {
  constexpr uint64_t kSeeds = 2000;
  const std::string example = ReadSource("example.yaml");
  const std::string reference = ReadSource("reference.yaml");
  ASSERT_FALSE(example.empty() || reference.empty());
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    ExpectConfigOrOneLine(Mutate(seed % 2 == 0 ? example : reference, random));
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(HostileYaml, MutationsOfReleaseFilesNeverCrash) {
  constexpr uint64_t kSeeds = 2000;
  const auto config = LoadConfig(std::string(REVERTD_SOURCE_DIR) + "/config/samples/releases/revertd.yaml");
  ASSERT_TRUE(config.ok()) << config.status();
  const std::string files[] = {ReadSource("samples/releases/four-services.yaml"),
                               ReadSource("samples/releases/migrations.yaml")};
  ASSERT_FALSE(files[0].empty() || files[1].empty());
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    const auto release = ParseRelease(Mutate(files[seed % 2], random), "F", *config);
    ExpectOneLine(release.status());
    EXPECT_TRUE(!release.ok() || !release->stages.empty());
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(HostileYaml, AReleaseOfManyNamesTakesBoundedWork) {
  std::string needs;
  for (size_t i = 0; i < 50'000; ++i) needs += "n" + std::to_string(i) + ", ";
  const auto release = ParseRelease("{release: r, stages: [{stage: s, needs: [" + needs + "]}]}", "F", {});
  EXPECT_EQ(MessageOf(release.status()), "F:1: stages[0].needs: at most 200 stages expected");
}

}  // namespace
}  // namespace revertd
