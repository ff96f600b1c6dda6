// What an event of Flux's notification-controller tells (its generic and generic-hmac providers). Pure, any thread.
#pragma once

#include <string_view>

#include "base/status.h"
#include "daemon/doors/told.h"

namespace revertd {

// Of a Kustomization or a HelmRelease a kDeployment with the object's name and without an environment; of a source that
// was only fetched kOther. The revision may be "main@sha1:SHA" or, of older versions, "main/SHA"; a digest of an OCI
// artifact or a chart's version is no commit and becomes the version. Flux says again, each interval, that a revision
// which has long been applied is applied: the caller knows by the commit.
StatusOr<Told> ReadFlux(std::string_view body);

}  // namespace revertd
