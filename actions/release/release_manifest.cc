#include "actions/release/release_manifest.h"

#include <string_view>

#include "actions/release/release_notices.h"
#include "actions/release/release_tasks.h"
#include "base/json_writer.h"
#include "base/time_format.h"

namespace revertd {
namespace {

void AppendTime(JsonWriter& json, std::string_view key, TimeNs time) {
  json.Key(key);
  if (time == 0) {
    json.Raw("null");
  } else {
    json.String(FormatRfc3339(time));
  }
}

void AppendRow(JsonWriter& json, const JournalRow& row) {
  json.BeginObject().Field("row", row.step);
  AppendTime(json, "begun", row.begun_ns);
  AppendTime(json, "finished", row.finished_ns);
  json.Field("outcome", row.outcome).Field("detail", row.detail).EndObject();
}

bool IsOfStep(const JournalRow& row, std::string_view step) {
  const std::string_view name = row.step;
  return name.size() > step.size() && name.starts_with(step) && name[step.size()] == '/';
}

void AppendStep(JsonWriter& json, const Config& config, const ReleaseFile& file, const ReleaseStage& stage,
                const ReleaseStep& step, const std::vector<JournalRow>& rows) {
  const ServiceConfig* const service = config.FindService(step.service);
  const Promotion promotion = PromotionOf(rows, step).value_or(Promotion{});
  const bool is_registered = FindRow(rows, RowOf(step.name, ReleaseTaskKind::kRegister)) != nullptr;
  json.BeginObject()
      .Field("stage", stage.name)
      .Field("step", step.name)
      .Field("service", step.service)
      .Field("repo", service != nullptr ? service->repo : "")
      .Field("standing", StepStanding(step, rows))
      .Field("base", promotion.base)
      .Field("head", promotion.head)
      .Field("deploy", is_registered && !step.service.empty() ? ReleaseDeployId(file.id, step.name) : "")
      .Key("rows")
      .BeginArray();
  for (const JournalRow& row : rows) {
    if (IsOfStep(row, step.name)) AppendRow(json, row);
  }
  json.EndArray().EndObject();
}

std::string_view StateName(const ReleaseRecord& record, const ReleaseStanding& standing) {
  if (record.ended_ns != 0) return "ended";
  return standing.kind == ReleaseStanding::Kind::kHalted ? "halted" : "running";
}

}  // namespace

std::string ReleaseManifest(const Config& config, const ReleaseRecord& record, const ReleaseFile& file,
                            const std::vector<JournalRow>& rows) {
  const ReleaseStanding standing = StandingOf(file, rows);
  JsonWriter json;
  json.BeginObject()
      .Field("release", record.id)
      .Field("environment", record.environment)
      .Field("state", StateName(record, standing))
      .Field("outcome", record.ended_ns != 0 ? record.outcome : standing.outcome);
  AppendTime(json, "begun", record.begun_ns);
  AppendTime(json, "ended", record.ended_ns);
  json.Key("steps").BeginArray();
  for (const ReleaseStage& stage : file.stages) {
    for (const ReleaseStep& step : stage.steps) AppendStep(json, config, file, stage, step, rows);
  }
  json.EndArray().Key("rows").BeginArray();
  for (const JournalRow& row : rows) {
    if (row.step.find('/') == std::string::npos) AppendRow(json, row);
  }
  json.EndArray();
  if (const auto breach = BreachOf(rows)) {
    json.Key("breach")
        .BeginObject()
        .Field("step", breach->step)
        .Field("reason", breach->reason)
        .Field("detail", breach->detail)
        .Field("keep", breach->keep)
        .EndObject();
  }
  return json.EndObject().text();
}

}  // namespace revertd
