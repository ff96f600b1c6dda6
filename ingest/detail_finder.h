// DetailFinder: what a line tells beside its sample, as far as the configuration asks for it: saturation, the place of
// its route and of its cohort. All streams of one ring share one, for their windows share the places.
//
// Thread contract: one thread, the ring's writer.
#pragma once

#include <optional>

#include "base/window_detail.h"
#include "config/config.h"
#include "ingest/format/access_record.h"
#include "ingest/path_template.h"
#include "ingest/top_names.h"

namespace revertd {

class DetailFinder {
 public:
  explicit DetailFinder(const Config& config);
  // Of Find, for each service with traffic.
  static uint64_t BytesPerService(const Config& config);

  // Whether Find has anything to say of the line.
  bool HasDetail(const AccessRecord& record) const {
    return routes_ || cohorts_ || record.queue_ns >= 0 || record.connect_ns >= 0 || record.queue_length >= 0;
  }
  bool counts_routes() const { return routes_.has_value(); }
  bool counts_cohorts() const { return cohorts_.has_value(); }
  // The answer's names live until the next call. A line that is no HTTP request has no route, one without the field
  // no cohort.
  SampleDetail Find(const AccessRecord& record, ServiceId service, int64_t second);

 private:
  const CohortField cohort_field_;
  PathTemplate template_;
  std::optional<TopNames> routes_;
  std::optional<TopNames> cohorts_;
};

}  // namespace revertd
