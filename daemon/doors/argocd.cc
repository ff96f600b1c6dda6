#include "daemon/doors/argocd.h"

#include <utility>

#include "daemon/doors/json_body.h"
#include "daemon/doors/repository_url.h"
#include "daemon/doors/told_words.h"

namespace revertd {

StatusOr<Told> ReadArgoCd(std::string_view body) {
  const JsonBody json(body);
  if (!json.status().ok()) return json.status();
  const JsonField root = json.root();
  const std::string phase = root["phase"].Text();
  Told told;
  told.kind = ToldKind::kDeployment;
  told.source = "argocd";
  told.action = "sync " + phase;
  told.name = root["app"].Text();
  told.environment = root["environment"].Text();
  told.state = StateInOurWords(phase);
  told.commit = root["revision"].Revision();
  if (told.commit.empty()) told.version = root["revision"].Text();
  if (std::string url = root["repo_url"].Text(); !url.empty()) {
    told.repository = ReadRepositoryUrl(url).path;
    told.urls.push_back(std::move(url));
  }
  told.started_ns = root["started_at"].Time();
  const TimeNs finished_ns = root["finished_at"].Time();
  // A template without a value still prints a word for it; while it runs, an end is that of the run before.
  told.at_ns = told.state == "running" || finished_ns == 0 ? told.started_ns : finished_ns;
  if (told.state == "success") told.finished_ns = finished_ns;
  return told;
}

}  // namespace revertd
