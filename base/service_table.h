// ServiceTable: a service's name and its dense index. Indexes are what windows and detectors carry; names are for
// configuration, stores and people.
//
// Thread contract: one thread interns (the ingest thread); any thread may read names and sizes at any time.
// Invariants: 1. an index once given keeps its name for the process's life; 2. index 0 is `_other`, where services
// beyond the capacity are counted and never judged.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace revertd {

using ServiceId = uint32_t;

class ServiceTable {
 public:
  static constexpr ServiceId kOther = 0;

  explicit ServiceTable(uint32_t capacity);

  // The index of `name`, new if needed; kOther once the table is full.
  ServiceId Intern(std::string_view name);
  std::optional<ServiceId> Find(std::string_view name) const;
  std::string_view NameOf(ServiceId id) const;
  uint32_t size() const { return size_.load(std::memory_order_acquire); }
  uint32_t capacity() const { return capacity_; }

 private:
  const uint32_t capacity_;
  std::unique_ptr<std::string[]> names_;
  // Open addressing over names_; slots hold index + 1. Read by the interning thread alone.
  uint32_t slot_mask_;
  std::unique_ptr<uint32_t[]> slots_;
  std::atomic<uint32_t> size_{0};  // release: a reader that sees an index sees its name
};

}  // namespace revertd
