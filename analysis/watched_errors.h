// WatchedErrors: what the watch of a deploy reads of the error book, of its own service and of those that it is
// compared with; and the plan of its ErrorWatch.
//
// One thread, the analysis thread. A control is a service that sent error events in the hour before, with no call path
// to or from the deployed one and no deploy of its own within 15 minutes (attribution.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analysis/attribution.h"
#include "analysis/error_feed.h"
#include "analysis/error_history.h"
#include "analysis/error_watch.h"

namespace revertd {

// Before a deploy error events must be known for so long: everything would be new else.
inline constexpr int64_t kErrorsKnownSeconds = 3600;

struct ErrorSources {
  ErrorBook& book;  // of a service that never sent anything an empty page is made
  const SeriesByService& series;
  const DeployRegistry& registry;
  const CallGraph& graph;
};

class WatchedErrors {
 public:
  WatchedErrors(const ServiceErrors& service, const ErrorTimes& times, const Deploy& deploy,
                const ErrorSources& sources);

  ErrorPlan Plan(const FingerprintSettings& settings, const ErrorSources& sources) const;
  // Seconds in order; none of those that nobody saw. What it answers holds until the next call.
  bool IsSeen(int64_t second) const { return second >= book_->seen_from(); }
  // `requests`: of the whole service, and of the new version where the log tells versions apart.
  struct Requests {
    int64_t all = 0;
    int64_t fresh = 0;
  };
  const ErrorSecond& Read(const DeployRegistry& registry, int64_t second, const Requests& requests);

 private:
  struct Control {
    const ServiceErrors* service = nullptr;
    const Series* series = nullptr;  // nullptr: it has no log
    double scale = 1;
    std::vector<GroupEvents> events = {};
  };
  const ErrorBook* book_;
  const ServiceErrors* service_;
  ErrorTimes times_;
  VersionSplit split_;
  double scale_;
  std::vector<Control> controls_;
  VersionEvents events_;
  std::string fresh_names_;
  std::string old_names_;
  std::vector<ErrorControlSecond> control_seconds_;
  ErrorSecond second_;
};

// nullopt: too little is known of error events, or the book has no room for the service.
std::optional<WatchedErrors> WatchErrors(const Deploy& deploy, const ErrorTimes& times, const ErrorSources& sources);

// Events of a group in a second, or crashed sessions among those begun, as a rollback's evidence counts them:
// `requests` is what the group is counted against.
RateCounts CountsOf(const Evidence& evidence, const ErrorBook& book, std::string_view service, int64_t second,
                    int64_t requests);

}  // namespace revertd
