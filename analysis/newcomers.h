// Newcomers: error groups that a service never sent before a deploy. Most are harmless, so one is called only for
// events far above the rate that harmless ones had; the more of them there are, the more each has to show.
//
// A pure fold over seconds from the deploy's finish, any thread. Invariants: 1. memory is bounded: kNewcomersMax, the
// events of others are counted; 2. the answer does not depend on the order of the events within a second; 3. what is
// expected for a request, and of which kind a newcomer is, follows from the seconds before.
// Formulas: docs/statistics.md, "Error events".
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "analysis/fingerprints.h"
#include "analysis/rate_shift.h"

namespace revertd {

inline constexpr size_t kNewcomersMax = 64;          // the last one's threshold is 715 times the first one's
inline constexpr int64_t kNewcomerEventsNeeded = 5;  // after the first
inline constexpr int64_t kNewcomerBlockSeconds = 10;
inline constexpr double kBenignFactor = 4;  // of the mean rate of harmless newcomers: few of them pass it

// A group whose type and transaction are those of known ones that are no longer seen is taken for them under a new
// name.
enum class NewcomerKind : uint8_t { kNew, kRenamed };

struct Newcomer {
  ErrorGroup group;
  NewcomerKind kind = NewcomerKind::kNew;
  int64_t place = 1;      // i = 1, 2, ...: among those of its kind, by first event, then by fingerprint
  int64_t events = 0;     // after the first
  int64_t seconds = 0;    // from that of its first event on
  double log_value = 0;   // ln E
  double log_needed = 0;  // ln of the threshold
  bool fired = false;     // a crossing stays
};

struct NewcomerSettings {
  double alpha = 1e-3;         // of all newcomers of a deploy together
  double benign_rate = 0;      // events a second
  double absolute_margin = 0;  // events for each request
  int64_t horizon_seconds = kOnsetNearSeconds;
};

class Newcomers {
 public:
  explicit Newcomers(const NewcomerSettings& settings) : settings_(settings) {}

  // `events` are those of never-seen groups. `vanished_expected(origin)`: how many events known groups of that origin
  // may send in this second of those that are no longer seen. `observed`: false for a second that is no evidence; its
  // events are passed over.
  using VanishedExpected = std::function<double(uint64_t origin)>;
  void Observe(const FingerprintSecond& second, bool observed, const VanishedExpected& vanished_expected);

  const std::vector<Newcomer>& all() const { return newcomers_; }
  bool fired() const;
  // ln of the largest E_i / ((i + 1)(i + 2)): at most that of their weighted mean, an e-value of all newcomers
  // together.
  double LogValue() const;
  int64_t events_beyond() const { return events_beyond_; }  // of groups past kNewcomersMax
  // Of the kind kNew: what the service's history may add up once the deploy has turned out healthy.
  NewcomerCounts Counts() const;

 private:
  void Admit(const ErrorGroup& group, NewcomerKind kind);

  NewcomerSettings settings_;
  std::vector<Newcomer> newcomers_;
  std::vector<BlockTest> tests_;               // of newcomers_
  std::map<uint64_t, size_t> by_fingerprint_;  // index in newcomers_
  int64_t events_beyond_ = 0;
};

}  // namespace revertd
