// The manifest of a release: one document of what it did.
#include "actions/release/release_manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "actions/records.h"
#include "actions/release/release_tasks.h"
#include "tests/test_folder.h"

namespace revertd {
namespace {

using testing::HasSubstr;
using testing::Not;
using Kind = ReleaseTaskKind;

constexpr TimeNs kBegun = 1'763'700'000 * kSecondNs;

struct Release {
  Config config;
  ReleaseFile file;
  ReleaseRecord record;
  std::vector<JournalRow> rows;
};

Release MakeRelease() {
  Release release;
  ServiceConfig service{.name = "checkout", .matches = {}, .repo = "shop", .depends_on = {}};
  release.config.services = {service};
  release.file.id = "shop-42";
  release.file.environment = "production";
  release.file.stages = {{.name = "web", .needs = {}, .steps = {{.name = "checkout", .service = "checkout"}}},
                         {.name = "layers", .needs = {"web"}, .steps = {{.name = "check"}}, .soak = kMinuteNs}};
  release.record = {.id = "shop-42", .environment = "production", .file = "", .begun_ns = kBegun};
  return release;
}

JournalRow Row(std::string row, std::string outcome, std::string detail) {
  const TimeNs finished = outcome.empty() ? 0 : kBegun + 2 * kSecondNs;
  return {"shop-42", std::move(row), kBegun + kSecondNs, finished, std::move(outcome), std::move(detail)};
}

std::string Manifest(const Release& release) {
  return ReleaseManifest(release.config, release.record, release.file, release.rows);
}

TEST(ReleaseManifest, OfAReleaseThatHasDoneNothingYet) {
  EXPECT_EQ(Manifest(MakeRelease()),
            R"({"release":"shop-42","environment":"production","state":"running","outcome":"",)"
            R"("begun":"2025-11-21T04:40:00Z","ended":null,"steps":[)"
            R"({"stage":"web","step":"checkout","service":"checkout","repo":"shop","standing":"not begun","base":"",)"
            R"("head":"","deploy":"","rows":[]},)"
            R"({"stage":"layers","step":"check","service":"","repo":"","standing":"not begun","base":"","head":"",)"
            R"("deploy":"","rows":[]}],"rows":[]})");
}

TEST(ReleaseManifest, HasEveryRowWithItsStepAndTheOthersApart) {
  Release release = MakeRelease();
  release.rows = {Row("checkout/registered", "done", ""), Row("checkout/promoted", "done", "aaaa..bbbb"),
                  Row("layers:soaked", "", "")};
  const std::string manifest = Manifest(release);
  EXPECT_THAT(manifest, HasSubstr(R"("standing":"promoted","base":"aaaa","head":"bbbb","deploy":"shop-42:checkout")"));
  EXPECT_THAT(manifest, HasSubstr(R"({"row":"checkout/promoted","begun":"2025-11-21T04:40:01Z",)"
                                  R"("finished":"2025-11-21T04:40:02Z","outcome":"done","detail":"aaaa..bbbb"})"));
  EXPECT_THAT(manifest, HasSubstr(R"("deploy":"","rows":[]}],"rows":[{"row":"layers:soaked",)"
                                  R"("begun":"2025-11-21T04:40:01Z","finished":null,)"));
  EXPECT_THAT(manifest, Not(HasSubstr("breach")));
}

TEST(ReleaseManifest, SaysWhyItWentBackAndHowItEnded) {
  Release release = MakeRelease();
  const ReleaseBreach breach{.step = "checkout", .reason = "regressed", .detail = "errors \"4 %\""};
  release.rows = {Row("checkout/promoted", "done", "aaaa..bbbb"), Row("breached", "done", BreachText(breach)),
                  Row("checkout/reversed", "conflict", "a.txt")};
  EXPECT_THAT(Manifest(release), HasSubstr(R"("state":"halted","outcome":"conflict")"));
  EXPECT_THAT(Manifest(release),
              HasSubstr(R"("breach":{"step":"checkout","reason":"regressed","detail":"errors \"4 %\"","keep":false})"));
  release.record.ended_ns = kBegun + kMinuteNs;
  release.record.outcome = "reversed";
  EXPECT_THAT(Manifest(release), HasSubstr(R"("state":"ended","outcome":"reversed")"));
  EXPECT_THAT(Manifest(release), HasSubstr(R"("ended":"2025-11-21T04:41:00Z")"));
}

TEST(ReleaseManifest, StandsBesideTheOtherRecords) {
  const TestFolder folder;
  const RecordFolder records(folder.Path("."));
  EXPECT_EQ(records.ReleasePath("shop-42"), folder.Path(".") + "/records/releases/shop-42.json");
  EXPECT_EQ(records.ReleasePath("../x"), folder.Path(".") + "/records/releases/=2E=2E=2Fx.json");
  EXPECT_TRUE(records.Write(records.ReleasePath("shop-42"), "{}").ok());
  EXPECT_TRUE(RecordFolder::Exists(records.ReleasePath("shop-42")));
}

}  // namespace
}  // namespace revertd
