// TopNames: the busiest few names (routes, cohorts) of each service, each with a place that its windows count it in.
//
// A name beyond the places goes to `_other`, the last place. Who holds a place is decided as Misra and Gries do
// (1982): a hit is a vote for the holder, a miss a vote against one of them, in turn; a holder without votes gives its
// place to the name that missed. So a name with more than 1/places of the lines that found no place keeps or gets one,
// and no line costs more than a look at the service's places. Votes are capped, so that a name that was once busy
// leaves in bounded time. Where places must not move among equals (cohorts are compared with each other), votes are
// not counted; a place then becomes free only when its name was not seen for kIdleSeconds.
//
// Thread contract: one thread, the recorder's. Memory: BytesPerService for every service that has named a line.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/window_detail.h"
#include "base/zero_array.h"

namespace revertd {

class TopNames {
 public:
  enum class Contest : uint8_t { kVotes, kIdleOnly };

  static constexpr int64_t kIdleSeconds = 60;   // of log time; a rolling deploy's old pods are gone by then
  static constexpr uint32_t kVotesMax = 4'096;  // after the last hit a holder leaves within so many rounds of misses

  // `places` of each service without `_other`; 1 to kRoutesMax.
  TopNames(uint32_t services, uint32_t places, Contest contest);
  static uint64_t BytesPerService(uint32_t places);

  // The place of `name` at log time `second`; its view lives until the next call. No allocation.
  Place Find(ServiceId service, std::string_view name, int64_t second);

 private:
  struct Holder {
    uint64_t key = kNoKey;
    int64_t seen_second = 0;
    uint32_t votes = 0;
    Label name;
  };
  // Where a name was found last, by the low bits of its key: most lines need no search.
  static constexpr size_t kHints = 64;
  struct Service {
    uint32_t held = 0;  // places that were ever taken
    uint32_t hand = 0;  // whose turn it is to be voted against
    std::array<uint8_t, kHints> hints{};
  };

  Place Hit(Holder* holder, uint32_t cell, int64_t second);
  bool VotedOut(Holder* holder, int64_t second) const;

  const uint32_t places_;
  const Contest contest_;
  ZeroArray<Service> services_;
  ZeroArray<Holder> holders_;  // by service, places_ each
};

}  // namespace revertd
