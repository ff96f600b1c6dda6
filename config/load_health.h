// The parts of the configuration that say what is asked of a service besides its log, and what watches revertd itself:
// health checks, the simple rule, when a deploy is looked at again, the watchdog. For config/load*.cc alone; what each
// value means stands in config.h.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "config/load_actions.h"
#include "config/load_expectation.h"
#include "config/map_reader.h"

namespace revertd {

class HealthReader {
 public:
  HealthReader(const MapReader& read, const ActionsReader& actions) : read_(read), actions_(actions) {}

  std::vector<MapReader::Key> ServiceKeys(ServiceConfig* service) const;
  std::vector<MapReader::Key> DetectKeys(DetectConfig* detect) const;
  // Of `detect` whose keys are all read: `observe` may stand below.
  Status CheckFollowUps(const YamlNode& node, const std::string& path, const DetectConfig& detect) const;
  Status Watchdog(const YamlNode& node, const std::string& path, WatchdogConfig* watchdog) const;
  MapReader::Read Url(std::string* url) const;

 private:
  Status Health(const YamlNode& node, const std::string& path, HealthConfig* health) const;
  Status Checks(const YamlNode& node, const std::string& path, HealthConfig* health) const;
  Status Check(const YamlNode& node, const std::string& path, HealthCheckConfig* check) const;
  std::vector<MapReader::Key> HttpKeys(HealthCheckConfig* check) const;
  std::vector<MapReader::Key> PrometheusKeys(HealthCheckConfig* check) const;
  Status CheckHttp(const YamlNode& node, const std::string& path, const HealthCheckConfig& check) const;
  Status CheckPrometheus(const YamlNode& node, const std::string& path, const HealthCheckConfig& check) const;
  Status Headers(const YamlNode& node, const std::string& path, HealthCheckConfig* check) const;
  Status Rule(const YamlNode& node, const std::string& path, RuleConfig* rule) const;
  Status FollowUps(const YamlNode& node, const std::string& path, std::vector<DurationNs>* follow_ups) const;

  const MapReader& read_;
  const ActionsReader& actions_;
  const ExpectationReader expectation_{read_};
};

}  // namespace revertd
