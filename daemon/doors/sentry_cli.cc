#include "daemon/doors/sentry_cli.h"

#include <utility>
#include <vector>

#include "base/ascii.h"
#include "base/strings.h"
#include "daemon/doors/json_body.h"
#include "daemon/doors/repository_url.h"
#include "daemon/doors/told_words.h"

namespace revertd {
namespace {

// "%40" as the byte that it stands for; a broken escape stays as it is.
std::string PercentDecoded(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool escape =
        text[i] == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 && HexDigit(text[i + 2]) >= 0;
    if (!escape) {
      decoded += text[i];
      continue;
    }
    decoded += static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2]));
    i += 2;
  }
  return decoded;
}

struct Call {
  ToldKind kind = ToldKind::kOther;
  std::string project;
  std::string version;
};

Call CallOf(std::string_view method, std::string_view target) {
  const std::vector<std::string_view> parts = Split(target.substr(0, target.find('?')), '/');
  const auto is = [&](size_t i, std::string_view word) { return i < parts.size() && parts[i] == word; };
  const auto part = [&](size_t i) { return i < parts.size() ? PercentDecoded(parts[i]) : std::string(); };
  // A version may hold a slash only as %2F, so that the parts stand at fixed places: "", "api", "0", ...
  if (!is(0, "") || !is(1, "api") || !is(2, "0")) return {};
  const bool of_organization = is(3, "organizations") && is(5, "releases");
  const size_t end = parts.size() - (parts.back().empty() ? 1 : 0);
  if (of_organization && method == "POST") {
    if (end == 6) return {.kind = ToldKind::kRelease, .project = "", .version = ""};
    if (end == 8 && is(7, "deploys")) return {.kind = ToldKind::kDeployment, .project = "", .version = part(6)};
  }
  if (of_organization && method == "PUT" && end == 7) {
    return {.kind = ToldKind::kRelease, .project = "", .version = part(6)};
  }
  const bool of_project = is(3, "projects") && is(6, "releases");
  if (of_project && method == "POST" && end == 7) {
    return {.kind = ToldKind::kRelease, .project = part(5), .version = ""};
  }
  if (of_project && method == "PUT" && end == 8) {
    return {.kind = ToldKind::kRelease, .project = part(5), .version = part(7)};
  }
  return {};
}

// Two refs are of two repositories: neither is the release's.
void TakeCommit(const JsonField& refs, Told* told) {
  const std::vector<JsonField> list = refs.Items();
  if (list.size() == 1) {
    told->repository = ReadRepositoryUrl(list[0]["repository"].Text()).path;
    told->commit = list[0]["commit"].Text();
    told->base = list[0]["previousCommit"].Text();
  }
  const std::string whole = told->version;
  if (!MayBeRevision(told->commit)) told->commit = whole.substr(whole.rfind('@') + 1);
  if (!MayBeRevision(told->commit)) told->commit.clear();
  if (!MayBeRevision(told->base)) told->base.clear();
}

void ReadRelease(const JsonField& body, Told* told) {
  told->at_ns = body["dateReleased"].Time();
  told->state = told->at_ns == 0 ? "created" : "published";
  told->url = body["url"].Text();
}

void ReadDeploy(const JsonField& body, Told* told) {
  told->environment = body["environment"].Text();
  told->title = body["name"].Text();
  told->url = body["url"].Text();
  told->state = "success";
  told->at_ns = body["dateFinished"].Time();
  told->started_ns = body["dateStarted"].Time();
  told->finished_ns = told->at_ns;
}

}  // namespace

StatusOr<Told> ReadSentryCall(std::string_view method, std::string_view target, std::string_view body) {
  Call call = CallOf(method, target);
  Told told;
  told.kind = call.kind;
  told.source = "sentry";
  told.action = std::string(NameOf(call.kind));
  if (call.kind == ToldKind::kOther) return told;
  const JsonBody json(body);
  if (!json.status().ok()) return json.status();
  const JsonField root = json.root();
  told.version = FirstOf(std::move(call.version), root["version"].Text());
  std::vector<std::string> projects;
  for (const JsonField& project : root["projects"].Items()) {
    if (std::string name = project.Text(); !name.empty()) projects.push_back(std::move(name));
  }
  told.name = FirstOf(Join(projects, ","), std::move(call.project));
  TakeCommit(root["refs"], &told);
  if (told.kind == ToldKind::kRelease) ReadRelease(root, &told);
  if (told.kind == ToldKind::kDeployment) ReadDeploy(root, &told);
  return told;
}

void FillFromRelease(const Told& release, Told* deploy) {
  if (deploy->name.empty()) deploy->name = release.name;
  if (deploy->repository.empty()) deploy->repository = release.repository;
  if (release.commit.empty()) return;
  deploy->commit = release.commit;
  deploy->base = release.base;
}

}  // namespace revertd
