#include "config/release_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <string>
#include <vector>

namespace revertd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Needs = std::vector<std::vector<size_t>>;

// The slow way: of all orders, the first in the dictionary in which each stands after what it needs. Empty: none.
std::vector<size_t> FirstOfAllOrders(const Needs& needs) {
  std::vector<size_t> order(needs.size());
  std::iota(order.begin(), order.end(), 0);
  do {
    std::vector<size_t> place(order.size());
    for (size_t i = 0; i < order.size(); ++i) place[order[i]] = i;
    bool fits = true;
    for (size_t i = 0; i < needs.size(); ++i) {
      for (const size_t need : needs[i]) fits = fits && place[need] < place[i];
    }
    if (fits) return order;
  } while (std::next_permutation(order.begin(), order.end()));
  return {};
}

void ExpectRight(const Needs& needs) {
  const ReleaseOrder answer = OrderOf(needs);
  EXPECT_EQ(answer.order, FirstOfAllOrders(needs));
  EXPECT_EQ(answer.cycle.empty(), answer.order.size() == needs.size());
  const std::vector<size_t>& cycle = answer.cycle;
  for (size_t i = 0; i < cycle.size(); ++i) {
    const std::vector<size_t>& needed = needs[cycle[i]];
    EXPECT_NE(std::find(needed.begin(), needed.end(), cycle[(i + 1) % cycle.size()]), needed.end());
    EXPECT_EQ(std::count(cycle.begin(), cycle.end(), cycle[i]), 1);
    EXPECT_LE(cycle.front(), cycle[i]);
  }
}

std::string Shown(const Needs& needs) {
  std::string text;
  for (size_t i = 0; i < needs.size(); ++i) {
    text += std::to_string(i) + " needs";
    for (const size_t need : needs[i]) text += " " + std::to_string(need);
    text += "; ";
  }
  return text;
}

// Bit i * size + j: i needs j.
Needs FromBits(size_t size, uint64_t bits) {
  Needs needs(size);
  for (size_t i = 0; i < size; ++i) {
    for (size_t j = 0; j < size; ++j) {
      if ((bits >> (i * size + j) & 1) != 0) needs[i].push_back(j);
    }
  }
  return needs;
}

TEST(OrderOf, EveryGraphOfUpToFourStages) {
  for (size_t size = 0; size <= 4; ++size) {
    for (uint64_t bits = 0; bits < uint64_t{1} << (size * size); ++bits) {
      const Needs needs = FromBits(size, bits);
      SCOPED_TRACE(Shown(needs));
      ExpectRight(needs);
      if (::testing::Test::HasFailure()) return;
    }
  }
}

TEST(OrderOf, RandomGraphsOfSevenStages) {
  constexpr uint64_t kSeeds = 1000;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    std::mt19937_64 random(seed);
    Needs needs(7);
    const uint64_t one_in = 2 + seed % 12;
    for (std::vector<size_t>& of : needs) {
      for (size_t need = 0; need < needs.size(); ++need) {
        if (random() % one_in == 0) of.push_back(need);
      }
      std::shuffle(of.begin(), of.end(), random);
      if (!of.empty() && random() % 4 == 0) of.push_back(of.front());
    }
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + Shown(needs));
    ExpectRight(needs);
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(OrderOf, TheFileDecidesWhereTheNeedsDoNot) {
  EXPECT_THAT(OrderOf({{}, {}, {}}).order, ElementsAre(0, 1, 2));
  EXPECT_THAT(OrderOf({{2}, {}, {}}).order, ElementsAre(1, 2, 0));
  EXPECT_THAT(OrderOf({}).order, IsEmpty());
}

TEST(OrderOf, ACycleIsToldWithoutTheWayToIt) {
  EXPECT_THAT(OrderOf({{0}}).cycle, ElementsAre(0));
  EXPECT_THAT(OrderOf({{1}, {3}, {1}, {2}}).cycle, ElementsAre(1, 3, 2));
}

TEST(OrderOf, ALongChainBackwards) {
  Needs needs(200);
  for (size_t i = 0; i + 1 < needs.size(); ++i) needs[i] = {i + 1};
  std::vector<size_t> backwards(needs.size());
  std::iota(backwards.rbegin(), backwards.rend(), 0);
  EXPECT_EQ(OrderOf(needs).order, backwards);
  needs.back() = {0};
  EXPECT_EQ(OrderOf(needs).cycle.size(), needs.size());
}

}  // namespace
}  // namespace revertd
