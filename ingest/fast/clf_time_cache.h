// ClfTimeCache: the times of "21/Nov/2026:03:10:09 +0100", whose text changes once a second and is parsed as often.
//
// Lines of neighbouring seconds come mixed (workers buffer their logs), so each last digit has a place of its own.
// Thread contract: one thread.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "base/clock.h"
#include "ingest/fast/byte_search.h"
#include "ingest/format/text_fields.h"

namespace revertd {

class ClfTimeCache {
 public:
  static constexpr size_t kTextBytes = 26;

  // The kTextBytes at `text` as ParseClfTime reads them; false where it cannot.
  bool Read(const char* text, TimeNs* time) {
    const Words words = {LoadWord(text), LoadWord(text + 8), LoadWord(text + 16), LoadWord(text + kTextBytes - 8)};
    constexpr size_t kLastDigit = 19;
    Entry& entry = entries_[static_cast<uint8_t>(text[kLastDigit]) % entries_.size()];
    if (((entry.words[0] ^ words[0]) | (entry.words[1] ^ words[1]) | (entry.words[2] ^ words[2]) |
         (entry.words[3] ^ words[3])) != 0) [[unlikely]] {
      const auto parsed = ParseClfTime({text, kTextBytes});
      if (!parsed) return false;
      entry = {.words = words, .time = *parsed};
    }
    *time = entry.time;
    return true;
  }

 private:
  using Words = std::array<uint64_t, 4>;
  struct Entry {
    Words words{};  // all zero: no text
    TimeNs time = 0;
  };
  std::array<Entry, 8> entries_{};
};

}  // namespace revertd
