#include "daemon/sparkline.h"

#include <algorithm>
#include <string_view>

namespace revertd {
namespace {

constexpr std::string_view kLevels = ".:-=+*#%@";
constexpr double kMinuteSeconds = 60;

std::optional<double> Share(uint64_t events, uint64_t all) {
  if (all == 0) return std::nullopt;
  return static_cast<double>(events) / static_cast<double>(all);
}

}  // namespace

std::optional<double> RateOf(const Evidence& evidence, const Totals& minute) {
  if (!evidence.route.empty() || !evidence.cohort.empty()) return std::nullopt;  // minutes are of whole services
  if (evidence.signal == "traffic") return static_cast<double>(minute.all()) / kMinuteSeconds;
  if (evidence.slower_than_ns > 0) {
    return Share(minute.latency.CountAtOrAbove(evidence.slower_than_ns), minute.latency.total());
  }
  if (evidence.signal == "saturation") return Share(minute.saturation.waited, minute.saturation.told);
  return Share(minute.errors(), minute.requests());
}

std::string Sparkline(const MinuteRates& rates, double highest) {
  const double step = highest / static_cast<double>(kLevels.size());
  std::string line;
  for (const std::optional<double>& rate : rates) {
    if (!rate) {
      line += ' ';
      continue;
    }
    const double level = step > 0 ? std::clamp(*rate / step, 0.0, static_cast<double>(kLevels.size() - 1)) : 0;
    line += kLevels[static_cast<size_t>(level)];
  }
  return line;
}

}  // namespace revertd
