// ServiceCache answers what was kept for just this name, or nothing: never the service of a name that is alike.
#include "ingest/fast/service_cache.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

#include "ingest/fast/byte_index.h"

namespace revertd {
namespace {

// A name as it stands in a block: what is around it changes from line to line.
class NameInBlock {
 public:
  NameInBlock(const std::string& name, char around)
      : text_(std::string(kBlockMarginBytes, around) + name + std::string(kBlockMarginBytes, around)),
        size_(name.size()) {}
  std::string_view text() const { return std::string_view(text_).substr(kBlockMarginBytes, size_); }

 private:
  std::string text_;
  size_t size_;
};

std::optional<ServiceId> Find(const ServiceCache& cache, const std::string& name) {
  const auto found = cache.Find(NameInBlock(name, ' ').text());
  EXPECT_EQ(found, cache.Find(NameInBlock(name, '\xff').text())) << name;
  EXPECT_EQ(found, cache.Find(NameInBlock(name, 'a').text())) << name;
  return found;
}
void Keep(ServiceCache& cache, const std::string& name, ServiceId service) {
  cache.Keep(NameInBlock(name, '"').text(), service);
}

// Of every length: the name itself, and those that differ in one byte, lack the last or have one more.
TEST(ServiceCache, TellsAllNamesApartThatDifferInOneByte) {
  for (size_t size = 1; size <= ServiceCache::kNameBytesMax; ++size) {
    ServiceCache cache;
    const std::string name(size, 'a');
    EXPECT_EQ(Find(cache, name), std::nullopt);
    Keep(cache, name, 7);
    EXPECT_EQ(Find(cache, name), 7U) << size;
    for (size_t at = 0; at < size; ++at) {
      std::string other = name;
      other[at] = 'b';
      EXPECT_EQ(Find(cache, other), std::nullopt) << size << " bytes, another one at " << at;
    }
    if (size > 1) {
      EXPECT_EQ(Find(cache, name.substr(1)), std::nullopt) << size;
    }
    EXPECT_EQ(Find(cache, name + "a"), std::nullopt) << size;
    EXPECT_EQ(Find(cache, name + std::string(1, '\0')), std::nullopt) << size;
  }
}

TEST(ServiceCache, LeavesLongNamesToTheRouter) {
  ServiceCache cache;
  const std::string longest(ServiceCache::kNameBytesMax, 'x');
  for (const std::string& name : {longest + "x", longest + longest, std::string(300, 'x')}) {
    Keep(cache, name, 3);
    EXPECT_EQ(Find(cache, name), std::nullopt) << name.size();
  }
  EXPECT_EQ(Find(cache, longest), std::nullopt);
  Keep(cache, "", 5);
  Keep(cache, longest, 4);
  EXPECT_EQ(Find(cache, longest), 4U);
}

// A place is found by the first sixteen bytes and the last eight: these names want the same one.
std::string Colliding(int number) {
  return "eu.shop.example-" + std::to_string(100 + number) + "-the.same.domain.of.all.example";
}

TEST(ServiceCache, KeepsAFewNamesOfOnePlaceAndNeverMixesMore) {
  ServiceCache cache;
  for (int i = 0; i < 4; ++i) Keep(cache, Colliding(i), static_cast<ServiceId>(i + 1));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(Find(cache, Colliding(i)), static_cast<ServiceId>(i + 1)) << i;
  for (int i = 4; i < 30; ++i) {
    EXPECT_EQ(Find(cache, Colliding(i)), std::nullopt) << i;
    Keep(cache, Colliding(i), static_cast<ServiceId>(i + 1));
    EXPECT_EQ(Find(cache, Colliding(i)), static_cast<ServiceId>(i + 1)) << i;
    for (int other = 0; other < i; ++other) {
      const auto found = Find(cache, Colliding(other));
      EXPECT_TRUE(!found || *found == static_cast<ServiceId>(other + 1)) << other << " after " << i;
    }
  }
}

TEST(ServiceCache, KeptAgainANameHasItsNewService) {
  ServiceCache cache;
  for (const ServiceId service : {5U, 6U}) {
    for (int i = 0; i < 4; ++i) Keep(cache, Colliding(i), service);
    for (int i = 0; i < 4; ++i) EXPECT_EQ(Find(cache, Colliding(i)), service);
  }
}

// More names than places, of all lengths and half of them colliding, against a map that forgets nothing.
TEST(ServiceCache, AgreesWithAMapOrDoesNotKnow) {
  constexpr unsigned kSeed = 41;
  std::mt19937 random(kSeed);
  std::vector<std::string> names;
  for (size_t i = 0; i < 4 * ServiceCache::kPlaces; ++i) {
    std::string name = i % 2 == 0 ? Colliding(static_cast<int>(i)) : "shop" + std::to_string(i) + ".example.com";
    for (auto changes = random() % 3; changes > 0; --changes)
      name[random() % name.size()] = static_cast<char>(random());
    if (random() % 4 == 0) name.resize(1 + random() % name.size());
    names.push_back(std::move(name));
  }
  ServiceCache cache;
  std::map<std::string, ServiceId> kept;
  size_t known = 0;
  constexpr size_t kRounds = 100'000;
  for (size_t round = 0; round < kRounds; ++round) {
    // Some are met more often than others.
    const std::string& name = names[random() % (random() % 2 == 0 ? names.size() : 48)];
    const auto found = Find(cache, name);
    if (found) {
      ++known;
      ASSERT_TRUE(kept.contains(name)) << "seed " << kSeed;
      ASSERT_EQ(*found, kept[name]) << "seed " << kSeed;
    } else {
      kept[name] = static_cast<ServiceId>(round + 1);
      Keep(cache, name, kept[name]);
      ASSERT_EQ(Find(cache, name), kept[name]) << "seed " << kSeed;
    }
  }
  EXPECT_GT(known, kRounds / 3);
}

}  // namespace
}  // namespace revertd
