// What the state remembers of errors is known after a restart: a group is no new one because the process is.
#include "daemon/restore.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/service_table.h"
#include "tests/test_folder.h"

namespace revertd {
namespace {

using ::testing::ElementsAre;

constexpr TimeNs kNow = 1'795'255'200 * kSecondNs;

class RememberingSink final : public PartialSink {
 public:
  void OnErrorGroup(const ErrorGroupRecord& group) override { newest_ = group; }
  const ErrorGroupRecord& newest() const { return newest_; }

 private:
  ErrorGroupRecord newest_;
};

TEST(Restore, AnErrorGroupGoesOnWhereItWas) {
  const TestFolder folder;
  const auto opened = StateStore::Open(folder.Path("state.db"), StateStore::Access::kOwner);
  ASSERT_TRUE(opened.ok()) << opened.status();
  ErrorGroupRecord kept;
  kept.service = "shop";
  kept.fingerprint = 7;
  kept.type = "TypeError";
  kept.first_seen_ns = kNow - 3 * 24 * kHourNs;
  kept.last_seen_ns = kNow - kHourNs;
  kept.events = 40;
  kept.releases = {"1.4.1"};
  ASSERT_TRUE((*opened)->WriteErrorGroup(kept).ok());
  ASSERT_TRUE(
      (*opened)
          ->WriteErrorHistory({{"shop", 7, kNow / kSecondNs - 3600, 2}}, {{"shop", kNow / kSecondNs - 3600, 100, 0}})
          .ok());

  const Config config;
  ServiceTable services(16);
  RememberingSink sink;
  AnalysisLoop analysis(
      config, services, [](const Deploy&) { return GateFacts{}; }, &sink);
  const Status restored = RestoreAnalysis(**opened, kNow, &analysis);
  ASSERT_TRUE(restored.ok()) << restored;
  ErrorEvent event;
  event.service = "shop";
  event.fingerprint = 7;
  event.type = "TypeError";
  event.release = "1.4.2";
  event.at_ns = kNow;
  analysis.SealedThrough(kNow / kSecondNs - 1);
  analysis.OnErrorEvent(event);
  analysis.SealedThrough(kNow / kSecondNs + 1);
  analysis.Finish();
  EXPECT_EQ(sink.newest().first_seen_ns, kept.first_seen_ns);
  EXPECT_EQ(sink.newest().events, 41);
  EXPECT_THAT(sink.newest().releases, ElementsAre("1.4.1", "1.4.2"));
}

}  // namespace
}  // namespace revertd
