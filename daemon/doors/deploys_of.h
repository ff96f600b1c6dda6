// Which deploys a Told tells of, by what the configuration takes for one. Pure, any thread.
#pragma once

#include <string>
#include <vector>

#include "base/deploy.h"
#include "config/config.h"
#include "daemon/doors/told.h"

namespace revertd {

struct ToldDeploys {
  std::string repo;             // name in the configuration, the first of several; empty: none of ours
  std::vector<Deploy> deploys;  // one a service; without ids; finish_ns = 0: it has begun and not ended
  // A deployment that failed or was cancelled: `deploys` are then to be abandoned, not registered.
  bool abandoned = false;
  // Where there is no deploy, why, by name: "another_branch", "branch_deleted", "another_environment", "unknown_repo",
  // "no_service_of_repo", "not_merged", "not_begun" (a deployment that is only made, queued or waiting), "not_ended",
  // "ended_badly", "a_tag", "a_check", "a_review", "a_ping", "not_published", "inactive", "no_commit", "none_of_ours",
  // "touches_no_service" (a push, by services.NAME.paths), and where repos.NAME.deploys_from does not list it:
  // "push_is_no_deploy_here", also of merge, release, pipeline, deployment.
  std::string not_a_deploy;
};

// `now_ns`: of what says no time. A deploy's head is empty where no commit is told, or one of another repository than
// the service's own (Argo CD's of manifests): it is judged and never acted on.
ToldDeploys DeploysOf(const Told& told, const Config& config, TimeNs now_ns);

}  // namespace revertd
