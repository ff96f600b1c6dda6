// ServiceMetrics: requests and durations of each service since the process began, for /metrics.
//
// Thread contract: the analysis thread alone.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/service_table.h"
#include "base/window.h"
#include "daemon/api/prometheus_text.h"

namespace revertd {

class ServiceMetrics {
 public:
  // Each service is some twenty lines of every scrape.
  static constexpr size_t kServicesMax = 256;
  // Upper bounds of the histogram, as most services draw them.
  static constexpr std::array<DurationNs, 11> kBounds = {
      5 * kMillisecondNs,    10 * kMillisecondNs,   25 * kMillisecondNs,   50 * kMillisecondNs,
      100 * kMillisecondNs,  250 * kMillisecondNs,  500 * kMillisecondNs,  1000 * kMillisecondNs,
      2500 * kMillisecondNs, 5000 * kMillisecondNs, 10000 * kMillisecondNs};

  ServiceMetrics();
  void OnWindow(const Window& window);
  void Write(const ServiceTable& services, PrometheusText* text) const;

 private:
  struct Totals {
    std::array<uint64_t, kStatusClasses> by_class{};
    std::array<uint64_t, kBounds.size() + 1> by_duration{};  // the last: longer than every bound
    double seconds = 0;                                      // sum of the durations, each its bucket's middle
  };

  std::array<uint8_t, HdrHistogram::kBuckets> bound_of_{};  // by the histogram's bucket
  std::vector<Totals> totals_;                              // by ServiceId
};

}  // namespace revertd
