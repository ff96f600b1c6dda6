// The manifest's text: what is written is read back, and what is wrong is refused by its place.
#include "daemon/doors/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "base/time_format.h"

namespace revertd {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::Not;

constexpr TimeNs kNow = 1'763'700'000 * kSecondNs;
constexpr char kOne[] = R"({"id":"cart-1","service":"cart","started_at":"2025-11-21T04:00:00Z"})";

std::string WithReleases(const std::string& releases) {
  return R"({"schema":"revertd.manifest/1","written_at":"2025-11-21T04:40:00Z","releases":[)" + releases + "]}";
}
// The second release of a manifest.
std::string WhyRefused(const std::string& release) {
  const auto entries = ParseManifest(WithReleases(std::string(kOne) + "," + release));
  return entries.ok() ? "accepted" : std::string(MessageOf(entries.status()));
}
std::string WhyRefusedWhole(const std::string& text) {
  const auto entries = ParseManifest(text);
  return entries.ok() ? "accepted" : std::string(MessageOf(entries.status()));
}

TEST(Manifest, IsWrittenAsDocumented) {
  const ManifestEntry entry{.id = "cart-1763699000",
                            .service = "cart",
                            .repo = "shop",
                            .from = "1111111",
                            .to = "2222222",
                            .started_ns = kNow - 1'000 * kSecondNs,
                            .finished_ns = kNow - 900 * kSecondNs,
                            .kind = DeployKind::kRelease,
                            .verdict = VerdictState::kHealthy,
                            .release = "v42"};
  EXPECT_EQ(ManifestJson({entry}, kNow),
            R"({"schema":"revertd.manifest/1","written_at":"2025-11-21T04:40:00Z","releases":[{"id":"cart-1763699000",)"
            R"("service":"cart","repo":"shop","from":"1111111","to":"2222222","started_at":"2025-11-21T04:23:20Z",)"
            R"("finished_at":"2025-11-21T04:25:00Z","kind":"release","verdict":"healthy","release":"v42"}]})"
            "\n");
}

TEST(Manifest, WhatIsUnderWayAndNotJudgedSaysNeither) {
  const std::string text =
      ManifestJson({{.id = "a", .service = "cart", .repo = "", .from = "", .to = "", .started_ns = kNow}}, kNow);
  EXPECT_THAT(text, Not(HasSubstr("finished_at")));
  EXPECT_THAT(text, Not(HasSubstr("verdict")));
  EXPECT_THAT(text, Not(HasSubstr("\"release\":")));
}

ManifestEntry RandomEntry(size_t index, std::mt19937_64& random) {
  const auto pick = [&random](uint64_t below) { return random() % below; };
  const auto revision = [&] {
    std::string text(7 + pick(58), '0');
    for (char& digit : text) digit = "0123456789abcdef"[pick(16)];
    return pick(4) == 0 ? std::string() : text;
  };
  const auto name = [&] {
    constexpr std::string_view kParts[] = {"cart", "\"", "\\", "\n", "\xc3\xbc", "/", " ", "\x01", "{", "v4.2"};
    std::string text;
    for (uint64_t parts = 1 + pick(4); parts > 0; --parts) text += kParts[pick(std::size(kParts))];
    return text;
  };
  ManifestEntry entry;
  entry.id = name() + std::to_string(index);
  entry.service = name();
  if (pick(4) != 0) entry.repo = name();
  entry.from = revision();
  entry.to = revision();
  entry.started_ns = static_cast<TimeNs>(1 + pick(4'000'000'000'000)) * kMillisecondNs;
  if (pick(4) != 0) entry.finished_ns = entry.started_ns + static_cast<TimeNs>(pick(10'000'000)) * kMillisecondNs;
  entry.kind = pick(4) == 0 ? DeployKind::kRevert : DeployKind::kRelease;
  if (pick(2) == 0) entry.verdict = static_cast<VerdictState>(pick(5));
  if (pick(2) == 0) entry.release = name();
  return entry;
}

TEST(Manifest, WhatIsWrittenIsReadBack) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<ManifestEntry> entries;
    for (size_t count = random() % 20; entries.size() < count;) entries.push_back(RandomEntry(entries.size(), random));
    const auto read = ParseManifest(ManifestJson(entries, kNow));
    ASSERT_TRUE(read.ok()) << "seed " << seed << ": " << MessageOf(read.status());
    ASSERT_EQ(*read, entries) << "seed " << seed;
  }
}

