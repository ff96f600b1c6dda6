// RunningRevision: what a service itself says that it runs (RunningConfig): the word of production, beside that of
// whoever deployed it and that of the branch.
//
// Thread contract: one object, one thread. An Ask takes at most its client's HttpLimits, or the command's own time
// limit, of which no more than kAskRunningMax counts.
#pragma once

#include <atomic>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "actions/http_client.h"
#include "base/clock.h"
#include "base/status.h"
#include "config/config.h"

namespace revertd {

// A revision is 64 digits at most; a version may be a longer word. A page of HTML is neither.
inline constexpr size_t kRevisionBytesMax = 256;
// A question and not a deploy: what takes longer hangs.
inline constexpr DurationNs kAskRunningMax = kMinuteNs;

class RunningRevision {
 public:
  // http, stop: outlive it. environment: what the commands get; without secrets. stop: true ends a command; may be
  // null.
  RunningRevision(HttpClient* http, std::vector<std::string> environment, const std::atomic<bool>* stop = nullptr)
      : http_(http), environment_(std::move(environment)), stop_(stop) {}

  // The service's `running` is given. Trimmed; one line of at least one byte. Unavailable: no answer, a status other
  // than 2xx, or a command that fails. FailedPrecondition: the answer does not say it: no such header or value, or it
  // is empty, has control characters, or is longer than kRevisionBytesMax.
  StatusOr<std::string> Ask(const ServiceConfig& service);

 private:
  StatusOr<std::string> AskUrl(const RunningConfig& running);
  StatusOr<std::string> AskCommand(const ServiceConfig& service) const;

  HttpClient* const http_;
  const std::vector<std::string> environment_;
  const std::atomic<bool>* const stop_;
};

// Equal, or one is an abbreviation (IsRevision) of the other. Letters of hexadecimal digits may be of either case.
bool IsSameRevision(std::string_view running, std::string_view sha);

}  // namespace revertd
