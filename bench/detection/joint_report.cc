// The figures asked of joint trials, and how their results are shown.
#include <cmath>
#include <cstdio>

#include "base/json_writer.h"
#include "bench/detection/bounds.h"
#include "bench/detection/figures.h"
#include "bench/detection/joint.h"
#include "bench/detection/table.h"

namespace revertd::bench {
namespace {

std::string Of(int64_t hits, int64_t runs) {
  return Number(PerThousand(hits, runs)) + " per 1000 (" + std::to_string(hits) + " of " + std::to_string(runs) + ")";
}

// "errors 3, traffic 1".
std::string SignalsOf(const JointResult& result) {
  std::string text;
  for (const auto& [signal, count] : result.signals) {
    text += (text.empty() ? "" : ", ") + signal + " " + std::to_string(count);
  }
  return text.empty() ? "-" : text;
}

int64_t CountOf(const JointResult& result, RecoveryState state) {
  const auto found = result.recovery.find(state);
  return found == result.recovery.end() ? 0 : found->second;
}

int64_t RolledBack(const JointResult& result) { return static_cast<int64_t>(result.recovery_seconds.size()); }

struct Heading {
  const char* title;
  const char* columns;
  const char* rule;
};

Heading HeadingOf(JointMode mode) {
  switch (mode) {
    case JointMode::kLatency:
      return {"Slower versions: seconds from the finish, median / p95",
              "| cell | runs | regressed | ambiguous | E fired | blamed | by |",
              "| --- | --- | --- | --- | --- | --- | --- |"};
    case JointMode::kWarmUp:
    case JointMode::kHealthy:
      return {"Not worse, all signals: per 1000 (upper 95 % limit)",
              "| cell | runs | regressed | triggers | ambiguous | by |", "| --- | --- | --- | --- | --- | --- |"};
    case JointMode::kRecovery:
      return {"After a rollback; seconds from its finish, median / p95",
              "| cell | rolled back | recovered | not recovered | undecided | wrong per 1000 (upper 95 % limit) | "
              "seconds |",
              "| --- | --- | --- | --- | --- | --- | --- |"};
    case JointMode::kOverlap:
      return {"Two services deployed within a minute, the first is worse; seconds, median / p95",
              "| cell | runs | the right one | the wrong one, per 1000 (upper 95 % limit) | right one ambiguous | "
              "wrong one ambiguous | seconds |",
              "| --- | --- | --- | --- | --- | --- | --- |"};
  }
  return {};
}

std::string RowOf(const JointResult& result) {
  const std::string name = Describe(result.cell), runs = std::to_string(result.runs);
  const auto count = [](int64_t value) { return std::to_string(value); };
  switch (result.mode) {
    case JointMode::kLatency:
      return TableLine({name, runs, count(result.regressed), count(result.ambiguous),
                        MedianAndP95(result.fired_seconds), MedianAndP95(result.regressed_seconds), SignalsOf(result)});
    case JointMode::kWarmUp:
    case JointMode::kHealthy:
      return TableLine({name, runs, WithLimit(result.regressed, result.runs), WithLimit(result.acted, result.runs),
                        WithLimit(result.ambiguous, result.runs), SignalsOf(result)});
    case JointMode::kRecovery:
      return TableLine(
          {name, count(RolledBack(result)), count(CountOf(result, RecoveryState::kRecovered)),
           count(CountOf(result, RecoveryState::kNotRecovered)), count(CountOf(result, RecoveryState::kUndecided)),
           WithLimit(result.wrong_recoveries(), RolledBack(result)), MedianAndP95(result.recovery_seconds)});
    case JointMode::kOverlap:
      return TableLine({name, runs, count(result.regressed), WithLimit(result.neighbour_regressed, result.runs),
                        count(result.ambiguous), count(result.neighbour_ambiguous),
                        MedianAndP95(result.regressed_seconds)});
  }
  return "";
}

// Empty: the figure is met, or none is asked.
std::string MissOf(const JointResult& result) {
  switch (result.mode) {
    case JointMode::kLatency: {
      if (result.cell.pace_name != "p99") return "";
      const bool alone = result.cell.traffic.control == ControlKind::kNone;
      const int64_t median = Quantile(alone ? result.fired_seconds : result.regressed_seconds, 0.5);
      const bool drifts = result.cell.traffic.noise.autoregressive;
      const double most = drifts ? kSlowerDriftSecondsMax : kSlowerSecondsMax;
      if (median != kNever && static_cast<double>(median) <= most) return "";
      return "median " + Second(median) + " s, at most " + Number(most);
    }
    case JointMode::kWarmUp:
      if (PerThousand(result.fired(), result.runs) <= kWarmUpMax) return "";
      return Of(result.fired(), result.runs) + " accused, at most " + Number(kWarmUpMax);
    case JointMode::kHealthy:
      if (PerThousand(result.regressed, result.runs) <= kHealthyCellMax) return "";
      return Of(result.regressed, result.runs) + " regressed, at most " + Number(kHealthyCellMax);
    case JointMode::kRecovery: {
      if (RolledBack(result) == 0) return "no run was rolled back: nothing is known of recovery";
      if (PerThousand(result.wrong_recoveries(), RolledBack(result)) <= kWrongRecoveryMax) return "";
      return Of(result.wrong_recoveries(), RolledBack(result)) + " recoveries told wrongly, at most " +
             Number(kWrongRecoveryMax);
    }
    case JointMode::kOverlap:
      if (result.neighbour_regressed == 0) return "";
      return Of(result.neighbour_regressed, result.runs) + " blamed the wrong one";
  }
  return "";
}

}  // namespace

Lines JointTable(JointMode mode, const std::vector<JointResult>& results) {
  const Heading heading = HeadingOf(mode);
  Lines lines = {"### " + std::string(NameOf(mode)) + ": " + heading.title, heading.columns, heading.rule};
  for (const JointResult& result : results) lines.push_back(RowOf(result));
  return lines;
}

std::vector<std::string> JointMisses(const std::vector<JointResult>& results) {
  std::vector<std::string> misses;
  for (const JointResult& result : results) {
    const std::string miss = MissOf(result);
    if (miss.empty()) continue;
    misses.push_back(std::string(NameOf(result.mode)) + ", " + Describe(result.cell) + ": " + miss);
  }
  return misses;
}

std::string JointText(const JointResult& result) {
  JsonWriter json;
  json.BeginObject().Field("mode", NameOf(result.mode)).Field("cell", Describe(result.cell));
  json.Field("runs", result.runs).Field("regressed", result.regressed);
  json.Field("regressed_upper_95", UpperLimit(result.regressed, result.runs)).Field("acted", result.acted);
  json.Field("acted_upper_95", UpperLimit(result.acted, result.runs)).Field("ambiguous", result.ambiguous);
  json.Field("ambiguous_upper_95", UpperLimit(result.ambiguous, result.runs));
  json.Field("neighbour_regressed", result.neighbour_regressed);
  json.Field("neighbour_ambiguous", result.neighbour_ambiguous);
  json.Key("signals").BeginObject();
  for (const auto& [signal, count] : result.signals) json.Field(signal, count);
  json.EndObject().Key("recovery").BeginObject();
  for (const auto& [state, count] : result.recovery) json.Field(NameOf(state), count);
  json.EndObject();
  AddMedianAndP95("fired_median_p95", result.fired_seconds, &json);
  AddMedianAndP95("regressed_median_p95", result.regressed_seconds, &json);
  AddMedianAndP95("recovery_median_p95", result.recovery_seconds, &json);
  return json.EndObject().Take();
}

}  // namespace revertd::bench
