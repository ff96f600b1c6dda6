#include "daemon/api/sentry_metrics.h"

#include "daemon/api/prometheus_text.h"

namespace revertd {
namespace {

constexpr std::string_view kPrefix = "revertd_sentry_";

}  // namespace

std::string SentryMetricsText(const SentryCounters& counters) {
  PrometheusText text;
  text.Family("revertd_sentry_requests_total", "counter", "Requests of SDKs, by how they were answered.");
  for (size_t i = 0; i < kSentryAnswerCount; ++i) {
    text.Sample({{"answer", NameOf(static_cast<SentryAnswer>(i))}}, counters.requests[i].load());
  }
  text.Family("revertd_sentry_items_total", "counter", "Items of those that were taken, by what they are.");
  for (size_t i = 0; i < kSentryItemCount; ++i) {
    text.Sample({{"item", NameOf(static_cast<SentryItem>(i))}}, counters.items[i].load());
  }
  text.Family("revertd_sentry_events_total", "counter", "Events, by level.");
  for (size_t i = 0; i < kErrorLevelCount; ++i) {
    text.Sample({{"level", NameOf(static_cast<ErrorLevel>(i))}}, counters.events[i].load());
  }
  for (const SentryCounterRow& row : SentryCounterRows()) {
    const std::string name = std::string(kPrefix) + std::string(row.name) + (row.is_gauge ? "" : "_total");
    text.Family(name, row.is_gauge ? "gauge" : "counter", row.help);
    text.Sample({}, (counters.*row.count).load());
  }
  return text.Take();
}

}  // namespace revertd
