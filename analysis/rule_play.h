// RulePlay: how often the rules of a service's owner (rules.h) would have called a deploy bad that was none. They are
// played where the service's shadow deploys were: on the seconds of then, and on what its fatal health checks said.
//
// Pure fold, one thread. Memory: the seconds of one watch, and the changes of level that were told. What makes a rule's
// verdict ambiguous (callees, outages) is not asked: of its alarms none is left out.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/calibration_report.h"
#include "base/health.h"
#include "base/sinks.h"
#include "config/config.h"

namespace revertd {

class RulePlay {
 public:
  RulePlay(const ServiceConfig& service, const DetectConfig& detect);

  // Ascending.
  void AddSecond(const SecondCounts& second);
  // A check has another level from then on; ascending for each check.
  void AddLevel(std::string_view check, int64_t second, HealthLevel level);
  // A pretend deploy that began then and is over: its seconds are added, and all levels that changed in them.
  // Ascending; one that began before the first second, or the first level, is not judged.
  void PlayErrors(int64_t start_second);
  void PlayHealth(int64_t start_second);

  // Nothing where no such rule is configured, or no level of its checks is known.
  const std::optional<Tally>& errors() const { return errors_; }
  const std::optional<Tally>& health() const { return health_; }

 private:
  struct Change {
    int64_t second = 0;
    HealthLevel level = HealthLevel::kUnknown;
  };
  // Nothing where nothing is known of the check at the start.
  std::optional<bool> Fails(const HealthCheckConfig& check, int64_t start_second) const;

  const ServiceConfig service_;
  const int64_t horizon_seconds_;
  const int64_t stabilise_seconds_;
  std::deque<SecondCounts> seconds_;  // of the newest two watches
  int64_t first_second_ = kNoSecond;  // ever added
  std::map<std::string, std::vector<Change>, std::less<>> changes_;
  std::optional<Tally> errors_;
  std::optional<Tally> health_;
};

}  // namespace revertd
