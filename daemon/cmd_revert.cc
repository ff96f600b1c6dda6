// `revertd revert`: a person's own rollback. The running sidecar's executor carries it out, so that there is one
// journal and one pusher; a dry run needs neither.
#include <unistd.h>

#include "actions/dry_run.h"
#include "actions/git_program.h"
#include "base/json_writer.h"
#include "daemon/cmd_status.h"
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
  if (!IsRevision(options.commit)) {
    return InvalidArgument("--commit " + options.commit + ": no revision; 7 to 64 hexadecimal digits expected");
  }
  RollbackTrigger trigger;
  trigger.service = options.service;
  trigger.repo = service->repo;
  trigger.head = options.commit;
  trigger.reason = "asked by a person";
  trigger.created_ns = now;
  trigger.id = MakeTriggerId(trigger.service, trigger.head, now);
  return trigger;
}

// Whether it would be done.
StatusOr<bool> PrintDryRun(const Config& config, const RollbackTrigger& trigger, SystemClock* clock) {
  GitProgram git(FolderOf(config), OwnEnvironment(), clock);
  const auto result = DryRunRevert(config, trigger, &git, clock);
  if (!result.ok()) return result.status();
  JsonWriter json;
  json.BeginObject().Field("service", trigger.service).Field("repo", trigger.repo).Field("commit", trigger.head);
  if (!result->refusal.empty()) {
    json.Field("refused", result->refusal).Field("detail", result->detail);
    REVERTD_RETURN_IF_ERROR(PrintLine(json.EndObject().text()));
    return false;
  }
  json.Field("branch", result->plan.branch).Field("onto", result->plan.order.onto);
  json.Key("undoes").BeginArray();
  for (const RevertStep& step : result->plan.order.steps) {
    json.BeginObject().Field("commit", step.sha).Field("mainline", step.mainline).EndObject();
  }
  json.EndArray().Key("leaves_alone").BeginArray();
  for (const std::string& sha : result->plan.left_alone) json.String(sha);
  json.EndArray().Field("tree", result->tree).Field("diffstat", result->diffstat);
  REVERTD_RETURN_IF_ERROR(PrintLine(json.EndObject().text()));
  return true;
}

}  // namespace

ExitCode RevertCommand(const RevertOptions& options) {
  SystemClock clock;
  const auto config = ConfigOrFail(options.config);
  if (!config.ok()) return Fail(config.status());
  const auto trigger = TriggerFor(*config, options, clock.Now());
  if (!trigger.ok()) return Fail(trigger.status());
  if (options.dry_run) {
    const auto would_be_done = PrintDryRun(*config, *trigger, &clock);
    if (!would_be_done.ok()) return Fail(would_be_done.status());
    return *would_be_done ? ExitCode::kDone : ExitCode::kBadNews;
  }
  return WithState(options.config, StateStore::Access::kInboxOnly, [&](const Config&, StateStore& store) -> Status {
    InboxMessage message;
    message.kind = InboxMessage::Kind::kRevertAsked;
    message.trigger = *trigger;
    SayIfNotRunning(store);
    REVERTD_RETURN_IF_ERROR(store.Post(message));
    JsonWriter json;
    return PrintLine(json.BeginObject().Field("trigger", trigger->id).EndObject().text());
  });
}

}  // namespace revertd
