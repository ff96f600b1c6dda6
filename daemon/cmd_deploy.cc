// `revertd deploy start|finish|list|show`: registers deploys with the running sidecar through its inbox, and reads
// what it knows of them.
#include <unistd.h>

#include <algorithm>

#include "actions/git.h"
#include "analysis/deploy_registry.h"
#include "base/json_writer.h"
#include "base/strings.h"
#include "base/time_format.h"
#include "daemon/cmd_status.h"
#include "daemon/commands.h"
#include "daemon/event_json.h"
#include "daemon/output.h"
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

// What waits in the inbox is known too: a script's finish may come before the sidecar has taken its start.
constexpr int kInboxLookMax = 1000;

// A deploy told twice (a script that was tried again) is one deploy, and both tellings get the same id.
StatusOr<std::string> IdFor(const StateStore& store, const DeployOptions& options, TimeNs at) {
  if (!options.id.empty()) return options.id;
  if (!options.commit.empty()) {
    const auto known = store.FindDeployOf(options.service, options.commit);
    if (!known.ok()) return known.status();
    const bool open = known->has_value() && !(*known)->finished();
    if (open && at - (*known)->start_ns <= kSameDeployWindow) return (*known)->id;
    const auto waiting = store.Peek(kInboxLookMax);
    if (!waiting.ok()) return waiting.status();
    for (const InboxMessage& message : *waiting) {
      const Deploy& deploy = message.deploy;
      if (message.kind == InboxMessage::Kind::kDeployStart && deploy.service == options.service &&
          deploy.head == options.commit) {
        return deploy.id;
      }
    }
  }
  return MakeDeployId(options.service, at);
}

StatusOr<bool> IsKnown(const StateStore& store, const std::string& id) {
  const auto deploy = store.ReadDeploy(id);
  if (!deploy.ok()) return deploy.status();
  if (deploy->has_value()) return true;
  const auto waiting = store.Peek(kInboxLookMax);
  if (!waiting.ok()) return waiting.status();
  return std::any_of(waiting->begin(), waiting->end(), [&](const InboxMessage& message) {
    return message.kind == InboxMessage::Kind::kDeployStart && message.deploy.id == id;
  });
}

Status CheckStart(const Config& config, const DeployOptions& options) {
  if (options.service.empty()) return InvalidArgument("--service must not be empty");
  for (const std::string& revision : {options.commit, options.base}) {
    if (!revision.empty() && !IsRevision(revision)) {
      return InvalidArgument("\"" + revision + "\" is no revision: 7 to 64 hexadecimal digits expected");
    }
  }
  if (!options.repo.empty() && config.FindRepo(options.repo) == nullptr) {
    return InvalidArgument("--repo " + options.repo + ": no such repo in the configuration");
  }
  return OkStatus();
}

Status StartDeploy(const Config& config, StateStore& store, const DeployOptions& options) {
  REVERTD_RETURN_IF_ERROR(CheckStart(config, options));
  const auto at = TimeOrNow(options.at);
  if (!at.ok()) return at.status();
  auto id = IdFor(store, options, *at);
  if (!id.ok()) return id.status();
  SayIfUnknown(config, options);
  const ServiceConfig* service = config.FindService(options.service);
  InboxMessage message;
  message.kind = InboxMessage::Kind::kDeployStart;
  message.deploy.service = options.service;
  message.deploy.repo = !options.repo.empty() ? options.repo : service != nullptr ? service->repo : "";
  message.deploy.base = options.base;
  message.deploy.head = options.commit;
  message.deploy.start_ns = *at;
  message.deploy.id = *std::move(id);
  SayIfNotRunning(store);
  REVERTD_RETURN_IF_ERROR(store.Post(message));
  JsonWriter json;
  return PrintLine(json.BeginObject().Field("id", message.deploy.id).EndObject().text());
}

Status FinishDeploy(StateStore& store, const DeployOptions& options) {
  const auto at = TimeOrNow(options.at);
  if (!at.ok()) return at.status();
  const auto known = IsKnown(store, options.id);
  if (!known.ok()) return known.status();
  if (!*known) return InvalidArgument("no deploy \"" + options.id + "\"; `revertd deploy list` shows all");
  SayIfNotRunning(store);
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
    if (!deploy->has_value()) return InvalidArgument("no deploy \"" + id + "\"; `revertd deploy list` shows all");
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
