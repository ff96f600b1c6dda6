#include "base/window_ring.h"

#include <algorithm>

#include "base/check.h"

namespace revertd {

WindowRing::WindowRing(uint32_t services, uint32_t seconds) : services_(services), slots_(seconds) {
  REVERTD_CHECK(services > 0 && seconds > 1);
  for (Slot& slot : slots_) {
    slot.touched.reserve(services);
    slot.windows = std::make_unique<Window[]>(services);
  }
  to_collect_.reserve(seconds);
}

WindowRing::Slot* WindowRing::SlotFor(int64_t second) {
  const auto count = static_cast<int64_t>(slots_.size());
  Slot& slot = slots_[static_cast<size_t>(((second % count) + count) % count)];
  const int64_t held = slot.second.load(std::memory_order_relaxed);
  if (held == second) return &slot;
  // The slot holds another second. It is free only once the reader has taken that one; acquire, so that the reader's
  // last look at these windows happens before they are cleared.
  if (held > collected_through_.load(std::memory_order_acquire)) return nullptr;
  for (uint32_t service : slot.touched) slot.windows[service] = Window{};
  slot.touched.clear();
  slot.second.store(second, std::memory_order_relaxed);
  return &slot;
}

WindowRing::AddResult WindowRing::Add(const Sample& sample) {
  REVERTD_CHECK(sample.service < services_);
  const int64_t second = FloorToSecond(sample.end_ns);
  // Relaxed: this thread is the only one that stores it.
  if (second <= sealed_through_.load(std::memory_order_relaxed)) return AddResult::kTooLate;
  Slot* slot = SlotFor(second);
  if (slot == nullptr) return AddResult::kNoRoom;

  Window& window = slot->windows[sample.service];
  if (window.second != second) {
    window.second = second;
    window.service = sample.service;
    slot->touched.push_back(sample.service);
  }
  ++window.by_class[static_cast<size_t>(sample.status_class)];
  if (sample.bytes > 0) window.bytes += static_cast<uint64_t>(sample.bytes);
  if (sample.status_class != StatusClass::kAborted) {
    const size_t age_class = AgeClassOf(second - FloorToSecond(sample.start_ns));
    ++window.by_age.requests[age_class];
    if (sample.status_class == StatusClass::k5xx) ++window.by_age.errors[age_class];
    if (sample.duration_ns >= 0) window.latency.Record(sample.duration_ns);
  }
  if (second >= newest_second_) {
    newest_second_ = second;
    return AddResult::kCounted;
  }
  return AddResult::kCountedLate;
}

void WindowRing::SealThrough(int64_t second) {
  if (second > sealed_through_.load(std::memory_order_relaxed)) {
    sealed_through_.store(second, std::memory_order_release);
  }
}

const std::vector<WindowRing::Slot*>& WindowRing::SlotsToCollect(int64_t sealed) {
  to_collect_.clear();
  const int64_t collected = collected_through_.load(std::memory_order_relaxed);
  for (Slot& slot : slots_) {
    const int64_t second = slot.second.load(std::memory_order_relaxed);
    if (second > collected && second <= sealed) to_collect_.push_back(&slot);
  }
  std::sort(to_collect_.begin(), to_collect_.end(), [](const Slot* a, const Slot* b) {
    return a->second.load(std::memory_order_relaxed) < b->second.load(std::memory_order_relaxed);
  });
  for (Slot* slot : to_collect_) std::sort(slot->touched.begin(), slot->touched.end());
  return to_collect_;
}

}  // namespace revertd
