#include "bench/detection/recorded_series.h"

#include <algorithm>
#include <array>
#include <random>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/limits.h"
#include "base/strings.h"
#include "base/window_ring.h"
#include "bench/detection/traffic_model.h"
#include "config/config.h"
#include "ingest/format_detector.h"
#include "ingest/recorder.h"
#include "ingest/router.h"

namespace revertd::bench {
namespace {

constexpr uint32_t kServices = 64;
// Sealed at a time where no line tells of the time between: less than what analysis bears.
constexpr int64_t kBatchSeconds = 60;

template <typename Accept>
void ForEachLine(std::string_view text, Accept&& accept) {
  for (std::string_view line : Split(text, '\n')) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) accept(line);
  }
}

AccessRecord WithoutText(AccessRecord record) {
  record.method = record.host = record.path = record.backend = record.upstream = record.release = {};
  return record;
}

}  // namespace

RecordedSeries::RecordedSeries() : services_(std::make_unique<ServiceTable>(kServices)), traffic_(kServices) {}

void RecordedSeries::Cover(int64_t from, int64_t to, ServiceId service, int64_t requests) {
  first_ = first_ == kNoSecond ? from : std::min(first_, from);
  last_ = std::max(last_, to - 1);
  traffic_[service] += requests;
  requests_ += requests;
}

RecordedSeries RecordedSeries::OfLog(const std::string& text, const Format* format) {
  RecordedSeries series;
  const Config config;
  Router router(config, series.services_.get());
  FormatDetector detector(format);
  ForEachLine(text, [&](std::string_view line) {
    AccessRecord record;
    if (detector.Parse(line, record) != ParseError::kNone) {
      ++series.unread_;
      return;
    }
    const ServiceId service = router.Resolve(record.host, record.backend, record.path);
    series.lines_.push_back({WithoutText(record), service});
    const int64_t second = FloorToSecond(record.end_ns);
    series.Cover(second, second + 1, service, 1);
  });
  std::stable_sort(series.lines_.begin(), series.lines_.end(),
                   [](const Line& a, const Line& b) { return a.record.end_ns < b.record.end_ns; });
  return series;
}

Status RecordedSeries::AddInterval(const std::string& line, uint64_t seed) {
  const auto fields = Split(line, ',');
  std::array<uint64_t, 5> numbers{};
  if (fields.size() != 1 + numbers.size()) return InvalidArgument("six fields are wanted in \"" + line + "\"");
  for (size_t i = 0; i < numbers.size(); ++i) {
    const auto number = ParseUnsigned(fields[1 + i]);
    if (!number) return InvalidArgument("no number in field " + std::to_string(i + 2) + " of \"" + line + "\"");
    numbers[i] = *number;
  }
  const auto [from, until, requests, client_errors, server_errors] = numbers;
  if (until <= from || until - from > 86'400) return InvalidArgument("no interval of up to a day: \"" + line + "\"");
  if (client_errors + server_errors > requests) return InvalidArgument("more failures than requests: \"" + line + "\"");
  const ServiceId service = services_->Intern(fields[0]);
  Cover(static_cast<int64_t>(from), static_cast<int64_t>(until), service, static_cast<int64_t>(requests));
  Random random(SeedOf(SeedOf(seed, service), from));
  std::array<uint64_t, 3> left = {requests - client_errors - server_errors, client_errors, server_errors};
  for (uint64_t second = from; second < until; ++second) {
    std::array<uint32_t, 3> drawn{};
    for (size_t i = 0; i < left.size(); ++i) {
      if (left[i] == 0) continue;
      const double share = 1 / static_cast<double>(until - second);
      drawn[i] = static_cast<uint32_t>(std::binomial_distribution<uint64_t>(left[i], share)(random));
      left[i] -= drawn[i];
    }
    const uint32_t all = drawn[0] + drawn[1] + drawn[2];
    if (all > 0) seconds_.push_back({static_cast<int64_t>(second), service, all, drawn[1], drawn[2]});
  }
  return OkStatus();
}

StatusOr<RecordedSeries> RecordedSeries::OfCounts(const std::string& text, uint64_t seed) {
  RecordedSeries series;
  Status status;
  ForEachLine(text, [&](std::string_view line) {
    if (status.ok()) status = series.AddInterval(std::string(line), seed);
  });
  if (!status.ok()) return status;
  std::stable_sort(series.seconds_.begin(), series.seconds_.end(), [](const Second& a, const Second& b) {
    return std::tie(a.second, a.service) < std::tie(b.second, b.service);
  });
  return series;
}

std::vector<std::string> RecordedSeries::ServicesWithTraffic() const {
  std::vector<std::string> names;
  for (ServiceId service = 0; service < services_->size(); ++service) {
    if (service != ServiceTable::kOther && traffic_[service] > 0) names.emplace_back(services_->NameOf(service));
  }
  return names;
}

void RecordedSeries::Tell(const OnWindow& on_window, const OnSealed& on_sealed) const {
  if (lines_.empty()) {
    TellSeconds(on_window, on_sealed);
  } else {
    TellLines(on_window, on_sealed);
  }
}

void RecordedSeries::TellLines(const OnWindow& on_window, const OnSealed& on_sealed) const {
  WindowRing ring(kServices, kRingSeconds);
  Counters counters;
  int64_t told = kNoSecond;
  const auto pump = [&] {
    const int64_t sealed = ring.Collect(on_window);
    if (sealed == kNoSecond || sealed == told) return true;
    on_sealed(told = sealed);
    return true;
  };
  Recorder recorder({.live = false}, &ring, &counters, pump);
  for (const Line& line : lines_) {
    recorder.Record(line.record, line.service, 0);
    pump();
  }
  recorder.Finish();
  pump();
}

void RecordedSeries::TellSeconds(const OnWindow& on_window, const OnSealed& on_sealed) const {
  Window window;
  int64_t next = first_;  // the next second to seal
  const auto seal_before = [&](int64_t second) {
    while (next < second) {
      next = std::min(second, next + kBatchSeconds);
      on_sealed(next - 1);
    }
  };
  const auto at = [&window](StatusClass status_class) -> uint32_t& {
    return window.by_class[static_cast<size_t>(status_class)];
  };
  for (const Second& counts : seconds_) {
    seal_before(counts.second);
    window.second = counts.second;
    window.service = counts.service;
    window.by_age.requests[0] = counts.requests;
    window.by_age.errors[0] = at(StatusClass::k5xx) = counts.server_errors;
    at(StatusClass::k4xx) = counts.client_errors;
    at(StatusClass::k2xx) = counts.requests - counts.client_errors - counts.server_errors;
    on_window(window);
  }
  seal_before(last_ + 1);
}

}  // namespace revertd::bench
