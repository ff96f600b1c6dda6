#include "daemon/api/service_metrics.h"

#include <algorithm>
#include <string>

#include "base/strings.h"

namespace revertd {
namespace {

constexpr std::array<std::string_view, kStatusClasses> kClassNames = {"1xx", "2xx", "3xx", "4xx", "5xx", "aborted"};

}  // namespace

ServiceMetrics::ServiceMetrics() {
  for (size_t bucket = 0; bucket < bound_of_.size(); ++bucket) {
    const auto bound = std::lower_bound(kBounds.begin(), kBounds.end(), HdrHistogram::MiddleOf(bucket));
    bound_of_[bucket] = static_cast<uint8_t>(bound - kBounds.begin());
  }
}

void ServiceMetrics::OnWindow(const Window& window) {
  if (window.service >= kServicesMax) return;
  if (window.service >= totals_.size()) totals_.resize(window.service + 1);
  Totals& totals = totals_[window.service];
  for (size_t i = 0; i < kStatusClasses; ++i) totals.by_class[i] += window.by_class[i];
  window.latency.ForEachCount([&](size_t bucket, uint32_t count) {
    totals.by_duration[bound_of_[bucket]] += count;
    totals.seconds += static_cast<double>(HdrHistogram::MiddleOf(bucket)) / 1e9 * count;
  });
}

void ServiceMetrics::Write(const ServiceTable& services, PrometheusText* text) const {
  text->Family("revertd_requests_total", "counter", "Requests counted of each service, by status class.");
  for (ServiceId id = 0; id < totals_.size(); ++id) {
    for (size_t i = 0; i < kStatusClasses; ++i) {
      text->Sample({{"service", services.NameOf(id)}, {"class", kClassNames[i]}}, totals_[id].by_class[i]);
    }
  }
  text->Family("revertd_request_duration_seconds", "histogram",
               "Durations of requests that were not aborted, where the log tells them.");
  for (ServiceId id = 0; id < totals_.size(); ++id) {
    const Totals& totals = totals_[id];
    const std::string_view service = services.NameOf(id);
    uint64_t cumulated = 0;
    for (size_t i = 0; i < totals.by_duration.size(); ++i) {
      cumulated += totals.by_duration[i];
      const std::string bound =
          i < kBounds.size() ? FormatNumber(static_cast<double>(kBounds[i]) / 1e9) : std::string("+Inf");
      text->Sample({{"service", service}, {"le", bound}}, cumulated, "_bucket");
    }
    text->Sample({{"service", service}}, totals.seconds, "_sum");
    text->Sample({{"service", service}}, cumulated, "_count");
  }
}

}  // namespace revertd
