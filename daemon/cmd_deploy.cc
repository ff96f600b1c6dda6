// `revertd deploy start|finish|list|show`: registers deploys with the running sidecar through its inbox, and reads
// what it knows of them.
#include <unistd.h>

#include "base/json_writer.h"
#include "base/strings.h"
#include "base/time_format.h"
#include "daemon/commands.h"
#include "daemon/event_json.h"
#include "daemon/output.h"
#include "daemon/with_state.h"

namespace revertd {
namespace {

StatusOr<TimeNs> TimeOrNow(const std::string& text) {
  if (text.empty()) return SystemClock().Now();
  const auto time = ParseTime(text);
  if (!time) return InvalidArgument("--at " + text + ": not a time (RFC 3339 or Unix seconds expected)");
  return *time;
}

void SayIfUnknown(const Config& config, const DeployOptions& options) {
  if (config.FindService(options.service) == nullptr) {
    Say("service \"" + options.service +
        "\" is not in the configuration: it is judged by that name and never acted on");
  }
}

Status StartDeploy(const Config& config, StateStore& store, const DeployOptions& options) {
  if (!options.repo.empty() && config.FindRepo(options.repo) == nullptr) {
    return InvalidArgument("--repo " + options.repo + ": no such repo in the configuration");
  }
  const auto at = TimeOrNow(options.at);
  if (!at.ok()) return at.status();
  SayIfUnknown(config, options);
  const ServiceConfig* service = config.FindService(options.service);
  InboxMessage message;
  message.kind = InboxMessage::Kind::kDeployStart;
  message.deploy.service = options.service;
  message.deploy.repo = !options.repo.empty() ? options.repo : service != nullptr ? service->repo : "";
  message.deploy.base = options.base;
  message.deploy.head = options.commit;
  message.deploy.start_ns = *at;
  message.deploy.id = options.id.empty() ? MakeDeployId(options.service, *at) : options.id;
  REVERTD_RETURN_IF_ERROR(store.Post(message));
  JsonWriter json;
  return PrintLine(json.BeginObject().Field("id", message.deploy.id).EndObject().text());
}

Status FinishDeploy(StateStore& store, const DeployOptions& options) {
  const auto at = TimeOrNow(options.at);
  if (!at.ok()) return at.status();
  InboxMessage message;
  message.kind = InboxMessage::Kind::kDeployFinish;
  message.deploy.id = options.id;
  message.deploy.finish_ns = *at;
  return store.Post(message);
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
    if (!deploy->has_value()) return NotFound("no deploy \"" + id + "\"; `revertd deploy list` shows all");
    const auto verdicts = store.ReadVerdicts(id);
    if (!verdicts.ok()) return verdicts.status();
    JsonWriter json;
    json.BeginObject();
    AppendFields(json, **deploy);
    json.Key("verdicts").BeginArray();
    for (const Verdict& verdict : *verdicts) json.Raw(ToEvent(verdict));
    return PrintLine(json.EndArray().EndObject().text());
  });
}

}  // namespace revertd
