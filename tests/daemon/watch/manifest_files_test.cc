// The manifest on disk: the one that is kept for others, and the one that others keep.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "base/time_format.h"
#include "daemon/doors/manifest_watch.h"
#include "daemon/doors/manifest_writer.h"
#include "tests/test_folder.h"

namespace revertd {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr TimeNs kNow = 1'763'700'000 * kSecondNs;

std::string TextOf(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

class ManifestWriterTest : public testing::Test {
 protected:
  ManifestWriterTest() {
    auto state = StateStore::Open(folder_.Path("state.db"), StateStore::Access::kOwner);
    EXPECT_TRUE(state.ok());
    state_ = *std::move(state);
    fs::create_directories(folder_.Path("out"));
    Deployed("cart-1", kNow - kHourNs);
  }
  void Deployed(const std::string& id, TimeNs at) {
    Deploy deploy;
    deploy.id = id;
    deploy.service = "cart";
    deploy.repo = "shop";
    deploy.head = "4f2a9c1";
    deploy.start_ns = at;
    deploy.finish_ns = at + 1'500'000;
    EXPECT_TRUE(state_->WriteDeploy(deploy).ok());
  }
  std::vector<std::string> Ids() const {
    std::vector<std::string> ids;
    const auto entries = ParseManifest(TextOf(path_));
    EXPECT_TRUE(entries.ok()) << MessageOf(entries.status());
    for (const ManifestEntry& entry : *entries) ids.push_back(entry.id);
    return ids;
  }

  const TestFolder folder_;
  const std::string path_ = folder_.Path("out/manifest.json");
  std::unique_ptr<StateStore> state_;
  ManifestWriter writer_{path_};
};

TEST_F(ManifestWriterTest, TellsDeploysAndTheirNewestVerdicts) {
  for (const auto& [state, at] : {std::pair(VerdictState::kWatching, kNow), {VerdictState::kHealthy, kNow + 1}}) {
    Verdict verdict;
    verdict.deploy_id = "cart-1";
    verdict.service = "cart";
    verdict.state = state;
    verdict.at_ns = at;
    ASSERT_TRUE(state_->WriteVerdict(verdict).ok());
  }
  EXPECT_EQ(writer_.Update(*state_, kNow), "");
  const auto entries = ParseManifest(TextOf(path_));
  ASSERT_TRUE(entries.ok());
  ASSERT_EQ(entries->size(), 1U);
  EXPECT_EQ((*entries)[0].verdict, VerdictState::kHealthy);
  EXPECT_EQ((*entries)[0].to, "4f2a9c1");
  EXPECT_FALSE(fs::exists(path_ + ".new"));
}

TEST_F(ManifestWriterTest, IsWrittenOnlyWhenThereIsSomethingElseToTell) {
  writer_.Update(*state_, kNow);
  const std::string first = TextOf(path_);
  writer_.Update(*state_, kNow + kMinuteNs);
  ManifestWriter(path_).Update(*state_, kNow + 2 * kMinuteNs);  // after a restart
  EXPECT_EQ(TextOf(path_), first);
  Deployed("cart-2", kNow);
  writer_.Update(*state_, kNow + 3 * kMinuteNs);
  EXPECT_THAT(Ids(), ElementsAre("cart-1", "cart-2"));
  EXPECT_THAT(TextOf(path_), HasSubstr(FormatRfc3339(kNow + 3 * kMinuteNs)));
}

TEST_F(ManifestWriterTest, WhatOthersTookAwayOrSpoiltIsWrittenAgain) {
  writer_.Update(*state_, kNow);
  fs::remove(path_);
  writer_.Update(*state_, kNow);
  EXPECT_THAT(Ids(), ElementsAre("cart-1"));
  std::ofstream(path_) << "{";
  ManifestWriter(path_).Update(*state_, kNow);
  EXPECT_THAT(Ids(), ElementsAre("cart-1"));
}

TEST_F(ManifestWriterTest, AFailureIsToldOnceAndTriedAgain) {
  fs::rename(folder_.Path("out"), folder_.Path("away"));
  EXPECT_THAT(writer_.Update(*state_, kNow), HasSubstr("the manifest for others is not up to date: cannot write"));
  EXPECT_EQ(writer_.Update(*state_, kNow), "");
  EXPECT_TRUE(writer_.is_behind());
  fs::rename(folder_.Path("away"), folder_.Path("out"));
  EXPECT_THAT(writer_.Update(*state_, kNow), HasSubstr("up to date again"));
  EXPECT_FALSE(writer_.is_behind());
  EXPECT_THAT(Ids(), ElementsAre("cart-1"));
}

TEST_F(ManifestWriterTest, AFailureLeavesTheOldFileWhole) {
  writer_.Update(*state_, kNow);
  const std::string before = TextOf(path_);
  fs::create_directories(path_ + ".new");  // the file beside it cannot be made
  Deployed("cart-2", kNow);
  EXPECT_NE(writer_.Update(*state_, kNow), "");
  EXPECT_EQ(TextOf(path_), before);
}

class ManifestWatchTest : public testing::Test {
 protected:
  ManifestWatchTest() { config_.manifest.watch = path_; }

  static ManifestEntry Entry(const std::string& id, TimeNs started, TimeNs finished) {
    return {.id = id,
            .service = "cart",
            .repo = "shop",
            .from = "1111111",
            .to = "2222222",
            .started_ns = started,
            .finished_ns = finished};
  }
  // As the next file at the path: whole, another inode.
  void Keep(const std::vector<ManifestEntry>& entries) {
    folder_.Write("next", ManifestJson(entries, kNow));
    fs::rename(folder_.Path("next"), path_);
  }
  // "ID" of what has begun, "ID!" of what is finished.
  std::vector<std::string> News(TimeNs now = kNow) {
    const DeployNews news = watch_.Poll(now);
    if (!news.words.empty()) said_.push_back(news.words);
    std::vector<std::string> ids;
    for (const Deploy& deploy : news.deploys) ids.push_back(deploy.id + (deploy.finished() ? "!" : ""));
    return ids;
  }

  const TestFolder folder_;
  const std::string path_ = folder_.Path("manifest.json");
  Config config_;
  ManifestWatch watch_{config_};
  std::vector<std::string> said_;
};

TEST_F(ManifestWatchTest, TheFirstReadingTellsOnlyWhatIsRecentOrUnderWay) {
  Keep({Entry("old", kNow - 3 * kHourNs, kNow - 11 * kMinuteNs), Entry("recent", kNow - kHourNs, kNow - 9 * kMinuteNs),
        Entry("under way", kNow - 3 * kHourNs, 0)});
  EXPECT_THAT(News(), ElementsAre("recent!", "under way"));
  EXPECT_THAT(News(), IsEmpty());
}

TEST_F(ManifestWatchTest, WhatIsNewAndWhatIsNewlyFinishedIsTold) {
  Keep({Entry("a", kNow, 0)});
  EXPECT_THAT(News(), ElementsAre("a"));
  Keep({Entry("a", kNow, kNow + kMinuteNs), Entry("b", kNow - kHourNs, kNow - 30 * kMinuteNs)});
  EXPECT_THAT(News(), ElementsAre("a!", "b!"));
  Keep({Entry("b", kNow - kHourNs, kNow - 30 * kMinuteNs), Entry("c", kNow, 0)});
  EXPECT_THAT(News(), ElementsAre("c"));
  Keep({Entry("a", kNow, kNow + kMinuteNs), Entry("c", kNow, 0)});  // what comes back is not new
  EXPECT_THAT(News(), IsEmpty());
  EXPECT_THAT(said_, IsEmpty());
}

TEST_F(ManifestWatchTest, ADeployIsWhatTheEntrySays) {
  ServiceConfig& basket = config_.services.emplace_back();
  basket.name = "basket";
  basket.known_as = {"cart"};
  ManifestEntry entry = Entry("a", kNow, kNow + kSecondNs);
  entry.kind = DeployKind::kRevert;
  const Deploy deploy = DeployOf(entry, config_);
  EXPECT_EQ(deploy.id, "a");
  EXPECT_EQ(deploy.service, "basket");
  EXPECT_EQ(deploy.repo, "shop");
  EXPECT_EQ(deploy.base, "1111111");
  EXPECT_EQ(deploy.head, "2222222");
  EXPECT_EQ(deploy.start_ns, kNow);
  EXPECT_EQ(deploy.finish_ns, kNow + kSecondNs);
  EXPECT_EQ(deploy.kind, DeployKind::kRelease);  // without a trigger of ours it is judged like any other
}

TEST_F(ManifestWatchTest, AHalfWrittenFileIsToldOnceAndTheOldContentStays) {
  Keep({Entry("a", kNow, 0)});
  News();
  const std::string text = ManifestJson({Entry("a", kNow, 0), Entry("b", kNow, 0)}, kNow);
  folder_.Write("manifest.json", text.substr(0, 100));
  EXPECT_THAT(News(), IsEmpty());
  EXPECT_THAT(News(), IsEmpty());
  EXPECT_THAT(said_, ElementsAre(HasSubstr("100 bytes are no whole JSON")));
  folder_.Write("manifest.json", text);
  EXPECT_THAT(News(), ElementsAre("b"));
  EXPECT_THAT(said_, ElementsAre(HasSubstr(path_), HasSubstr("is read again")));
}

TEST_F(ManifestWatchTest, AWrongEntryIsToldByItsPlace) {
  std::string text = ManifestJson({Entry("a", kNow, 0), Entry("b", kNow, 0)}, kNow);
  text.replace(text.rfind("2222222"), 7, "v222222");
  folder_.Write("manifest.json", text);
  EXPECT_THAT(News(), IsEmpty());
  EXPECT_THAT(said_, ElementsAre(HasSubstr("releases[1].to: \"v222222\" is no revision")));
}

TEST_F(ManifestWatchTest, AMissingFileIsToldOnceAndItsFirstReadingStaysTheFirst) {
  EXPECT_THAT(News(), IsEmpty());
  EXPECT_THAT(News(), IsEmpty());
  EXPECT_THAT(said_, ElementsAre(HasSubstr("cannot read " + path_)));
  Keep({Entry("old", kNow - 3 * kHourNs, kNow - 2 * kHourNs), Entry("a", kNow, 0)});
  EXPECT_THAT(News(), ElementsAre("a"));
}

TEST_F(ManifestWatchTest, AFileThatChangesInItsPlaceWithinTheSameInstantIsReadAgain) {
  Keep({Entry("a", kNow, 0)});
  const auto changed = fs::last_write_time(path_);
  const TimeNs changed_ns = VersionOfFile(path_)->changed_ns;
  EXPECT_THAT(News(changed_ns + kSecondNs), ElementsAre("a"));
  std::ofstream(path_) << ManifestJson({Entry("b", kNow, 0)}, kNow);  // as long, in the same file
  fs::last_write_time(path_, changed);
  EXPECT_THAT(News(changed_ns + 5 * kSecondNs), ElementsAre("b"));
}

TEST_F(ManifestWatchTest, AFileThatHasSettledIsNotReadEverySecond) {
  Keep({Entry("a", kNow, 0)});
  const auto changed = fs::last_write_time(path_);
  const TimeNs later = VersionOfFile(path_)->changed_ns + kMinuteNs;
  EXPECT_THAT(News(later), ElementsAre("a"));
  std::ofstream(path_) << ManifestJson({Entry("b", kNow, 0)}, kNow);
  fs::last_write_time(path_, changed);
  EXPECT_THAT(News(later), IsEmpty());  // who hides a change so well is not found
}

TEST_F(ManifestWatchTest, WhatIsNoFileOrTooLongIsRefused) {
  fs::create_directories(path_);
  News();
  fs::remove(path_);
  folder_.Write("manifest.json", std::string(kManifestBytesMax + 1, ' '));
  News();
  EXPECT_THAT(said_, ElementsAre(HasSubstr("is no regular file"), HasSubstr("is longer than 4194304 bytes")));
}

TEST(ManifestMemory, ForgetsWhatLeftTheFileWhenThereIsTooMuchOfIt) {
  ManifestMemory memory;
  const auto generation = [](int number) {
    std::vector<ManifestEntry> entries;
    for (size_t i = 0; i < kManifestEntriesMax; ++i) {
      entries.push_back({.id = std::to_string(number) + "." + std::to_string(i),
                         .service = "cart",
                         .repo = "",
                         .from = "",
                         .to = "",
                         .started_ns = kNow});
    }
    return entries;
  };
  for (int number = 0; number < 3; ++number)
    EXPECT_EQ(memory.Take(generation(number), kNow).size(), kManifestEntriesMax);
  EXPECT_THAT(memory.Take(generation(2), kNow), IsEmpty());
  EXPECT_EQ(memory.Take(generation(0), kNow).size(), kManifestEntriesMax);
}

}  // namespace
}  // namespace revertd
