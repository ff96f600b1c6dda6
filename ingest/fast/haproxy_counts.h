// HaproxyCounts: a line of "option httplog" from its timers to its queues, "0/0/1/9/10 200 869 - - ---- 5/4/3/1/0 0/0":
// eight words of which nearly all are wanted, half of what a HAProxy line costs.
//
// Thread contract: one thread.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <string_view>

#include "base/sample.h"
#include "ingest/fast/byte_search.h"
#include "ingest/fast/haproxy_timers.h"
#include "ingest/fast/wide_text.h"
#include "ingest/format/access_record.h"
#include "ingest/format/haproxy_fields.h"

namespace revertd {

class HaproxyCounts {
 public:
  // The usual words, 64 bytes at a step: no cookies, nobody gone, nothing queued. Sets the timers, status, bytes,
  // aborted and queue_length and answers the blank behind the queues, or nullptr. Where the line ends it does not know.
  template <typename Text>
  REVERTD_ALWAYS_INLINE const char* ReadUsual(const char* at, AccessRecord& record);

  // Any words, taken off the front of the line's rest by the exact reader's own functions.
  static bool TakeAny(std::string_view& rest, AccessRecord& record);

 private:
  static constexpr uint32_t kConnectionsBytesMax = 20;  // of five numbers: none has more than twelve digits

  // Whether all of the five timers are read.
  template <typename Text>
  REVERTD_ALWAYS_INLINE bool ReadTimers(const char* at, uint64_t slashes, uint32_t size, AccessRecord& record);

#if defined(__x86_64__)
  HaproxyTimers timers_;
#endif
};

template <typename Text>
bool HaproxyCounts::ReadTimers(const char* at, uint64_t slashes, uint32_t size, AccessRecord& record) {
  if constexpr (Text::kShuffles) {
    if (size <= HaproxyTimers::kBytesMax) [[likely]] {
      if (timers_.Read(at, static_cast<uint32_t>(slashes) | uint32_t{1} << size, record)) [[likely]]
        return true;
    }
  }
  std::array<DurationNs, 5> timers;
  if (!ReadShortNumbers(at, at + size, timers)) return false;
  for (DurationNs& timer : timers) timer *= kMillisecondNs;
  SetTimers(timers, record);
  return true;
}

template <typename Text>
const char* HaproxyCounts::ReadUsual(const char* at, AccessRecord& record) {
  constexpr ShortLiteral kNoCookies = ShortLiteral::Of(" - - ---");
  constexpr ShortLiteral kStateEnd = ShortLiteral::Of("- ");
  constexpr uint32_t kCookiesBytes = 10;
  constexpr ShortLiteral kNoQueue = ShortLiteral::Of(" 0/0 ");
  const auto bit = [](uint32_t place) { return uint64_t{1} << place; };
  // Where the words end.
  uint64_t blanks = Text::Find(at, ' ');
  const auto next = [&blanks] {
    const auto place = static_cast<uint32_t>(std::countr_zero(blanks));
    blanks &= blanks - 1;
    return place;
  };
  const uint32_t timers = next();
  const uint32_t status = next();
  const uint32_t bytes = next();
  if (bytes > 63 - kCookiesBytes || !kNoCookies.StandsAt(at + bytes) || !kStateEnd.StandsAt(at + bytes + 8))
    return nullptr;
  blanks &= ~uint64_t{0} << (bytes + kCookiesBytes);
  const uint32_t connections = next();
  const uint32_t queues = connections + 4;
  if (queues > 63 || !kNoQueue.StandsAt(at + connections)) return nullptr;
  // All but blanks and the cookies' words is digits and slashes; each slash stands between digits.
  const uint64_t inside = bit(queues) - 1;
  const uint64_t numbers = Text::FindDigitsAndSlashes(at) & inside;
  const uint64_t slashes = Text::Find(at, '/') & inside;
  const uint64_t digits = numbers ^ slashes;
  const uint64_t others = bit(timers) | bit(status) | (bit(kCookiesBytes) - 1) << bytes | bit(connections);
  if ((numbers ^ inside) != others || (slashes & ~((digits << 1) & (digits >> 1))) != 0) return nullptr;
  // Five timers, no slash in the next two words, five connection counts and the two queues.
  const uint64_t in_timers = slashes & (bit(timers) - 1);
  const uint32_t size_bytes = bytes - status - 1;
  if (std::popcount(in_timers) != 4 || std::popcount(slashes >> bytes) != 5 || std::popcount(slashes) != 9 ||
      status - timers != 4 || size_bytes - 1 > 7 || connections - bytes - kCookiesBytes > kConnectionsBytesMax)
    return nullptr;
  if (!ReadTimers<Text>(at, in_timers, timers, record)) return nullptr;
  const uint64_t code = LoadWord(at + timers + 1);
  record.status = static_cast<int>((code & 0xF) * 100 + (code >> 8 & 0xF) * 10 + (code >> 16 & 0xF));
  record.bytes = static_cast<int64_t>(EightDigits(RightAlignedDigits(at + bytes, size_bytes)));
  record.aborted = false;
  record.queue_length = 0;
  return at + queues;
}

}  // namespace revertd
