// The half of release_view.h that shows plans.
#include "base/json_writer.h"
#include "base/strings.h"
#include "base/time_format.h"
#include "daemon/release/release_view.h"

namespace revertd {
namespace {

constexpr size_t kRevisionDigits = 12;

std::string Short(const std::string& revision) { return revision.substr(0, kRevisionDigits); }

void AddStep(const PlannedStep& planned, std::vector<std::string>* lines) {
  const ReleaseStep& step = *planned.step;
  std::string head = "  " + step.name + (step.service.empty() ? "" : " (service " + step.service + ")");
  if (!planned.source.empty()) {
    head += ": " + planned.source + " " + Short(planned.source_head) + " onto " + planned.repo + " " + planned.branch +
            " " + Short(planned.target_head) + ", " + std::to_string(planned.commits) +
            (planned.commits == 1 ? " commit" : " commits");
  }
  lines->push_back(head);
  if (step.approval) lines->push_back("    waits for `revertd release approve`");
  for (const std::string& line : planned.promote) lines->push_back("    does:   " + line);
  lines->push_back("    guard:  " + planned.guard);
  for (const std::string& line : planned.inverse) lines->push_back("    undone: " + line);
  for (const std::string_view line : Split(Trim(planned.diffstat), '\n')) {
    if (!Trim(line).empty()) lines->push_back("    " + std::string(line));
  }
}

std::string ProblemText(std::string_view word, const PlanProblem& problem) {
  return std::string(word) + (problem.step.empty() ? "" : " " + problem.step) + ": " + problem.reason +
         (problem.detail.empty() ? "" : ": " + problem.detail);
}

void AppendTexts(JsonWriter& json, std::string_view key, const std::vector<std::string>& texts) {
  json.Key(key).BeginArray();
  for (const std::string& text : texts) json.String(text);
  json.EndArray();
}

std::string StepJson(const ReleaseFile& file, const PlannedStep& planned) {
  const ReleaseStep& step = *planned.step;
  JsonWriter json;
  json.BeginObject().Field("event", "plan_step").Field("release", file.id).Field("stage", planned.stage->name);
  json.Field("step", step.name).Field("service", step.service).Field("by", NameOf(step.promote.by));
  json.Field("repo", planned.repo).Field("branch", planned.branch).Field("source", planned.source);
  json.Field("source_head", planned.source_head).Field("target_head", planned.target_head);
  json.Field("commits", planned.commits).Field("nothing_to_promote", planned.nothing_to_promote);
  json.Field("tree", planned.tree).Field("diffstat", planned.diffstat).Field("approval", step.approval);
  AppendTexts(json, "promote", planned.promote);
  json.Field("guard", planned.guard);
  json.Field("inverse_by", NameOf(step.inverse.by));
  AppendTexts(json, "inverse", planned.inverse);
  AppendTexts(json, "conflicts", planned.conflicts);
  return json.EndObject().text();
}

std::string ProblemJson(const ReleaseFile& file, std::string_view kind, const PlanProblem& problem) {
  JsonWriter json;
  json.BeginObject().Field("event", "plan_problem").Field("release", file.id).Field("kind", kind);
  json.Field("step", problem.step).Field("reason", problem.reason).Field("detail", problem.detail);
  return json.EndObject().text();
}

}  // namespace

std::vector<std::string> PlanText(const ReleaseFile& file, const ReleasePlan& plan) {
  std::vector<std::string> lines = {"release " + file.id + " of " + file.environment};
  const ReleaseStage* stage = nullptr;
  for (const PlannedStep& planned : plan.steps) {
    if (planned.stage != stage) {
      stage = planned.stage;
      std::string line = "stage " + stage->name;
      if (stage->soak > 0) line += ", then " + FormatDuration(stage->soak) + " of watching";
      if (stage->healthy_point) line += ", a healthy point";
      lines.push_back(line);
    }
    AddStep(planned, &lines);
  }
  const std::string scope =
      file.reverse == ReverseScope::kFailingService ? "the failing step alone" : Join(plan.reverse_order, ", ");
  lines.push_back("the way back, where the last step breaks: " + (scope.empty() ? "nothing to undo" : scope));
  if (!plan.irreversible.empty()) lines.push_back("nothing undoes: " + Join(plan.irreversible, ", "));
  for (const PlanProblem& problem : plan.warnings) lines.push_back(ProblemText("warning", problem));
  for (const PlanProblem& problem : plan.refusals) lines.push_back(ProblemText("REFUSED", problem));
  lines.emplace_back(plan.refusals.empty() ? "it can be run" : "it cannot be run as it is");
  for (std::string& line : lines) line = Printable(line);
  return lines;
}

std::vector<std::string> PlanJson(const ReleaseFile& file, const ReleasePlan& plan) {
  std::vector<std::string> lines;
  for (const PlannedStep& planned : plan.steps) lines.push_back(StepJson(file, planned));
  for (const PlanProblem& problem : plan.warnings) lines.push_back(ProblemJson(file, "warning", problem));
  for (const PlanProblem& problem : plan.refusals) lines.push_back(ProblemJson(file, "refusal", problem));
  JsonWriter json;
  json.BeginObject().Field("event", "plan").Field("release", file.id).Field("environment", file.environment);
  json.Field("refused", !plan.refusals.empty()).Field("reverse", NameOf(file.reverse));
  AppendTexts(json, "reverse_order", plan.reverse_order);
  AppendTexts(json, "irreversible", plan.irreversible);
  json.Field("frozen_until_ns", plan.frozen ? plan.frozen->until_ns : 0);
  lines.push_back(json.EndObject().text());
  return lines;
}

}  // namespace revertd
