// Deploys, their verdicts, and the gate.
#include <algorithm>
#include <memory>

#include "actions/lock_watch.h"
#include "analysis/deploy_registry.h"
#include "base/strings.h"
#include "base/time_format.h"
#include "daemon/api/body.h"
#include "daemon/api/deploy_gate.h"
#include "daemon/api/handlers.h"
#include "daemon/api/reply.h"
#include "daemon/deploy_door.h"
#include "daemon/doors/manifest_writer.h"
#include "daemon/event_json.h"
#include "daemon/records_json.h"

namespace revertd {
namespace {

constexpr uint64_t kGateWaitMaxSeconds = 3600;
// A deploy that was announced waits in the inbox until the sidecar takes it up.
constexpr int kInboxLookMax = 1000;

// nullopt: not given. InvalidArgument: no time.
StatusOr<std::optional<TimeNs>> TimeIn(std::string_view name, std::string_view text) {
  if (text.empty()) return std::optional<TimeNs>();
  const auto time = ParseTime(text);
  if (time && *time > 0) return time;
  return InvalidArgument(std::string(name) + ": RFC 3339 or Unix seconds expected");
}

HttpReply Taken(const std::string& id) {
  JsonWriter json;
  return JsonReply(json.BeginObject().Field("id", id).EndObject().Take(), 202);
}

HttpReply Leave(ApiContext& context, const InboxMessage& message) {
  if (const Status status = context.state().Post(message); !status.ok()) return StatusReply(status);
  return Taken(message.deploy.id);
}

StatusOr<Deploy> FindDeploy(const ApiContext& context, const std::string& id) {
  auto deploy = context.state().ReadDeploy(id);
  if (!deploy.ok()) return deploy.status();
  if (!deploy->has_value()) return NotFound("there is no deploy \"" + id + "\"");
  return **std::move(deploy);
}

StatusOr<DeployAsked> AskedFor(const Body& body) {
  DeployAsked asked{.service = body["service"],
                    .repo = body["repo"],
                    .base = body["base"],
                    .commit = body["commit"],
                    .id = body["id"]};
  const auto at = TimeIn("at", body["at"]);
  if (!at.ok()) return at.status();
  const auto until = TimeIn("until", body["until"]);
  if (!until.ok()) return until.status();
  asked.start_ns = at->value_or(0);
  asked.finish_ns = until->value_or(0);
  return asked;
}

// --- the gate

struct GateAsked {
  std::string deploy;  // id; empty: by the two below
  std::string service;
  std::string commit;
};

bool IsAsked(const GateAsked& asked, const Deploy& deploy) {
  if (!asked.deploy.empty()) return deploy.id == asked.deploy;
  return deploy.service == asked.service && SameRevision(deploy.head, asked.commit);
}

StatusOr<std::optional<Deploy>> FindAsked(const ApiContext& context, const GateAsked& asked) {
  if (!asked.deploy.empty()) return context.state().ReadDeploy(asked.deploy);
  auto newest = context.state().FindDeployOf(asked.service, asked.commit);
  if (!newest.ok() || newest->has_value()) return newest;
  // By an abbreviation.
  auto deploys = context.state().ReadDeploys(0);
  if (!deploys.ok()) return deploys.status();
  for (const Deploy& deploy : *deploys) {
    if (IsAsked(asked, deploy)) *newest = deploy;
  }
  return newest;
}

StatusOr<bool> IsAnnounced(const ApiContext& context, const GateAsked& asked) {
  const auto waiting = context.state().Peek(kInboxLookMax);
  if (!waiting.ok()) return waiting.status();
  return std::any_of(waiting->begin(), waiting->end(), [&](const InboxMessage& message) {
    return message.kind == InboxMessage::Kind::kDeployStart && IsAsked(asked, message.deploy);
  });
}

// The executor's word; where it has not started yet, nothing was reverted.
StatusOr<bool> BringsRevertedBack(ApiContext& context, const Deploy& deploy) {
  const auto executor = context.Executor();
  if (!executor.ok())
    return executor.status().code() == absl::StatusCode::kNotFound ? StatusOr<bool>(false) : executor.status();
  const auto told = (*executor)->FindAudit(kRevertedCommitDeployedAgain, deploy.id);
  if (!told.ok()) return told.status();
  return told->has_value();
}

StatusOr<GateQuestion> ReadQuestion(ApiContext& context, const GateAsked& asked) {
  GateQuestion question;
  // Announced and not taken up yet: an older deploy of the same commit is not meant.
  const auto announced = IsAnnounced(context, asked);
  if (!announced.ok()) return announced.status();
  if (*announced) return question;
  auto deploy = FindAsked(context, asked);
  if (!deploy.ok()) return deploy.status();
  if (!deploy->has_value()) return NotFound("there is no such deploy");
  question.deploy = *std::move(deploy);
  auto verdicts = context.state().ReadVerdicts(question.deploy->id);
  if (!verdicts.ok()) return verdicts.status();
  if (!verdicts->empty()) question.verdict = std::move(verdicts->back());
  if (question.deploy->kind == DeployKind::kRevert) {
    auto recovery = context.state().ReadRecovery(question.deploy->trigger_id);
    if (!recovery.ok()) return recovery.status();
    question.recovery = *std::move(recovery);
  }
  const auto back = BringsRevertedBack(context, *question.deploy);
  if (!back.ok()) return back.status();
  question.brings_reverted_back = *back;
  return question;
}

HttpReply GateReply(const GateAsked& asked, const GateQuestion& question, const GateAnswer& answer) {
  JsonWriter json;
  json.BeginObject().Field("gate", NameOf(answer.pass)).Field("reason", answer.reason);
  json.Field("deploy", question.deploy ? question.deploy->id : asked.deploy).Field("final", answer.is_final);
  if (question.verdict) json.Key("verdict").Raw(ToEvent(*question.verdict));
  return JsonReply(json.EndObject().Take());
}

// nullopt: not final, and there is time to wait.
std::optional<HttpReply> TryGate(ApiContext& context, const GateAsked& asked, bool is_last) {
  const auto question = ReadQuestion(context, asked);
  if (!question.ok()) return StatusReply(question.status());
  const GateAnswer answer = AnswerGate(*question);
  if (!answer.is_final && !is_last) return std::nullopt;
  return GateReply(asked, *question, answer);
}

}  // namespace

HttpAnswer ListDeploys(ApiContext& context, const HttpCall& call, const PathWords& /*words*/) {
  const auto since = TimeIn("since", call.Query("since"));
  if (!since.ok()) return StatusReply(since.status());
  auto deploys = context.state().ReadDeploys(since->value_or(0));
  if (!deploys.ok()) return StatusReply(deploys.status());
  const std::string_view service = call.Query("service");
  std::erase_if(*deploys, [&](const Deploy& deploy) { return !service.empty() && deploy.service != service; });
  return ListReply("deploys", *deploys, [](JsonWriter& json, const Deploy& deploy) {
    json.BeginObject();
    AppendFields(json, deploy);
    json.EndObject();
  });
}

HttpAnswer StartDeploy(ApiContext& context, const HttpCall& call, const PathWords& /*words*/) {
  const auto body = ReadBody(call.body, {"service", "commit", "base", "repo", "id", "at", "until"});
  if (!body.ok()) return StatusReply(body.status());
  const auto asked = AskedFor(*body);
  if (!asked.ok()) return StatusReply(asked.status());
  auto deploy = CheckedStart(context.config(), context.state(), *asked, context.Now());
  if (!deploy.ok()) return StatusReply(deploy.status());
  return Leave(context, StartMessage(*std::move(deploy)));
}

HttpAnswer ShowDeploy(ApiContext& context, const HttpCall& /*call*/, const PathWords& words) {
  const auto deploy = FindDeploy(context, words[0]);
  if (!deploy.ok()) return StatusReply(deploy.status());
  const auto verdicts = context.state().ReadVerdicts(deploy->id);
  if (!verdicts.ok()) return StatusReply(verdicts.status());
  const auto events = context.state().ReadEventsOfDeploy(*deploy);
  if (!events.ok()) return StatusReply(events.status());
  return JsonReply(DeployRecordJson(*deploy, *verdicts, *events));
}

HttpAnswer FinishDeploy(ApiContext& context, const HttpCall& call, const PathWords& words) {
  const auto body = ReadBody(call.body, {"at"});
  if (!body.ok()) return StatusReply(body.status());
  const auto at = TimeIn("at", (*body)["at"]);
  if (!at.ok()) return StatusReply(at.status());
  if (const Status status = CheckFinish(context.state(), words[0]); !status.ok()) return StatusReply(status);
  return Leave(context, FinishMessage(words[0], at->value_or(context.Now())));
}

HttpAnswer AbandonDeploy(ApiContext& context, const HttpCall& call, const PathWords& words) {
  const auto body = ReadBody(call.body, {"why", "at"});
  if (!body.ok()) return StatusReply(body.status());
  const auto at = TimeIn("at", (*body)["at"]);
  if (!at.ok()) return StatusReply(at.status());
  if (const Status status = CheckAbandon(context.state(), words[0]); !status.ok()) return StatusReply(status);
  return Leave(context, AbandonMessage(words[0], at->value_or(context.Now()), (*body)["why"]));
}

HttpAnswer ListVerdicts(ApiContext& context, const HttpCall& call, const PathWords& /*words*/) {
  const std::string_view deploy = call.Query("deploy");
  if (deploy.empty()) return StatusReply(InvalidArgument("deploy: the id of a deploy expected"));
  const auto verdicts = context.state().ReadVerdicts(deploy);
  if (!verdicts.ok()) return StatusReply(verdicts.status());
  return ListReply("verdicts", *verdicts, [](JsonWriter& json, const Verdict& verdict) { json.Raw(ToEvent(verdict)); });
}

HttpAnswer AskGate(ApiContext& context, const HttpCall& call, const PathWords& /*words*/) {
  const GateAsked asked{std::string(call.Query("deploy")), std::string(call.Query("service")),
                        std::string(call.Query("commit"))};
  if (asked.deploy.empty() && (asked.service.empty() || asked.commit.empty())) {
    return StatusReply(InvalidArgument("deploy, or service and commit expected"));
  }
  const std::string_view wait_text = call.Query("wait");
  const auto wait = wait_text.empty() ? std::optional<uint64_t>(0) : ParseUnsigned(wait_text);
  if (!wait || *wait > kGateWaitMaxSeconds) {
    return StatusReply(
        InvalidArgument("wait: whole seconds from 0 to " + std::to_string(kGateWaitMaxSeconds) + " expected"));
  }
  if (auto reply = TryGate(context, asked, /*is_last=*/*wait == 0)) return *std::move(reply);
  return HttpWait{.until_ns = context.Now() + static_cast<DurationNs>(*wait) * kSecondNs,
                  .poll = [&context, asked](bool is_last) { return TryGate(context, asked, is_last); }};
}

HttpAnswer GetManifest(ApiContext& context, const HttpCall& /*call*/, const PathWords& /*words*/) {
  const auto entries = ReadManifestEntries(context.state());
  if (!entries.ok()) return StatusReply(entries.status());
  return JsonReply(ManifestJson(*entries, context.Now()));
}

}  // namespace revertd
