#include "base/deploy.h"

namespace revertd {

std::string_view NameOf(DeployKind kind) { return kind == DeployKind::kRelease ? "release" : "revert"; }

std::optional<DeployKind> DeployKindNamed(std::string_view name) {
  for (DeployKind kind : {DeployKind::kRelease, DeployKind::kRevert}) {
    if (NameOf(kind) == name) return kind;
  }
  return std::nullopt;
}

std::string MakeDeployId(std::string_view service, TimeNs start_ns) {
  return std::string(service) + "-" + std::to_string(FloorToSecond(start_ns));
}

}  // namespace revertd
