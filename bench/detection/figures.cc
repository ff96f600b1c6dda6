#include "bench/detection/figures.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <string_view>

#include "bench/detection/bounds.h"

namespace revertd::bench {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();
constexpr double kEffectAsked = 2;  // from this effect on delays are asked for
constexpr double kBoundAskedSeconds = 150;
constexpr double kFloorSeconds = 9;
constexpr double kBusyRequests = 500;
constexpr double kRoughEffect = 5;  // in incidents and mixed traffic
constexpr double kRoughAloneSeconds = 200;
constexpr double kRoughWithControlSeconds = 20;

std::string Number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value);
  return text;
}

// "5 false rollbacks per 1000 (1 of 200)": few runs show little, and the reader sees how few.
std::string Rate(std::string_view what, int64_t hits, int64_t runs) {
  return Number(PerThousand(hits, runs)) + " " + std::string(what) + " per 1000 (" + std::to_string(hits) + " of " +
         std::to_string(runs) + ")";
}

double AsSeconds(int64_t seconds) { return seconds == kNever ? kInfinite : static_cast<double>(seconds); }

}  // namespace

double PerThousand(int64_t hits, int64_t runs) { return 1000 * static_cast<double>(hits) / static_cast<double>(runs); }

double BoundSecondsOf(const Cell& cell) {
  const double factor = cell.effect * cell.outage;
  const double rho = cell.noise.rho;
  const double shape = rho > 0 ? RateMultiplied(cell.error_rate, true) * (1 / rho - 1) : kInfinite;
  return BoundSeconds(InformationPerSecond(cell.requests_per_second, ErrorRateAfter(cell.error_rate, factor),
                                           PracticalNull(cell.error_rate), shape));
}

std::optional<DelayFigure> DelayFigureOf(const CellResult& result) {
  const Cell& cell = result.cell;
  if (cell.noise.incidents) {
    if (cell.effect < kRoughEffect || cell.requests_per_second < kBusyRequests) return std::nullopt;
    const bool alone = cell.control == ControlKind::kNone;
    return DelayFigure{alone ? kRoughAloneSeconds : kRoughWithControlSeconds, kInfinite};
  }
  if (cell.noise.diurnal || cell.noise.autoregressive || cell.effect < kEffectAsked) return std::nullopt;
  const double bound = BoundSecondsOf(cell);
  if (bound > kBoundAskedSeconds) return std::nullopt;
  const double fifth_error = AsSeconds(Quantile(result.fifth_error_seconds, 0.5));
  DelayFigure figure{std::max(1.75 * bound, fifth_error) + kFloorSeconds, 3.5 * bound + 20};
  if (bound < 1) figure.median_max = std::min(figure.median_max, kFloorSeconds);
  return figure;
}

std::vector<std::string> HealthyMisses(const std::vector<CellResult>& results) {
  std::vector<std::string> misses;
  int64_t hits = 0, runs = 0;
  for (const CellResult& result : results) {
    const bool healthy = result.cell.effect == 1;
    if (healthy) hits += result.regressed, runs += result.runs;
    const double most = healthy ? kHealthyCellMax : kSmallEffectMax;
    if (PerThousand(result.regressed, result.runs) > most) {
      misses.push_back(Describe(result.cell) + ": " + Rate("false rollbacks", result.regressed, result.runs) +
                       ", at most " + Number(most));
    }
  }
  if (runs > 0 && PerThousand(hits, runs) > kHealthyAllMax) {
    misses.push_back("all healthy cells: " + Rate("false rollbacks", hits, runs) + ", at most " +
                     Number(kHealthyAllMax));
  }
  return misses;
}

std::vector<std::string> DelayMisses(const std::vector<CellResult>& results) {
  std::vector<std::string> misses;
  for (const CellResult& result : results) {
    const std::optional<DelayFigure> figure = DelayFigureOf(result);
    if (!figure) continue;
    const double median = AsSeconds(Quantile(result.delay_seconds, 0.5));
    const double p95 = AsSeconds(Quantile(result.delay_seconds, 0.95));
    if (median > figure->median_max) {
      misses.push_back(Describe(result.cell) + ": median " + Number(median) + " s, at most " +
                       Number(figure->median_max));
    }
    if (p95 > figure->p95_max) {
      misses.push_back(Describe(result.cell) + ": p95 " + Number(p95) + " s, at most " + Number(figure->p95_max));
    }
  }
  return misses;
}

std::vector<std::string> OutageMisses(const std::vector<CellResult>& results) {
  std::vector<std::string> misses;
  for (const CellResult& result : results) {
    if (PerThousand(result.regressed, result.runs) > kOutageMax) {
      misses.push_back(Describe(result.cell) + ": " + Rate("false rollbacks", result.regressed, result.runs) +
                       ", at most " + Number(kOutageMax));
    }
    // What nobody could see in time need not be reported.
    if (BoundSecondsOf(result.cell) > kBoundAskedSeconds) continue;
    const int64_t silent = result.runs - result.regressed - result.ambiguous;
    if (silent > 0) {
      misses.push_back(Describe(result.cell) + ": " + Rate("outages", silent, result.runs) +
                       " not reported, neither ambiguous nor regressed");
    }
  }
  return misses;
}

}  // namespace revertd::bench