// Whatever happened to a manifest on its way: it is refused with words, or what is read can be written and read again.
TEST(Manifest, ADamagedOneIsRefusedOrStillMeansSomething) {
  int refused = 0;
  for (uint64_t seed = 0; seed < 3'000; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<ManifestEntry> entries;
    while (entries.size() < 3) entries.push_back(RandomEntry(entries.size(), random));
    std::string text = ManifestJson(entries, kNow);
    for (uint64_t cuts = 1 + random() % 3; cuts > 0; --cuts) {
      const size_t at = random() % text.size();
      switch (random() % 4) {
        case 0: text[at] = static_cast<char>(random()); break;
        case 1: text.erase(at, 1 + random() % 20); break;
        case 2: text.insert(at, text.substr(random() % text.size(), random() % 20)); break;
        default: text.resize(std::max<size_t>(at, 1));
      }
      if (text.empty()) text = "x";
    }
    const auto read = ParseManifest(text);
    if (!read.ok()) {
      ++refused;
      ASSERT_EQ(ExitCodeOf(read.status()), ExitCode::kUsage) << "seed " << seed;
      ASSERT_NE(MessageOf(read.status()), "") << "seed " << seed;
      continue;
    }
    // Others may write finer times than we do.
    std::vector<ManifestEntry> ours = *read;
    for (ManifestEntry& entry : ours) {
      entry.started_ns -= entry.started_ns % kMillisecondNs;
      entry.finished_ns -= entry.finished_ns % kMillisecondNs;
    }
    const auto again = ParseManifest(ManifestJson(ours, kNow));
    ASSERT_TRUE(again.ok()) << "seed " << seed << ": " << MessageOf(again.status());
    ASSERT_EQ(*again, ours) << "seed " << seed;
  }
  EXPECT_GT(refused, 1'000);
}

TEST(Manifest, EveryBeginningOfOneIsRefused) {
  const std::string text = WithReleases(kOne);
  for (size_t size = 0; size < text.size(); ++size) {
    EXPECT_THAT(WhyRefusedWhole(text.substr(0, size)), HasSubstr(std::to_string(size) + " bytes are no whole JSON"));
  }
}

TEST(Manifest, UnknownMembersArePassedOver) {
  const auto entries = ParseManifest(
      R"({"schema":"revertd.manifest/1.3","more":[{}],"releases":[{"id":"a","service":"cart","risk":{"of":1},)"
      R"("started_at":"2025-11-21T05:00:00.25+01:00"}]})");
  ASSERT_TRUE(entries.ok()) << MessageOf(entries.status());
  ASSERT_EQ(entries->size(), 1U);
  EXPECT_EQ((*entries)[0].started_ns, 1'763'697'600'250 * kMillisecondNs);
  EXPECT_EQ((*entries)[0].finished_ns, 0);
  EXPECT_EQ((*entries)[0].kind, DeployKind::kRelease);
}

TEST(Manifest, AnotherSchemaIsRefusedByName) {
  EXPECT_THAT(WhyRefusedWhole(R"({"schema":"revertd.manifest/2","releases":[]})"),
              HasSubstr("\"revertd.manifest/2\" is a version that this revertd does not know: revertd.manifest/1"));
  EXPECT_THAT(WhyRefusedWhole(R"({"schema":"revertd.manifest/12","releases":[]})"), HasSubstr("does not know"));
  EXPECT_THAT(WhyRefusedWhole(R"({"schema":"cyclonedx","releases":[]})"), HasSubstr("schema: \"cyclonedx\""));
  EXPECT_THAT(WhyRefusedWhole(R"({"releases":[]})"), HasSubstr("schema: none: revertd.manifest/1 expected"));
  EXPECT_THAT(WhyRefusedWhole(R"({"schema":1,"releases":[]})"), HasSubstr("schema: a text expected"));
}

TEST(Manifest, WhatIsWrongIsNamedByIndexAndMember) {
  const auto with = [](const std::string& members) {
    return R"({"id":"b","service":"cart","started_at":"2025-11-21T04:00:00Z",)" + members + "}";
  };
  EXPECT_EQ(WhyRefused("7"), "releases[1]: an object expected");
  EXPECT_EQ(WhyRefused(R"({"service":"cart","started_at":"2025-11-21T04:00:00Z"})"),
            "releases[1].id: a text expected that is not empty");
  EXPECT_EQ(WhyRefused(R"({"id":"b","service":4,"started_at":"2025-11-21T04:00:00Z"})"),
            "releases[1].service: a text expected");
  EXPECT_EQ(WhyRefused(R"({"id":"b","service":"cart"})"), "releases[1].started_at: a time expected");
  EXPECT_EQ(WhyRefused(R"({"id":"b","service":"cart","started_at":1763700000})"),
            "releases[1].started_at: a text expected");
  EXPECT_EQ(WhyRefused(R"({"id":"b","service":"cart","started_at":"1763700000"})"),
            "releases[1].started_at: \"1763700000\" is no time: RFC 3339 expected");
  EXPECT_THAT(WhyRefused(R"({"id":"b","service":"cart","started_at":"2025-13-21T04:00:00Z"})"),
              HasSubstr("is no time"));
  EXPECT_EQ(WhyRefused(with(R"("finished_at":null)")), "releases[1].finished_at: a text expected");
  EXPECT_EQ(WhyRefused(with(R"("finished_at":"2025-11-21T03:59:59Z")")),
            "releases[1].finished_at: lies before started_at");
  EXPECT_THAT(WhyRefused(with(R"("to":"v42")")), HasSubstr("releases[1].to: \"v42\" is no revision"));
  EXPECT_THAT(WhyRefused(with(R"("from":"123456")")), HasSubstr("releases[1].from: \"123456\" is no revision"));
  EXPECT_THAT(WhyRefused(with(R"("kind":"hotfix")")), HasSubstr("releases[1].kind: \"hotfix\": release or revert"));
  EXPECT_THAT(WhyRefused(with(R"("verdict":"fine")")), HasSubstr("releases[1].verdict: \"fine\""));
  EXPECT_EQ(WhyRefused(kOne), "releases[1].id: \"cart-1\" is the id of releases[0], too");
}

TEST(Manifest, TheWholeIsStrictToo) {
  EXPECT_THAT(WhyRefusedWhole("[]"), HasSubstr("a JSON object expected"));
  EXPECT_THAT(WhyRefusedWhole(R"({"schema":"revertd.manifest/1"})"), HasSubstr("releases: a list expected"));
  EXPECT_THAT(WhyRefusedWhole(R"({"schema":"revertd.manifest/1","releases":{}})"), HasSubstr("a list expected"));
  EXPECT_THAT(WhyRefusedWhole(R"({"schema":"revertd.manifest/1","written_at":5,"releases":[]})"),
              HasSubstr("written_at: a text expected"));
}

TEST(Manifest, ItsSizeIsBounded) {
  std::string many;
  for (size_t i = 0; i <= kManifestEntriesMax; ++i) {
    if (i != 0) many += ',';
    many += R"({"id":")" + std::to_string(i) + R"(","service":"cart","started_at":"2025-11-21T04:00:00Z"})";
  }
  EXPECT_EQ(WhyRefusedWhole(WithReleases(many)), "releases: more than 10000");
  EXPECT_EQ(WhyRefusedWhole(WithReleases(many.substr(0, many.rfind(",{")))), "accepted");
  EXPECT_EQ(WhyRefusedWhole(std::string(kManifestBytesMax + 1, ' ')), "longer than 4194304 bytes");
}

Deploy DeployAt(const std::string& service, int64_t second, bool finished = true) {
  Deploy deploy;
  deploy.id = MakeDeployId(service, second * kSecondNs);
  deploy.service = service;
  deploy.start_ns = second * kSecondNs;
  if (finished) deploy.finish_ns = deploy.start_ns + 1;
  return deploy;
}

TEST(ManifestChoice, TellsTheNewestAndWhatServesNowOfEachService) {
  std::vector<Deploy> deploys = {DeployAt("mail", 1), DeployAt("mail", 2), DeployAt("mail", 3, false)};
  for (int64_t second = 10; second < 310; ++second) deploys.push_back(DeployAt("cart", second));
  const std::vector<Deploy> told = DeploysForManifest(deploys);
  ASSERT_EQ(told.size(), kManifestReleasesWritten + 1);
  EXPECT_EQ(told.front().id, "mail-2");  // mail-3 is not finished: mail-2 serves
  EXPECT_EQ(told[1].id, "cart-110");
  EXPECT_EQ(told.back().id, "cart-309");
}

TEST(ManifestChoice, WhatWasToldAsACommitAndIsNoneIsAName) {
  Deploy deploy = DeployAt("cart", 7);
  deploy.head = "v42";
  deploy.base = "main";
  const ManifestEntry entry = EntryOf(deploy, VerdictState::kRegressed);
  EXPECT_EQ(entry.to, "");
  EXPECT_EQ(entry.from, "");
  EXPECT_EQ(entry.release, "v42");
  EXPECT_EQ(entry.finished_ns, 7 * kSecondNs);  // whole milliseconds
  const auto read = ParseManifest(ManifestJson({entry}, kNow));
  ASSERT_TRUE(read.ok()) << MessageOf(read.status());
  EXPECT_THAT(*read, ElementsAre(entry));
}

}  // namespace
}  // namespace revertd
