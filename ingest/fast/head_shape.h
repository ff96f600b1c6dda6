// HeadShape: what a syslog writer puts in front of the lines of one program, recognised by its bytes. Two heads are of
// one shape where they differ in digits alone: times and process numbers change, their places hardly ever do.
//
// Thread contract: one thread.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "ingest/fast/byte_search.h"

namespace revertd {

class HeadShape {
 public:
  // Heads have a host's name in them, at most 63 bytes in most networks, and some 60 bytes of other words.
  static constexpr size_t kBytesMax = 128;

  size_t size() const { return size_; }
  size_t quotes() const { return quotes_; }

  // Whether a head of this shape stands at `line`, which ends in an LF somewhere.
  bool StandsAt(const char* line) const {
    for (size_t at = 0; at < size_; at += kStepBytes) {
      // The step with the LF is the last one that is read: no head has one.
      if (!AreInRanges(line + at, &lowest_[at], &spans_[at])) [[unlikely]]
        return false;
    }
    return true;
  }

  // `head` has at most kBytesMax bytes, none of them an LF.
  void Set(std::string_view head) {
    size_ = head.size();
    quotes_ = static_cast<size_t>(std::count(head.begin(), head.end(), '"'));
    lowest_.fill(0);
    spans_.fill(0xFF);
    // "1 " behind the priority tells the heads of RFC 5424; no other digit will do.
    const size_t version = head.find(' ') - 1;
    for (size_t i = 0; i < size_; ++i) {
      const bool any_digit = head[i] >= '0' && head[i] <= '9' && !(i == version && (i == 0 || head[i - 1] == '>'));
      lowest_[i] = any_digit ? '0' : static_cast<uint8_t>(head[i]);
      spans_[i] = any_digit ? 9 : 0;
    }
  }

 private:
  static constexpr size_t kStepBytes = 16;

  size_t size_ = 0;
  size_t quotes_ = 0;  // of RFC 5424's structured data
  // A byte fits its place if it is one of spans_ + 1 values from lowest_ on; behind the head every one does.
  std::array<uint8_t, kBytesMax> lowest_{};
  std::array<uint8_t, kBytesMax> spans_{};
};

}  // namespace revertd
