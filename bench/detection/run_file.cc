#include "bench/detection/run_file.h"

#include <fstream>

#include "base/json_writer.h"
#include "bench/detection/bounds.h"
#include "bench/detection/figures.h"

namespace revertd::bench {
namespace {

// A delay that was never reached is null.
void AddDelay(std::string_view key, int64_t delay, JsonWriter* json) {
  json->Key(key);
  if (delay == kNever) {
    json->Raw("null");
  } else {
    json->Integer(delay);
  }
}

void AddTraffic(const Cell& cell, JsonWriter* json) {
  json->Field("traffic", cell.noise.name).Field("requests_per_second", cell.requests_per_second);
  json->Field("error_rate", cell.error_rate);
}

std::string CellText(const CellResult& result) {
  JsonWriter json;
  json.BeginObject();
  AddTraffic(result.cell, &json);
  json.Field("effect", result.cell.effect).Field("outage", result.cell.outage);
  json.Field("control", NameOf(result.cell.control)).Field("runs", result.runs).Field("histories", result.histories);
  json.Field("regressed", result.regressed);
  json.Field("regressed_upper_95", UpperLimit(result.regressed, result.runs)).Field("acted", result.acted);
  json.Field("ambiguous", result.ambiguous).Field("healthy", result.healthy).Field("calibrated", result.calibrated);
  json.Field("control_usable", result.control_usable).Field("bound_seconds", BoundSecondsOf(result.cell));
  AddDelay("seconds_median", Quantile(result.delay_seconds, 0.5), &json);
  AddDelay("seconds_p95", Quantile(result.delay_seconds, 0.95), &json);
  AddDelay("requests_median", Quantile(result.delay_requests, 0.5), &json);
  AddDelay("requests_p95", Quantile(result.delay_requests, 0.95), &json);
  json.Key("rivals").BeginObject();
  for (size_t i = 0; i < kRivals.size(); ++i) {
    json.Key(kRivals[i].name).BeginObject().Field("hits", result.rival_hits(i));
    AddDelay("seconds_median", Quantile(result.rival_seconds[i], 0.5), &json);
    AddDelay("seconds_p95", Quantile(result.rival_seconds[i], 0.95), &json);
    json.EndObject();
  }
  return json.EndObject().EndObject().Take();
}

std::string CellText(const JointResult& result) { return JointText(result); }

std::string CellText(const ErrorEventResult& result) { return ErrorEventText(result); }

std::string CellText(const LateResult& result) { return LateText(result); }

std::string CellText(const ValidityResult& result) {
  JsonWriter json;
  json.BeginObject();
  AddTraffic(result.cell, &json);
  json.Field("block_seconds", result.block_seconds).Field("runs", result.runs).Field("fired", result.fired);
  return json.Field("fired_upper_95", UpperLimit(result.fired, result.runs)).EndObject().Take();
}

// An array with an element a line, so that a change of one shows as one line.
template <typename Items, typename ToText>
std::string ArrayText(const Items& items, const ToText& to_text) {
  std::string text = "[";
  for (const auto& item : items) {
    if (text.size() > 1) text += ",";
    text += "\n" + to_text(item);
  }
  return text + "]";
}

std::string Quoted(const std::string& text) {
  std::string quoted;
  AppendJsonString(quoted, text);
  return quoted;
}

}  // namespace

std::string RunFileText(const Run& run) {
  const auto cell_text = [](const auto& result) { return CellText(result); };
  JsonWriter json;
  json.BeginObject().Field("machine", run.machine).Field("commit", run.commit).Field("arguments", run.arguments);
  json.Field("seed", run.settings.seed);
  json.Field("history_days", run.settings.trial.history_days);
  json.Field("calibration_days", run.settings.trial.calibration_days);
  json.Field("observe_seconds", run.settings.trial.observe_seconds);
  json.Key("cells").Raw(ArrayText(run.cells, cell_text));
  json.Key("validity").Raw(ArrayText(run.validity, cell_text));
  json.Key("joint").Raw(ArrayText(run.joint, cell_text));
  json.Key("error_events").Raw(ArrayText(run.error_events, cell_text));
  json.Key("late").Raw(ArrayText(run.late, cell_text));
  json.Key("misses").Raw(ArrayText(run.misses, Quoted));
  json.Key("tables").Raw(ArrayText(run.tables, Quoted));
  return json.EndObject().Take() + "\n";
}

Status WriteFile(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.flush();
  if (!file) return Unavailable("writing the run file " + path);
  return OkStatus();
}

}  // namespace revertd::bench
