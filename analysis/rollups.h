// Rollups: what is kept of every service's seconds, in three tiers: 1 s for 20 min, 10 s for 26 h, 1 min for 14 days.
//
// Seconds go into tens, tens into minutes; each closed interval is encoded (analysis/totals.h) and kept in its tier.
// Minutes are handed to whoever keeps them for good (the store: a restart keeps the baseline), or stay in memory where
// nobody does. Any interval of a service can then be asked for, in the finest grain that is still kept of each part.
// Routes and cohorts are of the moment and not rolled up; neither is `_other`, many services in one.
//
// One thread, the analysis thread. Invariants: 1. memory is at most BytesPerService for each service with traffic;
// 2. a second is counted once in each tier.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/sparse_tier.h"
#include "analysis/totals.h"
#include "base/window.h"

namespace revertd {

// The bytes of an interval are what a busy service needs at a tenth of its latency's digits: 102 bytes hold 62 buckets,
// nearly four octaves of 16. Together with what else is kept of a service they keep 1,000 services below 2 GiB.
inline constexpr TierSpec kSecondTier = {.grain_seconds = 1, .kept_seconds = 20 * 60, .interval_bytes = 128};
inline constexpr TierSpec kTenSecondTier = {.grain_seconds = 10, .kept_seconds = 26 * 3600, .interval_bytes = 102};
inline constexpr TierSpec kMinuteTier = {.grain_seconds = 60, .kept_seconds = 14 * 24 * 3600, .interval_bytes = 160};

class Rollups {
 public:
  // Called with each minute as it closes, oldest first for each service; the bytes live until it returns. Empty:
  // minutes stay in memory.
  using OnMinute = std::function<void(std::string_view service, int64_t start_second, std::string_view bytes)>;

  // `services` outlives it.
  Rollups(const ServiceTable& services, OnMinute on_minute) : services_(services), on_minute_(std::move(on_minute)) {}
  static uint64_t BytesPerService(bool minutes_in_memory);

  // The newest minute of the process before this one, which may have been open: what comes of it is added. Before the
  // first window.
  void RestoreMinute(std::string_view service, int64_t start_second, std::string_view bytes);
  // Windows in order of time for each service.
  void OnWindow(const Window& window);
  // Closes what ended at or before the end of `second`, and gives back what is too old.
  void SealedThrough(int64_t second);
  // The process ends: open intervals are closed as they are, so that minutes lose nothing.
  void Finish();

  // Adds the intervals of `service` that start in [from, to) and are in memory. Answers where memory begins: what
  // starts in [from, answer) is the store's, in minutes (none if the answer is `from` or before). An interval counts
  // where it starts: sums over neighbouring ranges add up to the sum over both.
  // AnyTotals is Totals or JoinedTotals.
  template <typename AnyTotals>
  int64_t Sum(ServiceId service, int64_t from, int64_t to, AnyTotals* totals) const;
  template <typename AnyTotals>
  int64_t Sum(std::string_view service, int64_t from, int64_t to, AnyTotals* totals) const;  // by its name

  // One second, into empty totals; where only its ten is kept, a tenth of that; nothing where that is gone too.
  void ReadSecond(std::string_view service, int64_t second, JoinedTotals* totals) const;

  uint64_t bytes() const;                                      // in use, of all services
  uint64_t chunks_cut() const;                                 // given back early for lack of bytes
  uint64_t windows_disordered() const { return disordered_; }  // older than what was closed; in Series alone

 private:
  struct Open {
    int64_t start_second = kNoSecond;
    IntervalTotals totals;
  };
  struct Tiers {
    SparseTier seconds{kSecondTier};
    SparseTier tens{kTenSecondTier};
    SparseTier minutes{kMinuteTier};
    Open ten;
    Open minute;
  };

  // From when on an interval is told by that tier.
  struct Begins {
    int64_t seconds;
    int64_t tens;
  };
  static Begins BeginsOf(const Tiers& tiers, int64_t none);

  struct Restored {
    int64_t start_second;
    std::string bytes;
  };

  Tiers& TiersOf(ServiceId service);
  void CloseTen(ServiceId service, Tiers* tiers);
  void CloseMinute(ServiceId service, Tiers* tiers);
  std::string_view Encoded(const IntervalTotals& totals, const TierSpec& spec);

  const ServiceTable& services_;
  const OnMinute on_minute_;
  std::vector<std::unique_ptr<Tiers>> by_service_;  // null: no traffic yet
  std::map<std::string, ServiceId, std::less<>> ids_;
  std::map<std::string, Restored, std::less<>> restored_;
  std::string scratch_;  // of Encoded
  int64_t forget_at_ = kNoSecond;
  uint64_t disordered_ = 0;
};

}  // namespace revertd
