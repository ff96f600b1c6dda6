#include "ingest/detail_finder.h"

namespace revertd {
namespace {

constexpr uint32_t kNamedCohorts = kCohorts - 1;  // the last is `_other`

}  // namespace

DetailFinder::DetailFinder(const Config& config) : cohort_field_(config.detect.cohort) {
  const WindowParts parts = config.window_parts();
  const uint32_t services = config.limits.table_places();
  if (parts.routes > 0) routes_.emplace(services, parts.routes, TopNames::Contest::kVotes);
  if (parts.cohorts) cohorts_.emplace(services, kNamedCohorts, TopNames::Contest::kIdleOnly);
}

uint64_t DetailFinder::BytesPerService(const Config& config) {
  const WindowParts parts = config.window_parts();
  return (parts.routes > 0 ? TopNames::BytesPerService(parts.routes) : 0) +
         (parts.cohorts ? TopNames::BytesPerService(kNamedCohorts) : 0);
}

void DetailFinder::FindPlaces(const AccessRecord& record, ServiceId service, int64_t second, SampleDetail* detail) {
  if (routes_ && !record.path.empty()) detail->route = routes_->Find(service, template_.Write(record.path), second);
  if (cohorts_) {
    const std::string_view cohort = cohort_field_ == CohortField::kRelease ? record.release : record.upstream;
    if (!cohort.empty()) detail->cohort = cohorts_->Find(service, cohort, second);
  }
}

}  // namespace revertd
