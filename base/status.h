// Status: what a call that meets the outside world answers. absl::Status underneath; this header is the only place
// where absl's string_view (a type of its own in Debian's build) meets std::string_view.
//
// The code chooses the process's exit code (ExitCodeOf): kInvalidArgument is the user's mistake (2), everything else
// is the world's (3).
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace revertd {

using Status = absl::Status;
template <typename T>
using StatusOr = absl::StatusOr<T>;

enum class ExitCode { kDone = 0, kBadNews = 1, kUsage = 2, kWorldFailed = 3 };

inline Status OkStatus() { return absl::OkStatus(); }
Status InvalidArgument(std::string_view message);     // wrong usage or configuration
Status NotFound(std::string_view message);            // a named thing is not there
Status Unavailable(std::string_view message);         // the world failed and may recover: network, lock, disk
Status FailedPrecondition(std::string_view message);  // the world is not in the state the step expected
Status Internal(std::string_view message);            // the world answered something impossible

std::string_view MessageOf(const Status& status);
ExitCode ExitCodeOf(const Status& status);
// Puts what we were doing in front of what went wrong; an ok status stays ok.
Status Annotate(const Status& status, std::string_view what_we_were_doing);

}  // namespace revertd

// The line's number makes the name unique, so that a lambda inside the expression may use the macro too.
#define REVERTD_RETURN_IF_ERROR(expression) REVERTD_RETURN_IF_ERROR_AT_(expression, __LINE__)
#define REVERTD_RETURN_IF_ERROR_AT_(expression, line) REVERTD_RETURN_IF_ERROR_AS_(expression, line)
#define REVERTD_RETURN_IF_ERROR_AS_(expression, line)              \
  do {                                                             \
    ::revertd::Status revertd_status_##line = (expression);        \
    if (!revertd_status_##line.ok()) return revertd_status_##line; \
  } while (false)
