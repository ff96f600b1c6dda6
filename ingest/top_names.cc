#include "ingest/top_names.h"

#include <algorithm>
#include <functional>

#include "base/check.h"
#include "base/limits.h"

namespace revertd {
namespace {

uint64_t KeyOf(std::string_view name) {
  const uint64_t hash = std::hash<std::string_view>{}(name);
  return hash > kOtherKey ? hash : hash + kOtherKey + 1;
}

}  // namespace

TopNames::TopNames(uint32_t services, uint32_t places, Contest contest)
    : places_(places), contest_(contest), services_(services), holders_(size_t{services} * places) {
  REVERTD_CHECK(places >= 1 && places <= kRoutesMax);
}

uint64_t TopNames::BytesPerService(uint32_t places) { return sizeof(Service) + places * sizeof(Holder); }

Place TopNames::Hit(Holder* holder, uint32_t cell, int64_t second) {
  holder->votes = std::min(holder->votes + 1, kVotesMax);
  holder->seen_second = std::max(holder->seen_second, second);
  return {cell, holder->key, holder->name.text()};
}

bool TopNames::VotedOut(Holder* holder, int64_t second) const {
  if (holder->seen_second + kIdleSeconds < second) return true;
  if (contest_ == Contest::kIdleOnly) return false;
  if (holder->votes > 0) --holder->votes;
  return holder->votes == 0;
}

Place TopNames::Find(ServiceId service_id, std::string_view name, int64_t second) {
  Service& service = services_[service_id];
  Holder* const holders = &holders_[size_t{service_id} * places_];
  const uint64_t key = KeyOf(name);
  uint8_t& hint = service.hints[key % kHints];
  if (holders[hint].key == key) return Hit(&holders[hint], hint, second);
  uint32_t cell = 0;
  while (cell < service.held && holders[cell].key != key) ++cell;
  if (cell == service.held) {
    if (service.held < places_) {
      ++service.held;
    } else {
      cell = service.hand;
      service.hand = cell + 1 == places_ ? 0 : cell + 1;
      if (!VotedOut(&holders[cell], second)) return {places_, kOtherKey, kOtherName};
    }
    holders[cell] = {.key = key, .seen_second = second, .votes = 0, .name = Label(name)};
  }
  hint = static_cast<uint8_t>(cell);
  return Hit(&holders[cell], cell, second);
}

}  // namespace revertd
