#include "daemon/event_json.h"

#include <array>

#include "base/time_format.h"

namespace revertd {
namespace {

JsonWriter Begin(std::string_view event, TimeNs at_ns, std::string_view service, std::string_view deploy) {
  JsonWriter json;
  json.BeginObject().Field("event", event).Field("time_ns", at_ns).Field("service", service).Field("deploy", deploy);
  return json;
}

void AppendError(JsonWriter& json, const NamedError& error) {
  json.BeginObject().Field("fingerprint", FingerprintText(error.fingerprint)).Field("type", error.type);
  json.Field("culprit", error.culprit).Field("title", error.title).Field("release", error.release);
  json.Field("event_id", error.event_id).Field("new", error.is_new).Field("events", error.events);
  json.Field("first_seen_ns", error.first_seen_ns).Field("e_value", error.e_value);
  json.Field("e_value_needed", error.e_value_needed).EndObject();
}

void AppendVerdict(JsonWriter& json, const Verdict& verdict) {
  json.Field("state", NameOf(verdict.state)).Field("reason", verdict.reason);
  json.Field("calibrated", verdict.calibrated);
  if (verdict.state == VerdictState::kInconclusive) json.Field("power", verdict.power);
  json.Key("signals").BeginArray();
  for (const Evidence& evidence : verdict.evidence) AppendEvidence(json, evidence);
  json.EndArray();
  if (verdict.errors.empty()) return;
  json.Key("errors").BeginArray();
  for (const NamedError& error : verdict.errors) AppendError(json, error);
  json.EndArray();
}

}  // namespace

void AppendFields(JsonWriter& json, const Deploy& deploy) {
  json.Field("id", deploy.id).Field("service", deploy.service).Field("kind", NameOf(deploy.kind));
  json.Field("repo", deploy.repo).Field("base", deploy.base).Field("commit", deploy.head);
  json.Field("start_ns", deploy.start_ns);
  if (deploy.finished()) json.Field("finish_ns", deploy.finish_ns);
  if (!deploy.trigger_id.empty()) json.Field("trigger", deploy.trigger_id);
}

void AppendFields(JsonWriter& json, const RollbackTrigger& trigger) {
  json.Field("id", trigger.id).Field("state", NameOf(trigger.state)).Field("service", trigger.service);
  json.Field("deploy", trigger.deploy_id).Field("repo", trigger.repo);
  json.Field("base", trigger.base).Field("commit", trigger.head);
  json.Field("reason", trigger.reason).Field("created_ns", trigger.created_ns);
}

void AppendFields(JsonWriter& json, const HealthResult& result) {
  json.Field("service", result.service).Field("check", result.check).Field("level", NameOf(result.level));
  json.Field("reason", result.reason).Field("detail", result.detail);
  json.Field("at_ns", result.at_ns).Field("took_ns", result.took_ns);
}

void AppendFields(JsonWriter& json, const HealthState& state) {
  if (state.is_asked()) {
    AppendFields(json, state.newest);
    json.Field("since_ns", state.since_ns);
  } else {
    json.Field("service", state.newest.service).Field("check", state.newest.check);
    json.Field("level", NameOf(state.newest.level)).Field("reason", state.newest.reason);
  }
}

void AppendEvidence(JsonWriter& json, const Evidence& evidence) {
  json.BeginObject().Field("signal", evidence.signal);
  if (!evidence.route.empty()) json.Field("route", evidence.route);
  if (!evidence.cohort.empty()) json.Field("cohort", evidence.cohort);
  if (!evidence.group.empty()) json.Field("group", evidence.group);
  json.Field("e_value", evidence.e_value);
  json.Field("e_value_needed", evidence.e_value_needed);
  json.Field("before", evidence.before).Field("before_null", evidence.before_null).Field("after", evidence.after);
  json.Field("effect", evidence.effect).Field("after_low", evidence.after_low).Field("after_high", evidence.after_high);
  json.Field("n_before", evidence.n_before).Field("n_after", evidence.n_after);
  json.Field("x_before", evidence.x_before).Field("x_after", evidence.x_after);
  if (evidence.per_second) json.Field("per_second", true);
  if (evidence.slower_than_ns != 0) json.Field("slower_than_ns", evidence.slower_than_ns);
  if (evidence.onset_ns != 0) json.Field("onset_ns", evidence.onset_ns);
  if (!evidence.control.empty()) {
    json.Field("control", evidence.control).Field("control_e_value", evidence.control_e_value);
    json.Field("control_before", evidence.control_before).Field("control_after", evidence.control_after);
    json.Field("control_n_after", evidence.control_n_after);
  }
  json.EndObject();
}

std::string ToEvent(const Deploy& deploy, TimeNs at_ns) {
  JsonWriter json = Begin("deploy", at_ns, deploy.service, deploy.id);
  json.Field("kind", NameOf(deploy.kind)).Field("repo", deploy.repo).Field("commit", deploy.head);
  json.Field("start_ns", deploy.start_ns);
  if (deploy.finished()) json.Field("finish_ns", deploy.finish_ns);
  if (!deploy.trigger_id.empty()) json.Field("trigger", deploy.trigger_id);
  return json.EndObject().Take();
}

std::string ToEvent(const Verdict& verdict) {
  JsonWriter json = Begin("verdict", verdict.at_ns, verdict.service, verdict.deploy_id);
  AppendVerdict(json, verdict);
  return json.EndObject().Take();
}

std::string ToEvent(const FollowUp& follow_up) {
  const Verdict& verdict = follow_up.verdict;
  JsonWriter json = Begin("follow_up", verdict.at_ns, verdict.service, verdict.deploy_id);
  json.Field("after", FormatDuration(follow_up.after_ns)).Field("due_ns", follow_up.due_ns);
  AppendVerdict(json, verdict);
  return json.EndObject().Take();
}

std::string ToEvent(const Decision& decision) {
  JsonWriter json = Begin("decision", decision.at_ns, decision.service, decision.deploy_id);
  json.Field("decision", NameOf(decision.kind)).Field("reason", decision.reason);
  if (!decision.trigger_id.empty()) json.Field("trigger", decision.trigger_id);
  return json.EndObject().Take();
}

// Its evidence stands in the verdict that it comes of.
std::string ToEvent(const RollbackTrigger& trigger) {
  JsonWriter json = Begin("trigger", trigger.created_ns, trigger.service, trigger.deploy_id);
  json.Field("trigger", trigger.id).Field("state", NameOf(trigger.state)).Field("reason", trigger.reason);
  json.Field("repo", trigger.repo).Field("base", trigger.base).Field("commit", trigger.head);
  return json.EndObject().Take();
}

std::string ToEvent(const Recovery& recovery) {
  JsonWriter json = Begin("recovery", recovery.at_ns, recovery.service, recovery.deploy_id);
  json.Field("trigger", recovery.trigger_id).Field("state", NameOf(recovery.state));
  json.Field("e_value", recovery.e_value).Field("rate_bad", recovery.rate_bad).Field("rate_now", recovery.rate_now);
  return json.Field("n_now", recovery.n_now).EndObject().Take();
}

std::string ToEvent(const Window& window, std::string_view service) {
  constexpr std::array<std::string_view, kStatusClasses> kClassNames = {"1xx", "2xx", "3xx", "4xx", "5xx", "aborted"};
  JsonWriter json = Begin("window", window.second * kSecondNs, service, "");
  for (size_t i = 0; i < kStatusClasses; ++i) json.Field(kClassNames[i], window.by_class[i]);
  return json.Field("bytes", window.bytes).EndObject().Take();
}

std::string ToEvent(const ExecutorEvent& step) {
  JsonWriter json = Begin("step", step.at_ns, step.service, "");
  json.Field("trigger", step.trigger_id).Field("step", step.step).Field("begun", step.begun);
  if (!step.outcome.empty()) json.Field("outcome", step.outcome);
  if (!step.detail.empty()) json.Field("detail", step.detail);
  return json.EndObject().Take();
}

std::string ToEvent(const DeliveryEnd& end) {
  JsonWriter json = Begin("delivery", end.at_ns, "", "");
  json.Field("channel", end.channel).Field("key", end.key).Field("told", end.event).Field("delivered", end.delivered);
  return json.Field("outcome", end.outcome).Field("tries", end.tries).EndObject().Take();
}

Event EventOf(const HealthResult& result) {
  JsonWriter json = Begin("health", result.at_ns, result.service, "");
  json.Field("check", result.check).Field("level", NameOf(result.level)).Field("reason", result.reason);
  json.Field("detail", result.detail).Field("took_ns", result.took_ns).EndObject();
  return {.at_ns = result.at_ns, .kind = "health", .service = result.service, .text = json.Take()};
}

std::string ToEvent(const SourceEvent& event) {
  const bool is_format = event.what == "format";
  JsonWriter json = Begin(is_format ? "format" : "source", event.time_ns, "", "");
  json.Field("source", event.source);
  if (!is_format) json.Field("state", event.what);
  json.Field(is_format ? "format" : "detail", event.detail);
  return json.EndObject().Take();
}

}  // namespace revertd
