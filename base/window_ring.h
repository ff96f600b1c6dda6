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

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "base/prefetch.h"
#include "base/sample.h"
#include "base/window.h"
#include "base/zero_array.h"

namespace revertd {

class WindowRing {
 public:
  enum class AddResult : uint8_t {
    kCounted,
    kCountedLate,  // counted in its own second, which is older than the newest one
    // Not counted:
    kTooLate,  // its second is sealed
    kNoRoom,   // the slot still holds a second that analysis has not taken
  };

  // Memory: services * BytesPerService, touched only where traffic is.
  WindowRing(uint32_t services, uint32_t seconds, const WindowParts& parts = {});
  static uint64_t BytesPerService(uint32_t seconds, const WindowParts& parts);

  // Inline: the lines of a log are of the second of the line before them, and what is left to do for those is a few
  // additions.
  AddResult Add(const Sample& sample, const SampleLoad& load = {}) {
    if (const AddResult result = TurnToSecondOf(sample); !IsCounted(result)) [[unlikely]]
      return result;
    CountIn(WindowOf(sample), sample, load);
    return turn_.result;
  }
  AddResult Add(const Sample& sample, SampleDetail& detail);
  static constexpr bool IsCounted(AddResult result) { return result <= AddResult::kCountedLate; }

  // Such a sample comes soon: where it will be counted, if its second stays the one of the line before it, is fetched.
  void Expect(ServiceId service, StatusClass status_class, DurationNs duration_ns) const {
    const Window& window = turn_.slot->windows.data()[service];
    PrefetchForWrite(&window.cells[static_cast<size_t>(status_class)]);
    PrefetchForWrite(&window.bytes);
    PrefetchForWrite(&window.saturation.queue_length);  // and the histogram's head
    PrefetchForWrite(window.latency.PlaceOf(duration_ns));
  }

  // Seals every second up to and including `second`.
  void SealThrough(int64_t second);

  // Calls accept(const Window&) for every sealed and not yet taken window, in order of time, then service; answers the
  // newest sealed second, or kNoSecond. A window lives until accept returns.
  template <typename Accept>
  int64_t Collect(Accept&& accept) {
    const int64_t sealed = sealed_through_.load(std::memory_order_acquire);
    for (Slot* slot : SlotsToCollect(sealed)) {
      for (const uint32_t service : slot->touched) {
        SumCells(&slot->windows[service]);
        accept(static_cast<const Window&>(slot->windows[service]));
      }
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

  // The second that lines were added to last.
  struct Turn {
    uint64_t begin_ns = 0;   // Unix time, as unsigned: differences of any two times are right
    uint64_t length_ns = 0;  // of the second; 0: it may not be added to any more
    Slot* slot = nullptr;    // of some second also while length_ns is 0
    AddResult result = AddResult::kCounted;
  };

  AddResult TurnToSecondOf(const Sample& sample) {
    REVERTD_CHECK(sample.service < services_);
    if (static_cast<uint64_t>(sample.end_ns) - turn_.begin_ns < turn_.length_ns) [[likely]]
      return turn_.result;
    return TurnTo(FloorToSecond(sample.end_ns));
  }
  // In the turn's second, counted in from now on.
  Window& WindowOf(const Sample& sample) {
    Window& window = turn_.slot->windows[sample.service];
    if (!window.touched) [[unlikely]]
      Touch(turn_.slot, sample.service);
    return window;
  }
  void CountIn(Window& window, const Sample& sample, const SampleLoad& load) const {
    ++window.cells[static_cast<size_t>(sample.status_class)][AgeClassOf(AgeSeconds(sample))];
    window.bytes += static_cast<uint64_t>(std::max<int64_t>(sample.bytes, 0));
    const bool is_timed = (sample.status_class != StatusClass::kAborted) & (sample.duration_ns >= 0);
    if (is_timed) [[likely]]
      window.latency.Record(sample.duration_ns);
    window.saturation.Record(load);
  }

  // How many seconds before the turn's one the request started. A start behind that second, which no format gives,
  // wraps to an age of centuries: of a start that cannot be true nothing is known, as of the oldest class.
  int64_t AgeSeconds(const Sample& sample) const {
    constexpr auto kSecond = static_cast<uint64_t>(kSecondNs);
    return static_cast<int64_t>((turn_.begin_ns + kSecond - 1 - static_cast<uint64_t>(sample.start_ns)) / kSecond);
  }

  size_t RouteCells() const { return parts_.routes + size_t{1}; }
  Slot* SlotFor(int64_t second);
  // Answers what a line of `second` becomes; where it is counted, the turn is that second.
  AddResult TurnTo(int64_t second);
  void Touch(Slot* slot, ServiceId service);
  static void SumCells(Window* window);                      // reader only
  const std::vector<Slot*>& SlotsToCollect(int64_t sealed);  // reader only
  static void Clear(Slot* slot);                             // reader only

  const uint32_t services_;
  const WindowParts parts_;
  std::vector<Slot> slots_;
  std::vector<Slot*> to_collect_;  // reader's scratch
  Turn turn_;                      // writer only
  int64_t newest_second_ = kNoSecond;
  std::atomic<int64_t> sealed_through_{kNoSecond};
  std::atomic<int64_t> collected_through_{kNoSecond};
};

}  // namespace revertd
