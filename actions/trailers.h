// The lines at the end of our commits' messages: by them others see whose a commit is, and we find our own after a
// crash. The hooks of guard_hooks look for the first two.
#pragma once

#include <string_view>

namespace revertd {

inline constexpr std::string_view kTriggerTrailer = "Revertd-Trigger: ";
inline constexpr std::string_view kReleaseTrailer = "Revertd-Release: ";
inline constexpr std::string_view kReleaseStepTrailer = "Revertd-Step: ";
inline constexpr std::string_view kAuditTrailer = "Revertd-Audit: ";

}  // namespace revertd
