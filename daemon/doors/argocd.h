// What Argo CD tells through OUR template of its notifications: its bodies have no form of their own, so that we give
// them one (docs/deploys.md says where the template goes):
//   {"app": "{{.app.metadata.name}}", "revision": "{{.app.status.operationState.syncResult.revision}}",
//    "phase": "{{.app.status.operationState.phase}}",
//    "started_at": "{{.app.status.operationState.startedAt}}",
//    "finished_at": "{{.app.status.operationState.finishedAt}}",
//    "repo_url": "{{.app.spec.source.repoURL}}", "environment": "production"}
// "environment" may be left out. Pure, any thread.
#pragma once

#include <string_view>

#include "base/status.h"
#include "daemon/doors/told.h"

namespace revertd {

// A kDeployment of the application by its phase (Running, Succeeded, Failed, Error); a revision that is no commit, as
// of a chart, becomes the version.
StatusOr<Told> ReadArgoCd(std::string_view body);

}  // namespace revertd
