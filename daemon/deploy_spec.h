// Deploys as people and scripts write them: `--deploy service=NAME,at=TIME[,until=TIME][,commit=SHA]...` and the same
// keys as NDJSON (`--deploys FILE`).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/deploy.h"
#include "base/status.h"

namespace revertd {

// Required: service, at. Optional: until (default = at), commit, base, repo, id (default made of service and at).
StatusOr<Deploy> ParseDeploySpec(std::string_view spec);
StatusOr<std::vector<Deploy>> ReadDeploysFile(const std::string& path);

}  // namespace revertd
