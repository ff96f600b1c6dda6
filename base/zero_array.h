// ZeroArray: an array of fixed size whose elements begin as zero bytes and cost memory only once they are written: the
// pages come from the system untouched. For large tables of which a running process uses a part.
//
// Thread contract: as an array. T is valid as all zero bytes and needs no destructor. Memory that the system does not
// give is no state to go on in: the process stops (REVERTD_CHECK).
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

namespace revertd {

// Zeroed pages of at least `bytes`; nullptr for 0. Never huge pages: one touched byte would cost two megabytes.
void* MapZeroPages(size_t bytes);
void UnmapZeroPages(void* pages, size_t bytes);

template <typename T>
class ZeroArray {
  static_assert(std::is_trivially_destructible_v<T> && std::is_trivially_copyable_v<T>);

 public:
  ZeroArray() = default;
  explicit ZeroArray(size_t size) : size_(size), items_(static_cast<T*>(MapZeroPages(size * sizeof(T)))) {}
  ZeroArray(ZeroArray&& other) noexcept
      : size_(std::exchange(other.size_, 0)), items_(std::exchange(other.items_, nullptr)) {}
  ZeroArray& operator=(ZeroArray&& other) noexcept {
    std::swap(size_, other.size_);
    std::swap(items_, other.items_);
    return *this;
  }
  ~ZeroArray() { UnmapZeroPages(items_, size_ * sizeof(T)); }

  size_t size() const { return size_; }
  T* data() { return items_; }
  T& operator[](size_t i) { return items_[i]; }
  const T& operator[](size_t i) const { return items_[i]; }

 private:
  size_t size_ = 0;
  T* items_ = nullptr;
};

}  // namespace revertd
