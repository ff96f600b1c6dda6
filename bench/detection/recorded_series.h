// RecordedSeries: traffic that was recorded somewhere, told again as the windows that the detector reads.
//
// Either an access log, through the real formats, router, recorder and window ring, or counts of intervals, spread over
// their seconds: each request's second is drawn within its interval, seeded, so that seconds differ as they would and
// the interval's own counts stand. One thread. Telling twice tells the same.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/counters.h"
#include "base/service_table.h"
#include "base/status.h"
#include "base/window.h"
#include "ingest/format/access_record.h"
#include "ingest/format/format.h"

namespace revertd::bench {

class RecordedSeries {
 public:
  using OnWindow = std::function<void(const Window&)>;
  using OnSealed = std::function<void(int64_t second)>;

  // `format` nullptr: found out line by line. Lines are told in the order of their end times.
  static RecordedSeries OfLog(const std::string& text, const Format* format);
  // Lines of "service,from,until,requests,4xx,5xx": Unix seconds, the last three counts of [from, until), both kinds of
  // failure among the requests. A status names the first line that is none.
  static StatusOr<RecordedSeries> OfCounts(const std::string& text, uint64_t seed);

  const ServiceTable& services() const { return *services_; }
  int64_t first_second() const { return first_; }  // kNoSecond: nothing in it
  int64_t last_second() const { return last_; }
  int64_t requests() const { return requests_; }
  uint64_t lines_unread() const { return unread_; }  // of a log: no request could be read
  std::vector<std::string> ServicesWithTraffic() const;

  // Windows in order of time, and in between the second through which everything is sealed, as a replay tells them.
  void Tell(const OnWindow& on_window, const OnSealed& on_sealed) const;

 private:
  struct Line {
    AccessRecord record;  // without text
    ServiceId service;
  };
  struct Second {
    int64_t second;
    ServiceId service;
    uint32_t requests;
    uint32_t client_errors;
    uint32_t server_errors;
  };

  RecordedSeries();
  void Cover(int64_t from, int64_t to, ServiceId service, int64_t requests);
  Status AddInterval(const std::string& line, uint64_t seed);
  void TellLines(const OnWindow& on_window, const OnSealed& on_sealed) const;
  void TellSeconds(const OnWindow& on_window, const OnSealed& on_sealed) const;

  std::unique_ptr<ServiceTable> services_;
  std::vector<Line> lines_;       // of a log, ascending
  std::vector<Second> seconds_;   // of counts, ascending
  std::vector<int64_t> traffic_;  // requests by service
  int64_t first_ = kNoSecond;
  int64_t last_ = kNoSecond;
  int64_t requests_ = 0;
  uint64_t unread_ = 0;
};

}  // namespace revertd::bench
