// `revertd revert`: a person's own rollback. The running sidecar's executor carries it out, so that there is one
// journal and one pusher; a dry run needs neither.
#include <unistd.h>

#include "actions/dry_run.h"
#include "actions/git_program.h"
#include "actions/guards.h"
#include "base/json_writer.h"
#include "base/strings.h"
#include "daemon/output.h"
#include "daemon/with_state.h"

namespace revertd {
namespace {

StatusOr<RollbackTrigger> TriggerFor(const Config& config, const RevertOptions& options, TimeNs now) {
  const ServiceConfig* service = config.FindService(options.service);
  if (service == nullptr)
    return InvalidArgument("--service " + options.service + ": no such service in the configuration");
  if (service->repo.empty())
    return InvalidArgument("--service " + options.service + ": the configuration names no repo for it");
  RollbackTrigger trigger;
  trigger.service = options.service;
  trigger.repo = service->repo;
  trigger.head = options.commit;
  trigger.reason = "asked by a person";
  trigger.created_ns = now;
  trigger.id = MakeTriggerId(trigger.service, trigger.head, now);
  return trigger;
}

Status PrintDryRun(const Config& config, const RollbackTrigger& trigger, SystemClock* clock) {
  GitProgram git(FolderOf(config), OwnEnvironment(), clock);
  const auto result = DryRunRevert(config, trigger, &git, clock);
  if (!result.ok()) return result.status();
  JsonWriter json;
  json.BeginObject().Field("service", trigger.service).Field("repo", trigger.repo).Field("commit", trigger.head);
  if (!result->refusal.empty()) {
    json.Field("refused", result->refusal).Field("detail", result->detail);
    return PrintLine(json.EndObject().text());
  }
  json.Field("branch", result->plan.branch).Field("onto", result->plan.order.onto);
  json.Key("undoes").BeginArray();
  for (const RevertStep& step : result->plan.order.steps) {
    json.BeginObject().Field("commit", step.sha).Field("mainline", step.mainline).EndObject();
  }
  json.EndArray().Field("revert", result->sha).Field("tree", result->tree).Field("diffstat", result->diffstat);
  return PrintLine(json.EndObject().text());
}

}  // namespace

ExitCode RevertCommand(const RevertOptions& options) {
  SystemClock clock;
  const auto config = ConfigOrFail(options.config);
  if (!config.ok()) return Fail(config.status());
  const auto trigger = TriggerFor(*config, options, clock.Now());
  if (!trigger.ok()) return Fail(trigger.status());
  if (options.dry_run) {
    const Status status = PrintDryRun(*config, *trigger, &clock);
    return status.ok() ? ExitCode::kDone : Fail(status);
  }
  return WithState(options.config, StateStore::Access::kInboxOnly, [&](const Config&, StateStore& store) -> Status {
    InboxMessage message;
    message.kind = InboxMessage::Kind::kRevertAsked;
    message.trigger = *trigger;
    REVERTD_RETURN_IF_ERROR(store.Post(message));
    JsonWriter json;
    return PrintLine(json.BeginObject().Field("trigger", trigger->id).EndObject().text());
  });
}

}  // namespace revertd
