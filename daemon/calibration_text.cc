#include "daemon/calibration_text.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>

#include "analysis/rules.h"
#include "base/strings.h"

namespace revertd {
namespace {

constexpr double kPerThousand = 1000;
constexpr std::string_view kNone = "-";
constexpr std::string_view kLegend[] = {
    "per 1000, limit: false rollbacks at earned settings, and the exact one-sided 95 % upper limit (Clopper-Pearson)",
    "slow, fast: a block's length and cap; 1, 5, 15 min: the smallest rise of errors found in time, 4 of 5 times"};

using Row = std::vector<std::string>;

void AppendTally(JsonWriter& json, std::string_view key, const Tally& tally) {
  json.Key(key).BeginObject().Field("judged", tally.judged).Field("false", tally.fired);
  if (tally.judged > 0) {
    json.Field("per_1000", tally.rate() * kPerThousand).Field("per_1000_upper95", tally.upper() * kPerThousand);
  }
  json.EndObject();
}

// As a factor, to three places: it was the logarithm of 8 or of a root of it.
double CapOf(const TrackSetting& setting) { return std::round(std::exp(setting.log_cap) * 1000) / 1000; }

void AppendSetting(JsonWriter& json, std::string_view key, const TrackSetting& setting) {
  json.Key(key).BeginObject().Field("block_seconds", setting.block_seconds);
  json.Field("cap", CapOf(setting)).EndObject();
}

// Of three digits: a limit of 3 shadow deploys has no more.
std::string PerThousand(double rate) { return FormatNumber(rate * kPerThousand, 3); }

void AppendTallyCells(const WalkForward::Result& walk, Row* row) {
  const Tally& earned = walk.earned;
  row->push_back(std::to_string(earned.judged));
  row->push_back(std::to_string(earned.fired));
  row->push_back(earned.judged > 0 ? PerThousand(earned.rate()) : std::string(kNone));
  row->push_back(earned.judged > 0 ? PerThousand(earned.upper()) : std::string(kNone));
  row->push_back(std::to_string(walk.unearned().judged));
  row->push_back(std::to_string(walk.unearned().fired));
}

// What is known of the quick settings beside a usable control.
std::string_view NameOf(ControlledRecord record) {
  switch (record) {
    case ControlledRecord::kUnproven: return "unproven";
    case ControlledRecord::kEarned: return "earned";
    case ControlledRecord::kRefuted: return "refuted";
  }
  return "";
}

std::string SettingCell(const Calibration& calibration, const TrackSetting& setting) {
  if (!calibration.calibrated) return std::string(kNone);
  return std::to_string(setting.block_seconds) + " s, " + FormatNumber(CapOf(setting), 2);
}

Row RowOf(const ServiceCalibration& service) {
  Row row = {service.service};
  AppendTallyCells(service.walk, &row);
  row.push_back(SettingCell(service.calibration, service.calibration.slow));
  row.push_back(SettingCell(service.calibration, service.calibration.fast));
  for (const std::optional<double>& factor : service.smallest) {
    row.push_back(factor ? "x" + FormatNumber(*factor, 3) : std::string(kNone));
  }
  return row;
}

Row RowOfAll(const std::vector<ServiceCalibration>& services, size_t columns) {
  Row row = {"all services"};
  AppendTallyCells(SumOf(services), &row);
  row.resize(columns);
  return row;
}

// The first column to the left, numbers to the right.
std::vector<std::string> Aligned(const std::vector<Row>& rows) {
  std::vector<size_t> widths(rows.front().size(), 0);
  for (const Row& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::vector<std::string> lines;
  for (const Row& row : rows) {
    std::string line = row[0] + std::string(widths[0] - row[0].size(), ' ');
    for (size_t i = 1; i < row.size(); ++i) line += "  " + std::string(widths[i] - row[i].size(), ' ') + row[i];
    lines.push_back(line.substr(0, line.find_last_not_of(' ') + 1));
  }
  return lines;
}

void AppendRule(std::string_view service, std::string_view rule, const std::optional<Tally>& tally,
                std::vector<std::string>* lines) {
  if (!tally) return;
  std::string line = std::string(service) + "'s own " + std::string(rule) + ": false for " +
                     std::to_string(tally->fired) + " of " + std::to_string(tally->judged) + " pretend deploys";
  if (tally->judged > 0) line += ", " + PerThousand(tally->rate()) + " in 1000, at most " + PerThousand(tally->upper());
  lines->push_back(std::move(line));
}

}  // namespace

std::string WhyUncalibrated(const ServiceCalibration& service) {
  const Calibration& calibration = service.calibration;
  if (calibration.calibrated) return "";
  if (service.walk.older_than_a_day < kShadowsNeeded) {
    return "needs " + std::to_string(kShadowsNeeded) + " pretend deploys and a day: has " +
           std::to_string(calibration.shadows) + ", " + std::to_string(service.walk.older_than_a_day) +
           " of them older than a day";
  }
  const std::string why = "no setting is quiet enough on this traffic: of " + std::to_string(calibration.shadows) +
                          " pretend deploys each lets one fire, or too many come near it";
  return calibration.controlled == ControlledRecord::kEarned ? why + "; beside a control it is calibrated" : why;
}

void AppendTallies(JsonWriter& json, const WalkForward::Result& walk) {
  AppendTally(json, "earned", walk.earned);
  AppendTally(json, "cold_start_controlled", walk.cold_start_controlled);
  AppendTally(json, "cold_start", walk.cold_start);
}

WalkForward::Result SumOf(const std::vector<ServiceCalibration>& services) {
  WalkForward::Result sum;
  for (const ServiceCalibration& service : services) sum += service.walk;
  return sum;
}

std::string ToEvent(const ServiceCalibration& service, TimeNs at_ns) {
  JsonWriter json;
  json.BeginObject().Field("event", "calibration").Field("time_ns", at_ns).Field("service", service.service);
  json.Field("deploy", "").Field("signal", "errors");
  AppendTallies(json, service.walk);
  json.Field("calibrated", service.calibration.calibrated).Field("shadows", service.calibration.shadows);
  if (service.calibration.calibrated) {
    AppendSetting(json, "slow", service.calibration.slow);
    AppendSetting(json, "fast", service.calibration.fast);
  } else {
    json.Field("why", WhyUncalibrated(service));
  }
  if (service.rule_errors) AppendTally(json, kRuleErrors, *service.rule_errors);
  if (service.rule_health) AppendTally(json, kRuleHealth, *service.rule_health);
  json.Field("beside_control", NameOf(service.calibration.controlled));
  json.Field("requests_per_second", service.requests_per_second).Field("error_rate", service.error_rate);
  json.Key("smallest_regression").BeginArray();
  for (size_t i = 0; i < kFoundWithinSeconds.size(); ++i) {
    json.BeginObject().Field("within_seconds", kFoundWithinSeconds[i]);
    if (service.smallest[i]) json.Field("factor", *service.smallest[i]);
    json.EndObject();
  }
  return json.EndArray().EndObject().Take();
}

std::vector<std::string> CalibrationTable(const std::vector<ServiceCalibration>& services) {
  std::vector<Row> rows = {{"service", "pretend deploys", "false", "per 1000", "limit", "at cold start", "false",
                            "slow", "fast", "1 min", "5 min", "15 min"}};
  for (const ServiceCalibration& service : services) rows.push_back(RowOf(service));
  rows.push_back(RowOfAll(services, rows.front().size()));
  std::vector<std::string> lines = Aligned(rows);
  for (const ServiceCalibration& service : services) {
    const std::string why = WhyUncalibrated(service);
    if (!why.empty()) lines.push_back(service.service + " is uncalibrated: " + why);
  }
  for (const ServiceCalibration& service : services) {
    AppendRule(service.service, kRuleErrors, service.rule_errors, &lines);
    AppendRule(service.service, kRuleHealth, service.rule_health, &lines);
  }
  lines.insert(lines.end(), std::begin(kLegend), std::end(kLegend));
  return lines;
}

}  // namespace revertd
