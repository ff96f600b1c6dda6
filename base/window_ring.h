// WindowRing: the seconds that one ingest thread is counting, and their hand-over to analysis without a lock.
//
// Thread contract: one writer (Add, SealThrough) and one reader (Collect); each may be any thread, not the same at
// once. Invariants:
//   1. A second is written only while it is above sealed_through, and read only once it is at or below it.
//   2. A slot is reused for a later second only after the reader has taken the second it held, and cleared it: clearing
//      costs the reader's time, not the hot path's.
//   3. sealed_through and collected_through never go back.
// Memory orderings: sealed_through is stored with release after the last write to its seconds and loaded with acquire
// before the first read of them (edge 1 of docs/architecture.md); collected_through is the same edge back, from the
// reader's clearing to the writer's next use of a slot. A slot's second is relaxed: whatever the reader sees of a slot
// that is being re-dated, old or new, lies outside (collected_through, sealed_through], so it leaves the slot alone.
// Counts are plain.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "base/sample.h"
#include "base/window.h"
#include "base/zero_array.h"

namespace revertd {

class WindowRing {
 public:
  enum class AddResult : uint8_t {
    kCounted,
    kCountedLate,  // counted in its own second, which is older than the newest one
    kTooLate,      // its second is sealed
    kNoRoom,       // the slot still holds a second that analysis has not taken
  };

  // Memory: services * BytesPerService, touched only where traffic is.
  WindowRing(uint32_t services, uint32_t seconds, const WindowParts& parts = {});
  static uint64_t BytesPerService(uint32_t seconds, const WindowParts& parts);

  // `detail` nullptr: the line tells nothing beside its sample.
  AddResult Add(const Sample& sample, SampleDetail* detail = nullptr);
  // Seals every second up to and including `second`.
  void SealThrough(int64_t second);

  // Calls accept(const Window&) for every sealed and not yet taken window, in order of time, then service; answers the
  // newest sealed second, or kNoSecond. A window lives until accept returns.
  template <typename Accept>
  int64_t Collect(Accept&& accept) {
    const int64_t sealed = sealed_through_.load(std::memory_order_acquire);
    for (Slot* slot : SlotsToCollect(sealed)) {
      for (uint32_t service : slot->touched) accept(static_cast<const Window&>(slot->windows[service]));
      Clear(slot);
    }
    collected_through_.store(sealed, std::memory_order_release);
    return sealed;
  }

  int64_t sealed_through() const { return sealed_through_.load(std::memory_order_acquire); }
  int64_t collected_through() const { return collected_through_.load(std::memory_order_acquire); }
  int64_t newest_second() const { return newest_second_; }  // writer only

 private:
  struct Slot {
    std::atomic<int64_t> second{kNoSecond};  // the reader looks at slots that the writer may be re-dating
    std::vector<uint32_t> touched;           // services counted in this second; capacity reserved, never grows
    ZeroArray<Window> windows;               // by service
    ZeroArray<RouteCounts> routes;           // by service, RouteCells() each; empty if not asked for
    ZeroArray<CohortCounts> cohorts;         // by service, kCohorts each; empty if not asked for
  };

  size_t RouteCells() const { return parts_.routes + size_t{1}; }
  Slot* SlotFor(int64_t second);
  static void AddDetail(Window* window, const Sample& sample, size_t age_class, SampleDetail* detail);
  void Touch(Slot* slot, int64_t second, ServiceId service);
  const std::vector<Slot*>& SlotsToCollect(int64_t sealed);  // reader only
  static void Clear(Slot* slot);                             // reader only

  const uint32_t services_;
  const WindowParts parts_;
  std::vector<Slot> slots_;
  std::vector<Slot*> to_collect_;  // reader's scratch
  int64_t newest_second_ = kNoSecond;
  std::atomic<int64_t> sealed_through_{kNoSecond};
  std::atomic<int64_t> collected_through_{kNoSecond};
};

}  // namespace revertd
