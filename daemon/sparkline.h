// Sparkline: the course of a rate before and after a deploy as one line of ASCII, a character a minute.
//
// Pure functions, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analysis/totals.h"
#include "base/verdict.h"

namespace revertd {

inline constexpr int64_t kMinutesBefore = 20;
inline constexpr int64_t kMinutesAfter = 40;

// What a minute was like. No rate: there was nothing to count.
using MinuteRates = std::vector<std::optional<double>>;

// Of the evidence's own kind: the share of errors, of requests at least as slow as it says, or requests a second.
std::optional<double> RateOf(const Evidence& evidence, const Totals& minute);

// One character each: ' ' for no rate, '.' for the lowest ninth of `highest`, '@' for the highest.
std::string Sparkline(const MinuteRates& rates, double highest);

}  // namespace revertd
