#include "base/status.h"

#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"

namespace revertd {
namespace {

Status Make(absl::StatusCode code, std::string_view message) {
  return Status(code, absl::string_view(message.data(), message.size()));
}

}  // namespace

Status InvalidArgument(std::string_view message) { return Make(absl::StatusCode::kInvalidArgument, message); }
Status NotFound(std::string_view message) { return Make(absl::StatusCode::kNotFound, message); }
Status Unavailable(std::string_view message) { return Make(absl::StatusCode::kUnavailable, message); }
Status FailedPrecondition(std::string_view message) { return Make(absl::StatusCode::kFailedPrecondition, message); }
Status Internal(std::string_view message) { return Make(absl::StatusCode::kInternal, message); }

std::string_view MessageOf(const Status& status) {
  const absl::string_view message = status.message();
  return {message.data(), message.size()};
}

ExitCode ExitCodeOf(const Status& status) {
  if (status.ok()) return ExitCode::kDone;
  return absl::IsInvalidArgument(status) ? ExitCode::kUsage : ExitCode::kWorldFailed;
}

Status Annotate(const Status& status, std::string_view what_we_were_doing) {
  if (status.ok()) return status;
  std::string message(what_we_were_doing);
  message += ": ";
  message += MessageOf(status);
  Status annotated = Make(status.code(), message);
  status.ForEachPayload(
      [&annotated](absl::string_view type, const absl::Cord& payload) { annotated.SetPayload(type, payload); });
  return annotated;
}

}  // namespace revertd
