// What `calibrate` prints: a table for people, the same as NDJSON. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/calibration_report.h"
#include "base/clock.h"
#include "base/json_writer.h"

namespace revertd {

// As of the logs' end.
struct ServiceCalibration {
  std::string service;
  WalkForward::Result walk;
  Calibration calibration;         // of a deploy now
  double requests_per_second = 0;  // of the last hour
  double error_rate = 0;           // what regressions are multiples of
  SmallestRegressions smallest;
  std::optional<Tally> rule_errors;  // of the owner's rules; nothing where there is none
  std::optional<Tally> rule_health;
};

// Why a service has no settings of its own; empty where it has.
std::string WhyUncalibrated(const ServiceCalibration& service);
std::string ToEvent(const ServiceCalibration& service, TimeNs at_ns);
// "earned", "cold_start_controlled" and "cold_start": members of an object that the caller has opened.
void AppendTallies(JsonWriter& json, const WalkForward::Result& walk);
WalkForward::Result SumOf(const std::vector<ServiceCalibration>& services);
// Lines without their ends: a row a service, one of all, why services are uncalibrated, and a legend.
std::vector<std::string> CalibrationTable(const std::vector<ServiceCalibration>& services);

}  // namespace revertd
