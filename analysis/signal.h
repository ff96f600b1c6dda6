// Signal: the kinds of thing that a deploy is judged by, and what is particular to each of them.
//
// All are rates of events: 5xx, slow or waiting ones among a service's requests, requests among seconds. Pure, any
// thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "analysis/rate_shift.h"
#include "base/verdict.h"

namespace revertd {

enum class Signal : uint8_t { kErrors, kLatencyP50, kLatencyP90, kLatencyP99, kTraffic, kSaturation };
inline constexpr size_t kSignals = 6;
inline constexpr std::array<Signal, kSignals> kAllSignals = {Signal::kErrors,     Signal::kLatencyP50,
                                                             Signal::kLatencyP90, Signal::kLatencyP99,
                                                             Signal::kTraffic,    Signal::kSaturation};

// One value a signal.
template <typename Value>
class PerSignal {
 public:
  Value& operator[](Signal signal) { return values_[static_cast<size_t>(signal)]; }
  const Value& operator[](Signal signal) const { return values_[static_cast<size_t>(signal)]; }

 private:
  std::array<Value, kSignals> values_{};
};

struct SignalTraits {
  std::string_view name;
  std::string_view reason;  // of the verdict that it brings
  FactorGrid grid = FactorGrid::kRate;
  double alpha_share = 0;  // w: its share of the false rollback rate
  // Of a cold start: with a usable control, and alone, where longer blocks let a short burst add its cap only once.
  int64_t block_seconds_controlled = 5;
  int64_t block_seconds_alone = 20;
  int64_t second_look_seconds = 0;  // what caches hide until they are warm is looked for anew from then on
  bool proves_health = true;        // whether a deploy is healthy only once this signal is seen not to be worse
  bool is_comparable = true;  // whether other services say anything of what this one's should be; else it only asks
  bool blames_alone = false;  // whether it may blame the deploy without a control
};
const SignalTraits& TraitsOf(Signal signal);
// Whether a verdict is ambiguous for nothing but a signal that only asks: its deploy serves as usual otherwise.
bool OnlyAsks(const Verdict& verdict);
// Errors where the name is none of a signal: of records that an older release wrote.
Signal SignalNamed(std::string_view name);

}  // namespace revertd
