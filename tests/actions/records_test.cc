// Record files: whole or as they were before, in a folder that only its group may enter.
#include "actions/records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <sstream>

#include "tests/test_folder.h"

namespace revertd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string TextOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> FilesIn(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

unsigned ModeOf(const std::string& path) {
  struct stat about = {};
  EXPECT_EQ(::stat(path.c_str(), &about), 0) << path;
  return about.st_mode & 0777U;
}

TEST(RecordName, IsOneComponentOfAPathAndDifferentForDifferentIds) {
  EXPECT_EQ(RecordName("checkout-3f2a91c0-1795255198"), "checkout-3f2a91c0-1795255198");
  EXPECT_EQ(RecordName("../../etc/passwd"), "=2E=2E=2F=2E=2E=2Fetc=2Fpasswd");
  const std::string long_id(3000, '/');
  EXPECT_EQ(RecordName(long_id).size(), kRecordNameBytesMax);
  EXPECT_NE(RecordName(long_id), RecordName(long_id + "/"));
  EXPECT_EQ(RecordName(long_id), RecordName(long_id));
}

TEST(RecordFolder, WritesWholeFilesIntoItsOwnFolders) {
  const TestFolder folder;
  const RecordFolder records(folder.Path("."));
  ASSERT_TRUE(records.Write(records.MarkdownPath("a/b"), "# one\n").ok());
  ASSERT_TRUE(records.Write(records.ChartPath("a/b"), "<svg/>").ok());
  ASSERT_TRUE(records.Write(records.DeployLogPath("d"), "# two\n").ok());
  ASSERT_TRUE(records.Write(records.MarkdownPath("a/b"), "# again\n").ok());
  EXPECT_EQ(TextOf(folder.Path("records/a=2Fb.md")), "# again\n");
  EXPECT_EQ(TextOf(folder.Path("records/" + RecordFolder::ChartName("a/b"))), "<svg/>");
  EXPECT_EQ(TextOf(folder.Path("records/deploys/d.md")), "# two\n");
  EXPECT_THAT(FilesIn(folder.Path("records")), ElementsAre("a=2Fb.md", "a=2Fb.svg", "deploys"));
  EXPECT_EQ(ModeOf(folder.Path("records")) & 0027U, 0U);
  EXPECT_EQ(ModeOf(folder.Path("records/deploys")) & 0027U, 0U);
  EXPECT_EQ(ModeOf(folder.Path("records/deploys/d.md")) & 0137U, 0U);
  EXPECT_TRUE(RecordFolder::Exists(records.MarkdownPath("a/b")));
  EXPECT_FALSE(RecordFolder::Exists(records.MarkdownPath("a")));
  EXPECT_FALSE(RecordFolder::Exists(folder.Path("records")));
}

TEST(RecordFolder, WhatAKillLeftBehindIsOverwritten) {
  const TestFolder folder;
  const RecordFolder records(folder.Path("."));
  ASSERT_TRUE(records.Write(records.MarkdownPath("t"), "old").ok());
  folder.Write("records/t.md.tmp", "half of something longer");
  ASSERT_TRUE(records.Write(records.MarkdownPath("t"), "new").ok());
  EXPECT_EQ(TextOf(records.MarkdownPath("t")), "new");
  EXPECT_THAT(FilesIn(folder.Path("records")), ElementsAre("t.md"));
}

// A link put where we write would have us write elsewhere.
TEST(RecordFolder, DoesNotFollowALink) {
  const TestFolder folder;
  const RecordFolder records(folder.Path("."));
  ASSERT_TRUE(records.Write(records.MarkdownPath("t"), "old").ok());
  folder.Write("precious", "kept");
  std::filesystem::create_symlink(folder.Path("precious"), folder.Path("records/t.md.tmp"));
  EXPECT_FALSE(records.Write(records.MarkdownPath("t"), "new").ok());
  EXPECT_EQ(TextOf(folder.Path("precious")), "kept");
  EXPECT_TRUE(records.Write(records.MarkdownPath("t"), "new").ok());  // the link is gone by then
  EXPECT_EQ(TextOf(records.MarkdownPath("t")), "new");
}

TEST(RecordFolder, AFailingDiskIsAStatusAndTheOldFileStays) {
  const TestFolder folder;
  const RecordFolder records(folder.Path("."));
  ASSERT_TRUE(records.Write(records.MarkdownPath("t"), "old").ok());
  // A limit on the size of files acts as a full disk does.
  auto* const handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before = {};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit limit = {4096, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &limit);
  const Status status = records.Write(records.MarkdownPath("t"), std::string(10'000, 'x'));
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_THAT(std::string(MessageOf(status)), HasSubstr("records/t.md.tmp: File too large"));
  EXPECT_EQ(TextOf(records.MarkdownPath("t")), "old");
  EXPECT_THAT(FilesIn(folder.Path("records")), ElementsAre("t.md"));
}

TEST(RecordFolder, AFolderThatCannotBeMadeIsAStatus) {
  const TestFolder folder;
  folder.Write("records", "a file in the way");
  const RecordFolder records(folder.Path("."));
  const Status status = records.Write(records.MarkdownPath("t"), "x");
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_THAT(std::string(MessageOf(status)), HasSubstr("cannot make the folder "));
  const RecordFolder nowhere(folder.Path("no/such"));
  EXPECT_FALSE(nowhere.Write(nowhere.MarkdownPath("t"), "x").ok());
}

}  // namespace
}  // namespace revertd
