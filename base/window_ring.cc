#include "base/window_ring.h"

#include <algorithm>
#include <bit>
#include <numeric>

namespace revertd {
namespace {

// The cell of a place, taken for its name if free; the last cell, `_other`, where another name has it.
template <typename Counts>
Counts& CellOf(std::span<Counts> cells, Place& place) {
  Counts* cell = &cells[place.cell];
  if (cell->key == place.key) return *cell;
  if (cell->key != kNoKey) {
    place = {static_cast<uint32_t>(cells.size() - 1), kOtherKey, kOtherName};
    cell = &cells.back();
    if (cell->key == kOtherKey) return *cell;
  }
  cell->key = place.key;
  cell->name = Label(place.name);
  return *cell;
}

void CountRoute(RouteCounts& route, const Sample& sample) {
  if (sample.status_class == StatusClass::kAborted) {
    ++route.aborted;
    return;
  }
  ++route.requests;
  if (sample.status_class == StatusClass::k5xx) ++route.errors;
  if (sample.duration_ns < 0) return;
  ++route.timed;
  route.duration_ns_sum += static_cast<uint64_t>(sample.duration_ns);
}

void CountCohort(CohortCounts& cohort, const Sample& sample, size_t age_class) {
  if (sample.status_class == StatusClass::kAborted) {
    ++cohort.aborted;
    return;
  }
  ++cohort.by_age.requests[age_class];
  if (sample.status_class == StatusClass::k5xx) ++cohort.by_age.errors[age_class];
}

// The second modulo the number of slots. Lines of several seconds may come mixed, each then asks: the ring's own size
// is a power of two (kRingSeconds), which needs no division.
size_t PlaceOf(int64_t second, size_t slots) {
  if (std::has_single_bit(slots)) [[likely]]
    return static_cast<uint64_t>(second) & (slots - 1);
  const auto count = static_cast<int64_t>(slots);
  return static_cast<size_t>(((second % count) + count) % count);
}

}  // namespace

WindowRing::WindowRing(uint32_t services, uint32_t seconds, const WindowParts& parts)
    : services_(services), parts_(parts), slots_(seconds) {
  REVERTD_CHECK(services > 0 && seconds > 1);
  for (Slot& slot : slots_) {
    slot.touched.reserve(services);
    slot.windows = ZeroArray<Window>(services);
    if (parts.routes > 0) slot.routes = ZeroArray<RouteCounts>(size_t{services} * RouteCells());
    if (parts.cohorts) slot.cohorts = ZeroArray<CohortCounts>(services * kCohorts);
  }
  to_collect_.reserve(seconds);
  turn_.slot = slots_.data();
}

uint64_t WindowRing::BytesPerService(uint32_t seconds, const WindowParts& parts) {
  const size_t routes = parts.routes > 0 ? (parts.routes + 1) * sizeof(RouteCounts) : 0;
  const size_t cohorts = parts.cohorts ? kCohorts * sizeof(CohortCounts) : 0;
  return seconds * (sizeof(Window) + sizeof(uint32_t) + routes + cohorts);
}

WindowRing::Slot* WindowRing::SlotFor(int64_t second) {
  Slot& slot = slots_[PlaceOf(second, slots_.size())];
  const int64_t held = slot.second.load(std::memory_order_relaxed);
  if (held == second) return &slot;
  // The slot holds another second. It is free only once the reader has taken and cleared that one; acquire, so that
  // the reader's clearing happens before these windows are written again.
  if (held > collected_through_.load(std::memory_order_acquire)) return nullptr;
  slot.second.store(second, std::memory_order_relaxed);
  return &slot;
}

WindowRing::AddResult WindowRing::TurnTo(int64_t second) {
  // Relaxed: this thread is the only one that stores it.
  if (second <= sealed_through_.load(std::memory_order_relaxed)) return AddResult::kTooLate;
  Slot* slot = SlotFor(second);
  if (slot == nullptr) return AddResult::kNoRoom;
  turn_ = {.begin_ns = static_cast<uint64_t>(second) * static_cast<uint64_t>(kSecondNs),
           .length_ns = static_cast<uint64_t>(kSecondNs),
           .slot = slot,
           .result = second >= newest_second_ ? AddResult::kCounted : AddResult::kCountedLate};
  newest_second_ = std::max(newest_second_, second);
  return turn_.result;
}

void WindowRing::Touch(Slot* slot, ServiceId service) {
  Window& window = slot->windows[service];
  window.second = slot->second.load(std::memory_order_relaxed);
  window.service = service;
  window.touched = true;
  if (slot->routes.size() > 0) window.routes = {&slot->routes[size_t{service} * RouteCells()], RouteCells()};
  if (slot->cohorts.size() > 0) window.cohorts = {&slot->cohorts[size_t{service} * kCohorts], kCohorts};
  slot->touched.push_back(service);
}

WindowRing::AddResult WindowRing::Add(const Sample& sample, SampleDetail& detail) {
  if (const AddResult result = TurnToSecondOf(sample); !IsCounted(result)) return result;
  Window& window = WindowOf(sample);
  CountIn(window, sample, detail.load);
  if (detail.route.key != kNoKey && !window.routes.empty()) {
    CountRoute(CellOf(window.routes, detail.route), sample);
  }
  if (detail.cohort.key != kNoKey && !window.cohorts.empty()) {
    CountCohort(CellOf(window.cohorts, detail.cohort), sample, AgeClassOf(AgeSeconds(sample)));
  }
  return turn_.result;
}

void WindowRing::SealThrough(int64_t second) {
  if (second > sealed_through_.load(std::memory_order_relaxed)) {
    sealed_through_.store(second, std::memory_order_release);
    turn_.length_ns = 0;
  }
}

void WindowRing::SumCells(Window* window) {
  window->by_age = {};
  for (size_t i = 0; i < kStatusClasses; ++i) {
    const auto& ages = window->cells[i];
    window->by_class[i] = std::accumulate(ages.begin(), ages.end(), uint32_t{0});
    if (static_cast<StatusClass>(i) == StatusClass::kAborted) continue;
    for (size_t age = 0; age < kAgeClasses; ++age) window->by_age.requests[age] += ages[age];
  }
  window->by_age.errors = window->cells[static_cast<size_t>(StatusClass::k5xx)];
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

void WindowRing::Clear(Slot* slot) {
  for (const uint32_t service : slot->touched) {
    Window& window = slot->windows[service];
    std::fill(window.routes.begin(), window.routes.end(), RouteCounts{});
    std::fill(window.cohorts.begin(), window.cohorts.end(), CohortCounts{});
    window.routes = {};
    window.cohorts = {};
    // Not `window = Window{}`: most of a histogram was never written, and the sums are made anew.
    window.latency.Clear();
    window.saturation.Clear();
    window.cells = {};
    window.bytes = 0;
    window.touched = false;
  }
  slot->touched.clear();
}

}  // namespace revertd
