// DetailFinder: where a line is counted beside its service, as far as the configuration asks for it: the place of its
// route and of its cohort. All streams of one ring share one, for their windows share the places.
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
  // Of FindPlaces, for each service with traffic.
  static uint64_t BytesPerService(const Config& config);

  // Whether FindPlaces ever finds any.
  bool finds_places() const { return counts_routes() || counts_cohorts(); }
  bool counts_routes() const { return routes_.has_value(); }
  bool counts_cohorts() const { return cohorts_.has_value(); }
  // Sets the places of `detail`; their names live until the next call. A line that is no HTTP request has no route, one
  // without the field no cohort.
  void FindPlaces(const AccessRecord& record, ServiceId service, int64_t second, SampleDetail* detail);

 private:
  const CohortField cohort_field_;
  PathTemplate template_;
  std::optional<TopNames> routes_;
  std::optional<TopNames> cohorts_;
};

}  // namespace revertd
