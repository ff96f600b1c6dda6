#include "base/health.h"

namespace revertd {

std::string_view NameOf(HealthLevel level) {
  switch (level) {
    case HealthLevel::kOk: return "ok";
    case HealthLevel::kWarn: return "warn";
    case HealthLevel::kFatal: return "fatal";
    case HealthLevel::kUnknown: return "unknown";
  }
  return "";
}

std::optional<HealthLevel> HealthLevelNamed(std::string_view name) {
  for (const HealthLevel level : {HealthLevel::kOk, HealthLevel::kWarn, HealthLevel::kFatal, HealthLevel::kUnknown}) {
    if (NameOf(level) == name) return level;
  }
  return std::nullopt;
}

bool IsOfTimeAlone(std::string_view reason) { return reason.starts_with("certificate_expire"); }

}  // namespace revertd
