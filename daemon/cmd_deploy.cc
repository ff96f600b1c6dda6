// `revertd deploy start|finish|abandon|list|show`: registers deploys with the running sidecar through its inbox, and
// reads what it knows of them.
#include <unistd.h>

#include <utility>

#include "base/json_writer.h"
#include "base/time_format.h"
#include "daemon/cmd_status.h"
#include "daemon/commands.h"
#include "daemon/deploy_door.h"
#include "daemon/event_json.h"
#include "daemon/output.h"
#include "daemon/records_json.h"
#include "daemon/with_state.h"

namespace revertd {
namespace {

StatusOr<TimeNs> TimeOrNow(const std::string& text) {
  if (text.empty()) return SystemClock().Now();
  const auto time = ParseTime(text);
  if (!time || *time <= 0) return InvalidArgument("--at " + text + ": not a time (RFC 3339 or Unix seconds expected)");
  return *time;
}

void SayIfUnknown(const Config& config, const DeployOptions& options) {
  if (config.FindService(options.service) == nullptr) {
    Say("service \"" + options.service +
        "\" is not in the configuration: it is judged by that name and never acted on");
  }
}

Status StartDeploy(const Config& config, StateStore& store, const DeployOptions& options) {
  const auto at = TimeOrNow(options.at);
  if (!at.ok()) return at.status();
  const DeployAsked asked = {.service = options.service,
                             .repo = options.repo,
                             .base = options.base,
                             .commit = options.commit,
                             .id = options.id,
                             .start_ns = *at};
  auto deploy = CheckedStart(config, store, asked, *at);
  if (!deploy.ok()) return AsUsage(deploy.status());
  SayIfUnknown(config, options);
  SayIfNotRunning(store);
  JsonWriter json;
  json.BeginObject().Field("id", deploy->id).EndObject();
  REVERTD_RETURN_IF_ERROR(store.Post(StartMessage(*std::move(deploy))));
  return PrintLine(json.text());
}

Status FinishDeploy(StateStore& store, const DeployOptions& options) {
  const auto at = TimeOrNow(options.at);
  if (!at.ok()) return at.status();
  REVERTD_RETURN_IF_ERROR(AsUsage(CheckFinish(store, options.id)));
  SayIfNotRunning(store);
  return store.Post(FinishMessage(options.id, *at));
}

Status AbandonDeploy(StateStore& store, const DeployOptions& options) {
  const auto at = TimeOrNow(options.at);
  if (!at.ok()) return at.status();
  REVERTD_RETURN_IF_ERROR(AsUsage(CheckAbandon(store, options.id)));
  SayIfNotRunning(store);
  return store.Post(AbandonMessage(options.id, *at, options.why));
}

}  // namespace

ExitCode DeployStartCommand(const DeployOptions& options) {
  return WithState(options.config, StateStore::Access::kInboxOnly,
                   [&](const Config& config, StateStore& store) { return StartDeploy(config, store, options); });
}

ExitCode DeployFinishCommand(const DeployOptions& options) {
  return WithState(options.config, StateStore::Access::kInboxOnly,
                   [&](const Config&, StateStore& store) { return FinishDeploy(store, options); });
}

ExitCode DeployAbandonCommand(const DeployOptions& options) {
  return WithState(options.config, StateStore::Access::kInboxOnly,
                   [&](const Config&, StateStore& store) { return AbandonDeploy(store, options); });
}

ExitCode DeployListCommand(const std::string& config) {
  return WithState(config, StateStore::Access::kReadOnly, [](const Config&, StateStore& store) -> Status {
    const auto deploys = store.ReadDeploys(0);
    if (!deploys.ok()) return deploys.status();
    OutputWriter out(STDOUT_FILENO);
    for (const Deploy& deploy : *deploys) {
      JsonWriter json;
      json.BeginObject();
      AppendFields(json, deploy);
      REVERTD_RETURN_IF_ERROR(out.Line(json.EndObject().text()));
    }
    return out.Flush();
  });
}

ExitCode DeployShowCommand(const std::string& config, const std::string& id) {
  return WithState(config, StateStore::Access::kReadOnly, [&](const Config&, StateStore& store) -> Status {
    const auto deploy = store.ReadDeploy(id);
    if (!deploy.ok()) return deploy.status();
    if (!deploy->has_value()) return InvalidArgument("no deploy \"" + id + "\"; `revertd deploy list` shows all");
    const auto verdicts = store.ReadVerdicts(id);
    if (!verdicts.ok()) return verdicts.status();
    const auto events = store.ReadEventsOfDeploy(**deploy);
    if (!events.ok()) return events.status();
    return PrintLine(DeployRecordJson(**deploy, *verdicts, *events));
  });
}

}  // namespace revertd
