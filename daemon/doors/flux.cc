#include "daemon/doors/flux.h"

#include "daemon/doors/json_body.h"
#include "daemon/doors/told_words.h"

namespace revertd {
namespace {

constexpr std::string_view kSha1 = "sha1:";
constexpr size_t kSha1Digits = 40;

bool IsSha1(std::string_view text) { return text.size() == kSha1Digits && IsFullRevision(text); }

// Only SHA-1 is taken for a commit: 64 digits are, in practice, the digest of an artifact.
void TakeRevision(std::string_view revision, Told* told) {
  const size_t at = revision.rfind('@');
  const std::string_view digest = at == std::string_view::npos ? revision : revision.substr(at + 1);
  if (digest.substr(0, kSha1.size()) == kSha1 && IsSha1(digest.substr(kSha1.size()))) {
    told->commit = digest.substr(kSha1.size());
    if (at != std::string_view::npos) TakeRef(revision.substr(0, at), told);
    return;
  }
  const size_t slash = revision.rfind('/');
  const std::string_view last = slash == std::string_view::npos ? revision : revision.substr(slash + 1);
  if (IsSha1(last)) {
    told->commit = last;
    if (slash != std::string_view::npos) TakeRef(revision.substr(0, slash), told);
    return;
  }
  told->version = revision;
}

std::string StateOf(std::string_view reason, std::string_view severity) {
  for (const std::string_view done : {"ReconciliationSucceeded", "InstallSucceeded", "UpgradeSucceeded"}) {
    if (reason == done) return "success";
  }
  if (reason == "Progressing" || reason == "ProgressingWithRetry") return "running";
  return severity == "error" ? "failure" : std::string(reason);
}

}  // namespace

StatusOr<Told> ReadFlux(std::string_view body) {
  const JsonBody json(body);
  if (!json.status().ok()) return json.status();
  const JsonField root = json.root();
  const JsonField object = root["involvedObject"];
  const std::string kind = object["kind"].Text();
  const std::string reason = root["reason"].Text();
  Told told;
  told.source = "flux";
  told.action = kind + " " + reason;
  told.name = object["name"].Text();
  told.title = FirstLine(root["message"].Text());
  told.author = root["reportingController"].Text();
  told.at_ns = root["timestamp"].Time();

  // Its keys stand under the object's own API group; of a Kustomization that was built from an artifact, the commit
  // that the artifact was built from is told beside it.
  const std::string version = object["apiVersion"].Text();
  const std::string group = version.substr(0, version.find('/'));
  const JsonField metadata = root["metadata"];
  for (const std::string& key : {group + "/originRevision", group + "/revision", std::string("revision")}) {
    if (told.commit.empty() && metadata[key].IsThere()) TakeRevision(metadata[key].Text(), &told);
  }
  if (kind != "Kustomization" && kind != "HelmRelease") return told;
  told.kind = ToldKind::kDeployment;
  told.state = StateOf(reason, root["severity"].Text());
  if (told.state == "running") told.started_ns = told.at_ns;
  if (told.state == "success") told.finished_ns = told.at_ns;
  return told;
}

}  // namespace revertd
