#include "actions/drift/drift_finding.h"

#include <utility>

#include "base/digest.h"
#include "base/json_writer.h"
#include "base/strings.h"

namespace revertd {
namespace {

constexpr size_t kDigestDigits = 16;  // of a key that is cut: enough to tell paths apart

}  // namespace

std::string DriftKey(std::string_view kind, std::string_view subject, std::string_view more) {
  std::string key = std::string(kind) + ":" + std::string(subject);
  if (!more.empty()) key += ":" + std::string(more);
  if (key.size() <= kDriftKeyBytesMax && Printable(key) == key) return key;
  const std::string end = "~" + Sha256Hex(key).substr(0, kDigestDigits);
  return CutText(Printable(key), kDriftKeyBytesMax - end.size()) + end;
}

std::string LineArea(std::string_view repo) { return "line:" + std::string(repo); }
std::string RollbacksArea(std::string_view repo) { return "rollbacks:" + std::string(repo); }
std::string WorkTreeArea(std::string_view path) { return "work_tree:" + std::string(path); }
std::string AheadArea(std::string_view path) { return "ahead:" + std::string(path); }
std::string RunningArea(std::string_view service) { return "running:" + std::string(service); }
std::string DeployedArea(std::string_view service) { return "deployed:" + std::string(service); }

void DriftReport::CannotLook(std::string_view subject, std::string_view why, const std::vector<std::string>& areas) {
  unseen.insert(areas.begin(), areas.end());
  DriftFinding finding;
  finding.kind = drift::kCannotLook;
  finding.subject = Printable(subject);
  finding.key = DriftKey(drift::kCannotLook, subject);
  finding.text = Printable("cannot look at " + std::string(subject) + ": " + std::string(why));
  finding.facts = {{"why", Printable(why)}};
  findings.push_back(std::move(finding));
}

std::string ToJson(const DriftFinding& finding, TimeNs at_ns, std::string_view event) {
  JsonWriter json;
  json.BeginObject().Field("event", event).Field("time_ns", at_ns).Field("kind", finding.kind);
  json.Field("subject", finding.subject).Field("key", finding.key).Field("text", finding.text);
  if (!finding.service.empty()) json.Field("service", finding.service);
  if (!finding.repo.empty()) json.Field("repo", finding.repo);
  if (!finding.commit.empty()) json.Field("commit", finding.commit);
  json.Key("facts").BeginObject();
  for (const NoticeFact& fact : finding.facts) json.Field(fact.name, fact.value);
  return json.EndObject().EndObject().Take();
}

std::string SummaryJson(const DriftReport& report, TimeNs at_ns) {
  JsonWriter json;
  json.BeginObject().Field("event", "summary").Field("time_ns", at_ns);
  json.Field("findings", static_cast<int64_t>(report.findings.size()));
  json.Key("looked_at").BeginObject().Field("repos", report.repos).Field("work_trees", report.work_trees);
  json.Field("services", report.services).Field("rollbacks", report.rollbacks).EndObject();
  json.Key("notes").BeginArray();
  for (const std::string& note : report.notes) json.String(note);
  return json.EndArray().EndObject().Take();
}

}  // namespace revertd
