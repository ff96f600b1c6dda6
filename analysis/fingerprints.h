// Fingerprints: error events as a tracker such as Sentry groups them, and what a service's history says of the rate of
// each group.
//
// Pure, any thread. Names (types, transactions, fingerprints) are numbers here: whoever reads the events interns them.
// Formulas: docs/statistics.md, "Error events".
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "analysis/baseline.h"
#include "base/sinks.h"

namespace revertd {

// Events that are told to be the same fault.
struct ErrorGroup {
  uint64_t fingerprint = 0;
  uint64_t origin = 0;  // of the exception's type and its transaction (culprit): what a new name leaves as it was
};

// In one second; `events` > 0.
struct GroupEvents {
  ErrorGroup group;
  int64_t events = 0;
};

struct FingerprintSecond {
  int64_t requests = 0;                 // of the service; not read where they are not known
  std::span<const GroupEvents> events;  // in any order; a group may stand there twice
  double scale = 1;                     // what is expected is multiplied by it: the time of day, of seconds
};

// Events of one group in one history block; blocks without any are left out.
struct BlockEvents {
  int64_t start_second = 0;  // of a block of kHistoryBlockSeconds
  int64_t events = 0;
};
struct KnownGroup {
  ErrorGroup group;
  std::vector<BlockEvents> blocks;  // ascending
};

// Of groups that were new after deploys that turned out healthy, from the second event of each on.
struct NewcomerCounts {
  int64_t events = 0;
  int64_t seconds = 0;
  NewcomerCounts& operator+=(const NewcomerCounts& other);
  double rate() const { return seconds > 0 ? static_cast<double>(events) / static_cast<double>(seconds) : 0; }
};

// What is known before a deploy.
struct FingerprintHistory {
  int64_t before_second = 0;
  bool requests_known = true;        // else events are counted against seconds
  std::vector<HistoryBlock> blocks;  // of the service, HistoryBefore's; where no requests are known, those watched
  std::vector<KnownGroup> known;     // every group that it ever sent: all others are newcomers
  NewcomerCounts benign;
};

// Events for each request, or for each second where requests are not known.
struct KnownRate {
  double observed = 0;
  double reference = 0;      // at its upper bound
  double null_rate = 0;      // the largest that is not worse; 0: not known
  double inverse_kappa = 0;  // of blocks of a cold start's length
};
// A margin in events for each request says nothing of events for each second.
RateMargins MarginsOf(const FingerprintHistory& history, const RateMargins& margins);
// Of the blocks from the group's first event on: before it the group was not there to be counted.
KnownRate EstimateKnownRate(const FingerprintHistory& history, const KnownGroup& known, const RateMargins& margins);

}  // namespace revertd
