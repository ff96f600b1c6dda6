#include "ingest/top_names.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>

namespace revertd {
namespace {

constexpr int64_t kStart = 1'795'000'000;

std::string NameFor(const Place& place) { return std::string(place.name); }

TEST(TopNames, GivesEachNameAPlaceOfItsOwnWhileThereAreAny) {
  TopNames names(4, 3, TopNames::Contest::kVotes);
  std::set<uint32_t> cells;
  for (const std::string name : {"/a", "/b", "/c"}) {
    const Place place = names.Find(1, name, kStart);
    EXPECT_EQ(place.name, name);
    cells.insert(place.cell);
  }
  EXPECT_EQ(cells, (std::set<uint32_t>{0, 1, 2}));
  for (const std::string name : {"/a", "/b", "/c"}) EXPECT_EQ(NameFor(names.Find(1, name, kStart)), name);
  EXPECT_EQ(names.Find(2, "/d", kStart).cell, 0U) << "services share nothing";
}

TEST(TopNames, BusyNamesKeepTheirPlacesAmongManyRareOnes) {
  constexpr uint64_t kSeed = 11;
  std::mt19937_64 random(kSeed);
  TopNames names(1, 8, TopNames::Contest::kVotes);
  std::map<std::string, int> held;
  constexpr int kLines = 200'000;
  for (int i = 0; i < kLines; ++i) {
    // Five routes share half of the lines; the other half never comes twice. Rare ones come first and fill the table.
    const bool busy = i > 1'000 && random() % 2 == 0;
    const std::string name = busy ? "/busy" + std::to_string(random() % 5) : "/rare" + std::to_string(i);
    if (names.Find(0, name, kStart + i / 1'000).key != kOtherKey) ++held[name];
  }
  for (int route = 0; route < 5; ++route) {
    EXPECT_GT(held["/busy" + std::to_string(route)], kLines / 10 * 95 / 100) << route << ", seed " << kSeed;
  }
}

TEST(TopNames, ANameThatWasOnceBusyLeaves) {
  TopNames names(1, 2, TopNames::Contest::kVotes);
  for (int i = 0; i < 1'000'000; ++i) names.Find(0, i % 2 == 0 ? "/old" : "/steady", kStart);
  uint32_t lines = 0;
  while (names.Find(0, "/new", kStart).key == kOtherKey) {
    names.Find(0, "/steady", kStart);
    ASSERT_LT(++lines, 3 * TopNames::kVotesMax);
  }
  EXPECT_EQ(NameFor(names.Find(0, "/steady", kStart)), "/steady");
  EXPECT_EQ(names.Find(0, "/old", kStart).key, kOtherKey);
}

TEST(TopNames, CohortsMoveOnlyWhenIdle) {
  TopNames names(1, 2, TopNames::Contest::kIdleOnly);
  names.Find(0, "v1", kStart);
  names.Find(0, "v2", kStart);
  for (int i = 0; i < 100'000; ++i) ASSERT_EQ(names.Find(0, "v3", kStart).key, kOtherKey);
  names.Find(0, "v2", kStart + TopNames::kIdleSeconds);
  EXPECT_EQ(names.Find(0, "v3", kStart + TopNames::kIdleSeconds).name, "_other");
  const int64_t idle = kStart + TopNames::kIdleSeconds + 1;
  const Place first = names.Find(0, "v3", idle);
  const Place second = names.Find(0, "v3", idle);
  EXPECT_EQ(second.name, "v3") << "one try may meet a holder that is not idle, the next meets the other";
  EXPECT_TRUE(first.name == "v3" || first.name == "_other");
  EXPECT_EQ(NameFor(names.Find(0, "v2", idle)), "v2");
}

}  // namespace
}  // namespace revertd
