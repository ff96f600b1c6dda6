#include "base/service_table.h"

#include <bit>
#include <functional>

#include "base/check.h"

namespace revertd {

ServiceTable::ServiceTable(uint32_t capacity)
    : capacity_(capacity),
      names_(std::make_unique<std::string[]>(capacity)),
      slot_mask_(std::bit_ceil(capacity * 2) - 1),
      slots_(std::make_unique<uint32_t[]>(slot_mask_ + 1)) {
  REVERTD_CHECK(capacity >= 1);
  REVERTD_CHECK(Intern("_other") == kOther);
}

ServiceId ServiceTable::Intern(std::string_view name) {
  uint32_t slot = static_cast<uint32_t>(std::hash<std::string_view>{}(name)) & slot_mask_;
  while (slots_[slot] != 0) {
    if (names_[slots_[slot] - 1] == name) return slots_[slot] - 1;
    slot = (slot + 1) & slot_mask_;
  }
  const uint32_t id = size_.load(std::memory_order_relaxed);
  if (id == capacity_) return kOther;
  names_[id] = name;
  slots_[slot] = id + 1;
  size_.store(id + 1, std::memory_order_release);
  return id;
}

std::optional<ServiceId> ServiceTable::Find(std::string_view name) const {
  // Readers scan: slots_ belongs to the interning thread, and nobody looks a name up per line.
  const uint32_t count = size();
  for (ServiceId id = 0; id < count; ++id) {
    if (names_[id] == name) return id;
  }
  return std::nullopt;
}

std::string_view ServiceTable::NameOf(ServiceId id) const {
  REVERTD_CHECK(id < size());
  return names_[id];
}

}  // namespace revertd
