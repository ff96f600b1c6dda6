// GlobMatch against git itself: the executor hands the same globs to git, and both must mean the same files.
#include "daemon/doors/path_glob.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "actions/process.h"
#include "base/strings.h"
#include "tests/test_folder.h"

namespace revertd {
namespace {

TEST(PathGlob, AFolderMeansAllBelowIt) {
  EXPECT_TRUE(GlobMatch("services/shop", "services/shop/src/main.cc"));
  EXPECT_TRUE(GlobMatch("services/shop/", "services/shop/src/main.cc"));
  EXPECT_TRUE(GlobMatch("./services/shop", "services/shop/x"));
  EXPECT_TRUE(GlobMatch("Makefile", "Makefile"));
  EXPECT_FALSE(GlobMatch("services/shop", "services/shop2/x"));
  EXPECT_FALSE(GlobMatch("services/shop/", "services/shop"));
  EXPECT_FALSE(GlobMatch("shop", "services/shop/x"));
}

TEST(PathGlob, OneStarStaysInItsFolder) {
  EXPECT_TRUE(GlobMatch("db/*.sql", "db/1.sql"));
  EXPECT_FALSE(GlobMatch("db/*.sql", "db/old/1.sql"));
  EXPECT_FALSE(GlobMatch("*.sql", "db/1.sql"));
  EXPECT_FALSE(GlobMatch("db?1.sql", "db/1.sql"));
}

TEST(PathGlob, TwoStarsCrossFolders) {
  EXPECT_TRUE(GlobMatch("**/*.sql", "1.sql"));
  EXPECT_TRUE(GlobMatch("**/*.sql", "db/old/1.sql"));
  EXPECT_TRUE(GlobMatch("db/**", "db/old/1.sql"));
  EXPECT_TRUE(GlobMatch("db/**/1.sql", "db/1.sql"));
  EXPECT_FALSE(GlobMatch("**/db", "olddb"));
  EXPECT_FALSE(GlobMatch("db/**", "db"));
}

TEST(PathGlob, ClassesAndEscapes) {
  EXPECT_TRUE(GlobMatch("v[0-9]/[!a]", "v2/b"));
  EXPECT_TRUE(GlobMatch("v[[:digit:]]/x", "v2/x"));
  EXPECT_TRUE(GlobMatch("[]a]", "]"));
  EXPECT_TRUE(GlobMatch("a\\*b", "a*b"));
  EXPECT_FALSE(GlobMatch("a\\*b", "axb"));
  EXPECT_FALSE(GlobMatch("a[!b]c", "a/c"));
  EXPECT_FALSE(GlobMatch("a[b", "a[bc"));
  EXPECT_FALSE(GlobMatch("a*\\", "a\\"));
}

TEST(PathGlob, ManyStarsTakeNoLonger) {
  std::string glob;
  for (int i = 0; i < 60; ++i) glob += "*a";
  EXPECT_FALSE(GlobMatch(glob + "b", std::string(2'000, 'a')));
}

// An index of paths without any file.
class GitWitness {
 public:
  explicit GitWitness(const std::vector<std::string>& paths) {
    Run({"init", "--quiet"}, "");
    std::string index;
    for (const std::string& path : paths) index += "100644 " + std::string(40, '1') + " 0\t" + path + "\n";
    Run({"update-index", "--index-info"}, index);
  }

  std::vector<std::string> Matches(const std::string& glob) const {
    std::vector<std::string> paths;
    const std::string listed = Run({"ls-files", "-z", "--", ":(top,glob)" + glob}, "");
    for (const std::string_view path : Split(listed, '\0')) {
      if (!path.empty()) paths.emplace_back(path);
    }
    return paths;
  }

 private:
  std::string Run(std::vector<std::string> arguments, const std::string& input) const {
    ProcessSpec spec;
    spec.program = "git";
    spec.arguments = std::move(arguments);
    spec.working_directory = folder_.Path(".");
    spec.environment = OwnEnvironment();
    spec.standard_input = input;
    const auto result = RunProcess(spec);
    EXPECT_TRUE(result.ok() && result->exit_code == 0) << (result.ok() ? result->standard_error : "git did not run");
    return result.ok() ? result->standard_output : "";
  }

  TestFolder folder_;
};

std::string RandomGlob(std::mt19937& random) {
  static const std::vector<std::string> kPieces = {"a",    "b",   "ab", "c",   "*",    "*",    "**",          "?",
                                                   "/",    "/",   "/",  "**/", "/**",  "[ab]", "[!a]",        "\\a",
                                                   "[a-b", "***", "a/", "/b",  "[^/]", "[]a]", "[[:alpha:]]", "\\*"};
  std::string glob;
  for (size_t count = 1 + random() % 5; count > 0; --count) {
    const std::string& piece = kPieces[random() % kPieces.size()];
    const bool doubles = piece[0] == '/' && (glob.empty() || glob.back() == '/');
    glob += doubles ? piece.substr(1) : piece;
  }
  return glob.empty() ? "a" : glob;
}

TEST(PathGlob, MeansWhatGitMeans) {
  std::vector<std::string> paths;
  const std::vector<std::string> names = {"a", "b", "ab", "aab", "c", "*"};
  for (const std::string& folder : names) {
    paths.push_back(folder + ".f");
    paths.push_back(folder + "b");
    for (const std::string& name : names) {
      if (folder != "b" && folder != "ab" && folder != "aab") paths.push_back(folder + "/" + name + "b");
      if (folder == "a") paths.push_back("a/a/" + name);
      if (folder == "c") paths.push_back("c/d/c/" + name);
    }
  }
  std::sort(paths.begin(), paths.end());
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  const GitWitness git(paths);
  std::mt19937 random(20261121);
  size_t matched = 0;
  for (int round = 0; round < 400; ++round) {
    const std::string glob = RandomGlob(random);
    std::vector<std::string> ours;
    for (const std::string& path : paths) {
      if (GlobMatch(glob, path)) ours.push_back(path);
    }
    matched += ours.size();
    EXPECT_EQ(ours, git.Matches(glob)) << "glob " << glob;
  }
  EXPECT_GT(matched, 1'000U) << "the globs must hit something";
}

}  // namespace
}  // namespace revertd
