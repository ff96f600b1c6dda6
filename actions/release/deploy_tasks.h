// The task in which production comes to run what a branch holds, forward and on the way back: the service's deploy
// command, then what the service says that it runs, then the sidecar is told of the whole deploy.
//
// Thread contract: the runner's. A command runs beside it.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "actions/release/release_tools.h"

namespace revertd {

struct DeployOrder {
  std::string id;           // of the deploy, in the sidecar's words
  std::string service;      // empty: a layer without traffic; then there is nothing to do
  std::string good;         // what shall run
  std::string bad;          // what ran before
  TimeNs start_ns = 0;      // when production began to change
  bool by_service = true;   // false: what was promoted is deployed already, by the step's own command
  bool is_resumed = false;  // begun before: it may run already
};

// A deploy of `head` in the sidecar's words; finish_ns 0: it begins. `head` is left out where it is no revision.
InboxMessage DeployMessage(const Config& config, const std::string& id, const std::string& service,
                           const std::string& base, const std::string& head, TimeNs start_ns, TimeNs finish_ns);

// Under which CommandRunner knows a deploy's command.
std::string DeployCommandKey(std::string_view deploy_id);

class DeployTasks {
 public:
  static constexpr DurationNs kAskEvery = 2 * kSecondNs;

  explicit DeployTasks(const ReleaseTools& tools) : tools_(tools) {}

  // "done"; "deploy_failed", the command; "not_running": within guard.deploy_wait of the command's end, the service did
  // not say that it runs it. Without a deploy command and without `running` it is taken for deployed.
  StatusOr<TaskAnswer> Deploy(const DeployOrder& order);

 private:
  struct Progress {
    bool is_deployed = false;        // its command has ended well, in this process's life
    std::optional<TimeNs> since_ns;  // when the wait for what runs began
    TimeNs ask_ns = 0;               // when the service is asked again
    std::string said = {};
  };
  StatusOr<bool> IsRunning(const DeployOrder& order, const ServiceConfig& service, Progress* progress);
  StatusOr<std::optional<TaskAnswer>> RunCommand(const DeployOrder& order, const ServiceConfig& service,
                                                 Progress* progress);

  const ReleaseTools& tools_;
  std::map<std::string, Progress, std::less<>> progress_;  // by order
};

}  // namespace revertd
