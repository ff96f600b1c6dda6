// The history of one service between two seconds, as pictures are drawn of it.
#include <gtest/gtest.h>

#include "store/state_store.h"
#include "tests/test_folder.h"

namespace revertd {
namespace {

SecondCounts Second(int64_t second, uint32_t young, uint32_t old_errors) {
  SecondCounts counts;
  counts.second = second;
  counts.by_age.requests[0] = young;
  counts.by_age.requests[3] = old_errors;
  counts.by_age.errors[3] = old_errors;
  return counts;
}

TEST(StateSeries, HoldsOneServiceBetweenTwoSeconds) {
  const TestFolder folder;
  const auto store = StateStore::Open(folder.Path("state.db"), StateStore::Access::kOwner);
  ASSERT_TRUE(store.ok()) << store.status();
  ASSERT_TRUE((*store)
                  ->WriteHistory({{"checkout", Second(99, 1, 0)},
                                  {"checkout", Second(102, 5, 2)},
                                  {"catalog", Second(102, 9, 9)},
                                  {"checkout", Second(100, 3, 1)},
                                  {"checkout", Second(103, 7, 0)}},
                                 {{"checkout", {40, 10, 1}},
                                  {"checkout", {120, 12, 3}},
                                  {"catalog", {80, 99, 9}},
                                  {"checkout", {80, 11, 2}}})
                  .ok());
  const auto seconds = (*store)->ReadSeconds("checkout", 100, 103);
  ASSERT_TRUE(seconds.ok()) << seconds.status();
  ASSERT_EQ(seconds->size(), 2U);
  EXPECT_EQ((*seconds)[0].second, 100);
  EXPECT_EQ((*seconds)[0].by_age.requests, Second(100, 3, 1).by_age.requests);
  EXPECT_EQ((*seconds)[0].by_age.errors, Second(100, 3, 1).by_age.errors);
  EXPECT_EQ((*seconds)[1].second, 102);
  EXPECT_EQ((*seconds)[1].by_age.requests, Second(102, 5, 2).by_age.requests);
  const auto blocks = (*store)->ReadBlocks("checkout", 40, 120);
  ASSERT_TRUE(blocks.ok()) << blocks.status();
  ASSERT_EQ(blocks->size(), 2U);
  EXPECT_EQ((*blocks)[0].start_second, 40);
  EXPECT_EQ((*blocks)[1].start_second, 80);
  EXPECT_EQ((*blocks)[1].requests, 11);
  EXPECT_EQ((*blocks)[1].errors, 2);
  EXPECT_TRUE((*store)->ReadSeconds("nobody", 0, 1000)->empty());
  EXPECT_TRUE((*store)->ReadBlocks("checkout", 200, 100)->empty());
}

}  // namespace
}  // namespace revertd
