// ServiceCache: the service of a host that was met before, in front of Router, which decides. Most lines name one of a
// few dozen hosts; each is then found by its first and last bytes and a compare, without a hash of all its text.
//
// Only hosts whose service hangs on nothing but the host are kept. Thread contract: one thread.
#pragma once

#include <array>
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
  // A place for each; a newcomer takes the place of whoever had it.
  static constexpr size_t kPlaces = 1024;
  // Longer names are not kept: Router finds them.
  static constexpr size_t kNameBytesMax = 64;

  ServiceCache() : entries_(kPlaces) {}

  // `name` as logged, nothing lower-cased. kBlockMarginBytes around it may be read.
  std::optional<ServiceId> Find(std::string_view name) const {
    const Key key = KeyOf(name);
    const Entry& entry = entries_[PlaceOf(key)];
    if (((entry.key.first ^ key.first) | (entry.key.second ^ key.second) | (entry.key.last ^ key.last) |
         (entry.key.before_last ^ key.before_last) | (entry.size ^ name.size())) != 0) {
      return std::nullopt;
    }
    for (size_t i = 16; i + 16 < name.size(); i += 8) {
      if (LoadWord(name.data() + i) != LoadWord(entry.name.data() + i)) return std::nullopt;
    }
    return entry.service;
  }

  void Keep(std::string_view name, ServiceId service) {
    if (name.empty() || name.size() > kNameBytesMax) return;
    const Key key = KeyOf(name);
    Entry& entry = entries_[PlaceOf(key)];
    entry = {.key = key, .size = static_cast<uint32_t>(name.size()), .service = service, .name = {}};
    name.copy(entry.name.data(), name.size());
  }

 private:
  struct Key {
    uint64_t first = 0;
    uint64_t second = 0;       // of a name of 16 bytes and more
    uint64_t before_last = 0;  // the same: up to 32 bytes these four are all of it
    uint64_t last = 0;
  };
  struct Entry {
    Key key;
    uint32_t size = 0;  // 0: empty
    ServiceId service = ServiceTable::kOther;
    // Words of the compare may go on behind the name's end.
    std::array<char, kNameBytesMax + 8> name{};
  };

  static Key KeyOf(std::string_view name) {
    const uint64_t mask = LowBytes(name.size());
    const char* const last = name.data() + (name.size() < 8 ? 0 : name.size() - 8);
    const bool is_long = name.size() >= 16;
    const char* const second = name.data() + (is_long ? 8 : 0);
    const char* const before_last = name.data() + (is_long ? name.size() - 16 : 0);
    return {.first = LoadWord(name.data()) & mask,
            .second = LoadWord(second) & mask,
            .before_last = LoadWord(before_last) & mask,
            .last = LoadWord(last) & mask};
  }
  static size_t PlaceOf(const Key& key) {
    // Hosts of one owner share their ends and often their beginnings: the second word tells them apart.
    const uint64_t mixed = key.first ^ std::rotl(key.second, 21) ^ std::rotl(key.last, 43);
    return (mixed * 0x9E3779B97F4A7C15) >> (64 - std::countr_zero(kPlaces));
  }

  std::vector<Entry> entries_;
};

}  // namespace revertd
