// The kept event's text, and the words that sources share.
#include "daemon/doors/told.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>

#include "base/time_format.h"
#include "daemon/doors/json_body.h"
#include "daemon/doors/repository_url.h"
#include "daemon/doors/told_words.h"

namespace revertd {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(EventText, OnlyWhatIsSaid) {
  Told told;
  told.kind = ToldKind::kPush;
  EXPECT_EQ(EventText(told), R"({"event":"push"})");
  told.at_ns = 5;
  told.source = "github";
  told.branch = "main";
  told.number = 7;
  told.is_forced = true;
  EXPECT_EQ(EventText(told),
            R"({"event":"push","time_ns":5,"source":"github","branch":"main","forced":true,"number":7})");
}

TEST(EventText, TextFromOutsideIsBoundedAndStaysValid) {
  Told told;
  std::string euro;
  for (int i = 0; i < 100; ++i) euro += "\xE2\x82\xAC";
  told.title = "a" + euro;
  told.author = std::string(5'000, '\xFF');
  told.name = "line\nline\x1b[31m\"";
  told.url = std::string(100'000, 'u');
  const std::string text = EventText(told);
  EXPECT_LT(text.size(), 5'000U);
  EXPECT_THAT(text, Not(HasSubstr("\n")));
  const JsonBody event(text);
  ASSERT_TRUE(event.status().ok()) << event.status();
  EXPECT_EQ(event.root()["title"].Text(), told.title.substr(0, 199))
      << "66 whole characters and the a; the next one would be cut in two";
}

TEST(EventText, EveryKindHasItsOwnName) {
  std::set<std::string_view> names;
  for (const ToldKind kind : {ToldKind::kPing, ToldKind::kPush, ToldKind::kMerge, ToldKind::kReview, ToldKind::kCheck,
                              ToldKind::kPipeline, ToldKind::kDeployment, ToldKind::kRelease, ToldKind::kOther}) {
    names.insert(NameOf(kind));
  }
  EXPECT_EQ(names.size(), 9U);
}

TEST(ToldWords, TimesOfAllForms) {
  const TimeNs expected = ParseTime("2021-04-28T19:50:00Z").value();
  EXPECT_EQ(TimeIn("2021-04-28 21:50:00 +0200"), expected);
  EXPECT_EQ(TimeIn("2021-04-28 19:50:00 UTC"), expected);
  EXPECT_EQ(TimeIn("2021-04-28 14:20:00.000 -0530"), expected);
  EXPECT_EQ(TimeIn("2021-04-28T21:50:00+02:00"), expected);
  EXPECT_EQ(TimeIn("1619639400"), expected);
  for (const std::string_view none :
       {"", "now", "<no value>", "2021-04-28", "2021-04-28 21:50:00", "0001-01-01T00:00:00Z",
        "2021-04-28 21:50:00 CEST", "1970-01-01T00:00:00+01:00", "-5"}) {
    EXPECT_EQ(TimeIn(none), 0) << none;
  }
}

TEST(RepositoryUrl, EveryWayToWriteIt) {
  struct Row {
    std::string_view text, host, path;
  };
  const Row rows[] = {
      {"git@git.example:acme/shop.git", "git.example", "acme/shop"},
      {"git.example:acme/shop", "git.example", "acme/shop"},
      {"ssh://git@Git.Example:2222/acme/shop.git", "git.example", "acme/shop"},
      {"https://user:secret@git.example/acme/shop.git/", "git.example", "acme/shop"},
      {"http://[::1]:3000/a/b/c", "[::1]", "a/b/c"},
      {"file:///srv/git/shop.git", "", "srv/git/shop"},
      {"/srv/git/shop.git", "", "srv/git/shop"},
      {"acme/shop", "", "acme/shop"},
      {"https://git.example", "git.example", ""},
      {"", "", ""},
  };
  for (const Row& row : rows) {
    const RepositoryUrl url = ReadRepositoryUrl(row.text);
    EXPECT_EQ(url.host, row.host) << row.text;
    EXPECT_EQ(url.path, row.path) << row.text;
  }
}

TEST(RepositoryUrl, HostsCountWhereBothHaveOne) {
  const auto same = [](std::string_view a, std::string_view b) {
    return IsSameRepository(ReadRepositoryUrl(a), ReadRepositoryUrl(b));
  };
  EXPECT_TRUE(same("git@git.example:acme/shop.git", "https://git.example:8443/Acme/Shop"));
  EXPECT_TRUE(same("acme/shop", "https://git.example/acme/shop"));
  EXPECT_FALSE(same("https://evil.example/acme/shop", "https://git.example/acme/shop"));
  EXPECT_FALSE(same("acme/shop", "acme/shop2"));
  EXPECT_FALSE(same("", "")) << "nothing is no repository";
}

}  // namespace
}  // namespace revertd
