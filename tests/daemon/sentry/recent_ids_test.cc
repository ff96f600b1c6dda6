#include "daemon/sentry/recent_ids.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace revertd {
namespace {

TEST(RecentIds, ForgetsTheOldest) {
  RecentIds recent(2);
  recent.Add("a");
  recent.Add("b");
  recent.Add("a");  // known: it grows no younger
  recent.Add("c");
  EXPECT_FALSE(recent.Has("a"));
  EXPECT_TRUE(recent.Has("b"));
  EXPECT_TRUE(recent.Has("c"));
}

TEST(RecentIds, NoIdIsNobodys) {
  RecentIds recent(2);
  recent.Add("");
  EXPECT_FALSE(recent.Has(""));
}

// Against a list that is searched from end to end.
TEST(RecentIds, AgreesWithAPlainList) {
  constexpr size_t kMax = 50;
  RecentIds recent(kMax);
  std::vector<std::string> list;
  std::mt19937 random(7);
  for (int i = 0; i < 20'000; ++i) {
    const std::string id = std::to_string(random() % 120);
    const bool known = std::find(list.begin(), list.end(), id) != list.end();
    ASSERT_EQ(recent.Has(id), known);
    recent.Add(id);
    if (!known) list.push_back(id);
    if (list.size() > kMax) list.erase(list.begin());
  }
}

}  // namespace
}  // namespace revertd
