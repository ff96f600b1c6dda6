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

}  // namespace revertd
