// What a webhook of GitHub's tells, by the name in its X-GitHub-Event header and its body. Gitea and Forgejo send the
// same names and nearly the same bodies; where they differ a field is missing and reads as empty. Pure, any thread.
//
// Which time is that of the happening: a push's commits may be days old and are not asked (repository.pushed_at is);
// a merge has merged_at; of what is done again to an old thing (a release edited, a check asked for again) the body
// says no time, and Told::at_ns is 0.
#pragma once

#include <string_view>

#include "base/status.h"
#include "daemon/doors/told.h"

namespace revertd {

// push, create, delete, pull_request, pull_request_review, deployment, deployment_status, release, check_run,
// check_suite, status, workflow_run, merge_group and ping; everything else is kOther. A workflow run for a pull request
// or a merge queue is a check: what it ran on is on no branch yet, and its "head_branch" may be a fork's.
StatusOr<Told> ReadGitHub(std::string_view event, std::string_view body);

}  // namespace revertd
