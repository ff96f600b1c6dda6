// What the book says of a service's errors before a deploy: the rates of its groups, of harmless newcomers and of
// crashed sessions, and how the time of day changes them.
//
// Pure reads; one thread, the analysis thread. docs/statistics.md, "Error events".
#pragma once

#include <cstdint>
#include <vector>

#include "analysis/error_book.h"
#include "analysis/fingerprints.h"

namespace revertd {

// Of a newcomer's rate: with less than this nobody would be bothered, and what has much more was no harmless one.
inline constexpr NewcomerCounts kFewestBenign{.events = 1, .seconds = 2000};      // beside the margin of requests
inline constexpr NewcomerCounts kFewestBenignAlone{.events = 1, .seconds = 200};  // where no requests are known
inline constexpr double kBenignRateFactorMax = 2.5;

struct ErrorTimes {
  int64_t before_second = 0;   // the baseline's end
  int64_t first_second = 0;    // of the watch
  int64_t length_seconds = 0;  // of an observation
};

// `log`: the service's requests before (HistoryBefore). `left_out`: as of baselines. `absolute_margin`: in events for
// each request.
FingerprintHistory ErrorHistory(const ErrorBook& book, const ServiceErrors& service, const ErrorTimes& times,
                                const RateHistory& log, const std::vector<SecondInterval>& left_out,
                                double absolute_margin);
// Crashed ones among sessions begun.
RateHistory SessionHistory(const ErrorBook& book, const ServiceErrors& service, int64_t before_second,
                           const std::vector<SecondInterval>& left_out);
// What a second's expectation is multiplied by, where no requests tell how busy it is: how many of the service's errors
// came around this time of the day before, against the mean of that day; in [1, 4], since a baseline that rests on its
// last hour knows the time of day already. 1 where a whole day is not known.
double TimeOfDayScale(const ErrorBook& book, const ServiceErrors& service, const ErrorTimes& times);

}  // namespace revertd
