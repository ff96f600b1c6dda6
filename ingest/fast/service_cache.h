// ServiceCache: the service of a host that was met before, in front of Router, which decides. Most lines name one of a
// few dozen hosts; each is then found by three of its words and one compare, without a hash of all its text.
//
// Only hosts whose service hangs on nothing but the host are kept. Thread contract: one thread.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/service_table.h"
#include "ingest/fast/byte_search.h"

namespace revertd {

class ServiceCache {
 public:
  static constexpr size_t kPlaces = 1024;
  // Longer names are not kept: Router finds them. An entry is a cache line.
  static constexpr size_t kNameBytesMax = 56;

  ServiceCache() : entries_(kPlaces + kTries - 1) {}

  // `name` as logged and not empty, nothing lower-cased. kBlockMarginBytes around it may be read.
  std::optional<ServiceId> Find(std::string_view name) const {
    const Entry* entry = &entries_[PlaceOf(name)];
    for (size_t tries = kTries; tries > 0; --tries, ++entry) {
      if (entry->size == name.size() && entry->Has(name)) [[likely]]
        return entry->service;
    }
    return std::nullopt;
  }

  void Keep(std::string_view name, ServiceId service) {
    if (name.empty() || name.size() > kNameBytesMax) return;
    const auto first = entries_.begin() + static_cast<std::ptrdiff_t>(PlaceOf(name));
    const auto last = first + kTries;
    const auto found = std::find_if(first, last, [&](const Entry& entry) {
      return entry.size == 0 || (entry.size == name.size() && entry.Has(name));
    });
    Entry& entry = found == last ? *first : *found;
    entry = {.name = {}, .size = static_cast<uint32_t>(name.size()), .service = service};
    name.copy(entry.name.data(), name.size());
  }

 private:
  // Names that want one place stand behind each other, so that two busy hosts do not push each other out in turn.
  static constexpr size_t kTries = 4;

  struct alignas(64) Entry {
    std::array<char, kNameBytesMax> name{};
    uint32_t size = 0;  // 0: empty
    ServiceId service = ServiceTable::kOther;

    // Whether a name of this size is this one.
    bool Has(std::string_view other) const {
      const uint64_t behind = ~uint64_t{0} << size;
      if ((EqualMask32(other.data(), name.data()) | (behind & 0xFFFFFFFF)) != 0xFFFFFFFF) return false;
      return size <= 32 ||
             ((EqualMask32(other.data() + 24, name.data() + 24) | behind >> 24) & 0xFFFFFFFF) == 0xFFFFFFFF;
    }
  };
  static_assert(sizeof(Entry) == 64);

  static size_t PlaceOf(std::string_view name) {
    // Hosts of one owner share their ends and often their beginnings: the second word tells them apart.
    const size_t last = name.size() < 8 ? 0 : name.size() - 8;
    const uint64_t mask = LowBytes(name.size());
    const uint64_t mixed = (LoadWord(name.data()) & mask) ^
                           std::rotl(LoadWord(name.data() + std::min<size_t>(last, 8)) & mask, 21) ^
                           std::rotl(LoadWord(name.data() + last) & mask, 43);
    return (mixed * 0x9E3779B97F4A7C15) >> (64 - std::countr_zero(kPlaces));
  }

  std::vector<Entry> entries_;
};

}  // namespace revertd
