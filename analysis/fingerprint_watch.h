// FingerprintWatch: is a deploy followed by error groups that were never seen, or by more events of known ones? Asked
// beside the signals of requests: an error that a service swallows, and answers with 200, shows only here.
//
// A pure fold over seconds from the deploy's finish: parameters are fixed at the start, one Observe a second in order,
// also for seconds without events. Any thread. Memory is bounded: kNewcomersMax and kKnownJudgedMax, what is beyond is
// counted. Formulas: docs/statistics.md, "Error events".
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "analysis/fingerprints.h"
#include "analysis/newcomers.h"
#include "analysis/rate_shift.h"

namespace revertd {

// Of the false rollback rate: DETECTION's 0.15 in three; the last third is for sessions that end in a crash.
inline constexpr double kNewcomersShare = 0.05;
inline constexpr double kKnownGroupsShare = 0.05;
inline constexpr size_t kKnownJudgedMax = 128;        // those with the most events: each one's weight is one over all
inline constexpr double kReportDiscoveryRate = 0.05;  // of the known groups that a report names, expected to be wrong

struct FingerprintSettings {
  double false_rollback_rate = 1e-3;
  RateMargins margins;
  int64_t horizon_seconds = kOnsetNearSeconds;
  size_t known_judged_max = kKnownJudgedMax;
};

// A known group that is judged.
struct KnownGroupState {
  ErrorGroup group;
  KnownRate before;
  int64_t events = 0;    // since the finish
  double log_value = 0;  // ln of the mean of its two tracks' E, at least
  bool called = false;   // by e-BH, at kReportDiscoveryRate
};

struct FingerprintReport {
  std::vector<Newcomer> newcomers;
  std::vector<KnownGroupState> known;
  bool newcomers_fired = false;
  bool known_fired = false;
  double known_log_value = 0;  // ln of the mean E of the known groups
  double known_log_needed = 0;
  int64_t exposure = 0;  // requests, or seconds where they are not known
  int64_t newcomer_events_beyond = 0;
  int64_t known_groups_beyond = 0;  // known, so no newcomers, and not judged
};

class FingerprintWatch {
 public:
  FingerprintWatch(const FingerprintHistory& history, const FingerprintSettings& settings);

  // The next second's counts of the new version. Where requests are known, a second without any is no evidence: a log
  // that stands still looks the same.
  void Observe(const FingerprintSecond& told);

  bool knows(uint64_t fingerprint) const { return known_.contains(fingerprint); }
  const std::vector<Newcomer>& newcomers() const { return newcomers_.all(); }
  bool newcomers_fired() const { return newcomers_.fired(); }
  bool known_fired() const { return known_fired_; }
  // ln of an e-value of newcomers alone or of known groups alone, whichever is larger.
  double LogValue() const;
  bool fired() const { return known_fired_ || newcomers_.fired(); }  // a crossing stays
  FingerprintReport Report() const;
  // To be added to the service's history once the deploy has turned out healthy.
  NewcomerCounts BenignNewcomers() const { return newcomers_.Counts(); }

 private:
  struct Judged {
    ErrorGroup group;
    KnownRate before;
    int64_t events;
    RateShift shift;
  };
  void ObserveKnown(const FingerprintSecond& second, int64_t exposure);
  double VanishedExpected(uint64_t origin, int64_t exposure) const;
  double KnownLogValue() const;

  bool requests_known_;
  size_t known_judged_max_;
  RateMargins margins_;
  double known_log_needed_;
  Newcomers newcomers_;
  std::vector<Judged> judged_;
  std::map<uint64_t, size_t> known_;  // by fingerprint: the index in judged_, or kNotJudged
  std::map<uint64_t, std::vector<size_t>> judged_by_origin_;
  int64_t exposure_ = 0;
  double known_log_value_;  // of the newest second: asked for more than once
  bool known_fired_ = false;
};

}  // namespace revertd
