// What a call of sentry-cli's to Sentry's own REST API tells: `releases new`, `releases finalize`, `releases
// set-commits` and `deploys new`, which CI systems run already. Pure, any thread.
//
// A deploy's call names a version and no project; the projects stand in the release's call, made before. The caller
// keeps the Told of each release's call by its `version` and hands it to FillFromRelease. Without one DeploysOf asks
// the version itself: in "shop-api@2.4.1" the part before the last @ is a project.
#pragma once

#include <string_view>

#include "base/status.h"
#include "daemon/doors/told.h"

namespace revertd {

// `target`: the request's path as it was sent; a query is not looked at. kRelease of
//   POST /api/0/organizations/ORG/releases/           version, projects, refs, dateReleased
//   PUT  /api/0/organizations/ORG/releases/VERSION/
//   POST /api/0/projects/ORG/PROJECT/releases/
//   PUT  /api/0/projects/ORG/PROJECT/releases/VERSION/
// ("published" once it has a dateReleased), kDeployment of
//   POST /api/0/organizations/ORG/releases/VERSION/deploys/    environment, name, url, dateStarted, dateFinished
// and kOther of every other call, whose body may then be anything. As at Sentry itself, a deploy without dateFinished
// has just ended. The commit is that of the only entry of refs, or the version, or what follows its last @, where that
// is a hexadecimal revision: perhaps abbreviated, to 7 digits or more.
StatusOr<Told> ReadSentryCall(std::string_view method, std::string_view target, std::string_view body);

// Gives a deploy what `release`, the Told of its release's call, knows and it does not: projects, repository, commit.
void FillFromRelease(const Told& release, Told* deploy);

}  // namespace revertd
