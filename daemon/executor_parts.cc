#include "daemon/executor_parts.h"

#include <unistd.h>
#include <csignal>

#include <memory>
#include <string_view>
#include <utility>

namespace revertd {

OpenForge ForgesBy(HttpClient* http) {
  return [http](const ForgeConfig& forge) { return MakeForge(forge, http); };
}

FaultPoint KillAt(std::string name) {
  if (name.empty()) return nullptr;
  return [name = std::move(name)](std::string_view reached) {
    if (reached == name) ::kill(::getpid(), SIGKILL);
  };
}

NotifierParts PartsForTelling(const Clock& clock, std::function<void()> wake,
                              std::function<void(const DeliveryEnd&)> on_end) {
  const HttpOptions for_channels{.leaves_lookups = true};
  return {.make_http = [=] { return std::make_unique<CurlHttpClient>(HttpLimits{}, for_channels); },
          .wake = std::move(wake),
          .on_end = std::move(on_end),
          .seed = static_cast<uint64_t>(clock.Now())};
}

std::string WordsOfUndelivered(const DeliveryEnd& end) {
  return "channel " + end.channel + " was not told of " + end.event + ": " + end.outcome;
}

}  // namespace revertd
