// ShadowDeploy: a pretend deploy on traffic in which nothing was deployed. It plays every setting of the detector
// (length of a block, cap of a block's evidence) at once and keeps how far each of them went astray; beside them, the
// same traffic with a regression mixed in, and how long each setting takes to see it. calibration.h chooses from many.
//
// Pure fold over seconds, any thread. The arithmetic is RateTrack's (rate_shift.h) for one setting, and tests hold the
// two equal; here it runs on plain numbers instead of logarithms, a block's Bayes factor serves every cap, and only
// seconds with events are evaluated: between them E falls.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/baseline.h"
#include "analysis/rate_shift.h"

namespace revertd {

// ln 8, and a half and a quarter of it.
inline constexpr std::array<double, 3> kLogCapsTried = {kLogCapUncalibrated, kLogCapUncalibrated / 2,
                                                        kLogCapUncalibrated / 4};
inline constexpr size_t kTracks = 2;  // slow, fast
// Regressions mixed in, as multiples of the old rate: those that the track is there to find.
inline constexpr size_t kEffectsTried = 2;
inline constexpr std::array<std::array<double, kEffectsTried>, kTracks> kEffectsMixedIn = {{{2, 3}, {5, 20}}};

// By block length, then cap.
template <typename Value>
using SettingGrid = std::array<std::array<Value, kLogCapsTried.size()>, kBlockLengths.size()>;

// What became of the watch with quick settings beside the controls of that moment (shadow_desk.h).
enum class ControlledOutcome : uint8_t { kNoControl, kQuiet, kHeldBack, kBlamed };

// What is kept of a shadow deploy: 135 bytes, in steps that lose nothing that matters.
struct ShadowResult {
  int64_t start_second = 0;
  // ln of the largest E in steps of 1/16, rounded up, by track; at most 255 (ln E = 15.9).
  std::array<SettingGrid<uint8_t>, kTracks> log_max{};
  // ln of the seconds until the regression is found in the same steps, by track and effect; of twice the length of the
  // watch where it was not.
  std::array<std::array<SettingGrid<uint8_t>, kEffectsTried>, kTracks> log_delay{};
  ControlledOutcome controlled = ControlledOutcome::kNoControl;
  static constexpr double kLogStep = 1.0 / 16;
};

// As 127 bytes and back (126 of older ones); the start is kept beside them. Nothing where the bytes are none of a
// result.
std::string Encode(const ShadowResult& result);
std::optional<ShadowResult> DecodeShadow(int64_t start_second, std::string_view bytes);

struct ShadowPlan {
  int64_t start_second = 0;
  int64_t horizon_seconds = int64_t{15} * 60;
  double null_rate = 1;     // p_null of a deploy at that second
  BlockSpread spread;       // of the same baseline
  double old_rate = 0;      // what the regressions are multiples of
  double value_needed = 0;  // of E, for one track
  uint64_t seed = 0;        // of what is mixed in
};

class ShadowDeploy {
 public:
  explicit ShadowDeploy(const ShadowPlan& plan);
  static uint64_t HeapBytes();  // of one, beside its own size
  // Seconds from start_second on, in order; those without requests may be left out.
  void Observe(int64_t second, const RateCounts& counts);
  int64_t start_second() const { return plan_.start_second; }
  bool IsOver(int64_t second) const { return second >= plan_.start_second + plan_.horizon_seconds; }
  // Of the seconds seen so far.
  ShadowResult Result() const;

 private:
  // One track with one block length, for every cap.
  class Bank {
   public:
    Bank(const ShadowPlan& plan, size_t length, size_t track);
    void Observe(int64_t since_start, double expected, double events);
    double max(size_t cap) const { return max_[cap]; }             // of E
    int64_t found_after(size_t cap) const { return found_[cap]; }  // seconds; 0: not found

   private:
    static constexpr size_t kFactors = 3;
    using Factors = std::array<double, kFactors>;
    Factors LogBayesFactors() const;
    void CloseBlocks(int64_t block);
    void Evaluate(int64_t since_start);

    std::span<const double> factors_;
    int64_t block_seconds_;
    OnsetWeights weights_;
    double concentration_;
    double value_needed_;
    int64_t block_ = 1;
    double expected_ = 0;
    double events_ = 0;
    std::array<Factors, kLogCapsTried.size()> carried_{};  // A_m
    std::array<double, kLogCapsTried.size()> max_;
    std::array<int64_t, kLogCapsTried.size()> found_{};
  };

  ShadowPlan plan_;
  std::mt19937_64 random_;
  // By track: the traffic as it is, then with each effect mixed in; of every length.
  std::array<std::array<std::vector<Bank>, 1 + kEffectsTried>, kTracks> banks_;
};

}  // namespace revertd
