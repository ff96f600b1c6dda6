#include "daemon/memory_bound.h"

#include <gtest/gtest.h>

namespace revertd {
namespace {

constexpr uint64_t kGiB = uint64_t{1} << 30;

// What a person is promised (docs/operations.md): each part that is added to a service has to find its room.
TEST(MemoryBound, AThousandServicesStayBelowTwoGiB) {
  Config config;
  config.limits.services = 1000;
  EXPECT_LE(MemoryBoundOf(config).memory(), 2 * kGiB);
}

TEST(MemoryBound, RoutesAndVersionsCostOnlyWhereTheyAreAskedFor) {
  Config config;
  const uint64_t without = MemoryBoundOf(config).memory();
  config.limits.routes = 32;
  EXPECT_GT(MemoryBoundOf(config).memory(), without);
}

}  // namespace
}  // namespace revertd
