// What forges and delivery tools tell: proved, understood, kept as an event, and handed on as deploys.
#include "analysis/deploy_registry.h"
#include "base/digest.h"
#include "base/strings.h"
#include "base/time_format.h"
#include "daemon/api/handlers.h"
#include "daemon/api/reply.h"
#include "daemon/doors/deploys_of.h"
#include "daemon/doors/sentry_cli.h"
#include "daemon/doors/told.h"
#include "daemon/doors/webhook.h"
#include "daemon/sentry/sentry_reply.h"
#include "ingest/sentry/sentry_webhook.h"

namespace revertd {
namespace {

// An older deploy's head may be on no branch any more.
constexpr DurationNs kServedBeforeMax = 90 * 24 * kHourNs;

// Sentry's own limits are 250 for a version; projects are a few.
constexpr size_t kSentryWordsMax = 1000;

std::string EventKey(const std::string& delivery) { return "delivery:" + delivery; }

// false: it was taken before.
StatusOr<bool> IsNew(ApiContext& context, const std::string& key) {
  if (!context.IsNewDelivery(key)) return false;
  const auto known = context.state().HasEvent(EventKey(key));
  if (!known.ok()) {
    context.ForgetDelivery(key);
    return known.status();
  }
  return !*known;
}

// What served before is what a deployment replaced: more than its head's first parent, where several commits came.
StatusOr<std::string> ServedBefore(const ApiContext& context, const Deploy& deploy) {
  const auto deploys = context.state().ReadDeploys(deploy.start_ns - kServedBeforeMax);
  if (!deploys.ok()) return deploys.status();
  std::string base;
  for (const Deploy& known : *deploys) {
    const bool served = known.service == deploy.service && known.repo == deploy.repo && known.finished() &&
                        known.finish_ns <= deploy.start_ns;
    if (served && !known.head.empty() && !SameRevision(known.head, deploy.head)) base = known.head;
  }
  return base;
}

InboxMessage MessageOf(const Deploy& deploy, bool is_abandoned, TimeNs now) {
  InboxMessage message;
  message.kind = is_abandoned ? InboxMessage::Kind::kDeployAbandon : InboxMessage::Kind::kDeployStart;
  message.deploy = deploy;
  if (is_abandoned) {
    message.deploy.finish_ns = now;
    message.text = "told so by what deployed it";
  }
  return message;
}

InboxMessage EventMessage(const Told& told, const ToldDeploys& deploys, const std::string& key, TimeNs now) {
  InboxMessage message;
  message.kind = InboxMessage::Kind::kEvent;
  Event& event = message.event;
  event.at_ns = told.at_ns != 0 ? told.at_ns : now;
  event.kind = NameOf(told.kind);
  if (deploys.deploys.size() == 1) event.service = deploys.deploys.front().service;
  event.repo = deploys.repo;
  event.commit = told.commit;
  event.key = EventKey(key);
  event.text = EventText(told);
  return message;
}

// All of it, or nothing.
Status PostAll(ApiContext& context, const Told& told, const ToldDeploys& deploys, const std::string& key) {
  const TimeNs now = context.Now();
  const TimeNs at_ns = told.at_ns != 0 ? told.at_ns : now;
  return context.state().Together([&]() -> Status {
    for (const Deploy& deploy : deploys.deploys) {
      REVERTD_RETURN_IF_ERROR(context.state().Post(MessageOf(deploy, deploys.abandoned, at_ns)));
    }
    return context.state().Post(EventMessage(told, deploys, key, now));
  });
}

Status FillBases(const ApiContext& context, ToldDeploys* told) {
  for (Deploy& deploy : told->deploys) {
    if (told->abandoned || !deploy.base.empty() || deploy.head.empty()) continue;
    auto base = ServedBefore(context, deploy);
    if (!base.ok()) return base.status();
    deploy.base = *std::move(base);
  }
  return OkStatus();
}

// Ok with what it told of, where it is new.
StatusOr<std::optional<ToldDeploys>> TakeTold(ApiContext& context, const Told& told, const std::string& key) {
  const auto is_new = IsNew(context, key);
  if (!is_new.ok()) return is_new.status();
  if (!*is_new) return std::optional<ToldDeploys>();
  ToldDeploys deploys = DeploysOf(told, context.config(), context.Now());
  Status status = FillBases(context, &deploys);
  if (status.ok()) status = PostAll(context, told, deploys, key);
  if (!status.ok()) {
    context.ForgetDelivery(key);  // whoever sends it again is to be heard
    return status;
  }
  return std::optional(std::move(deploys));
}

std::string_view StateOf(const Deploy& deploy, bool is_abandoned) {
  if (is_abandoned) return "abandoned";
  return deploy.finished() ? "finished" : "started";
}

HttpReply DeliveryReply(const Told& told, const ToldDeploys& deploys) {
  JsonWriter json;
  json.BeginObject().Key("told").Raw(EventText(told)).Key("deploys").BeginArray();
  for (const Deploy& deploy : deploys.deploys) {
    json.BeginObject().Field("service", deploy.service).Field("commit", deploy.head);
    json.Field("state", StateOf(deploy, deploys.abandoned)).EndObject();
  }
  json.EndArray();
  if (!deploys.not_a_deploy.empty()) json.Field("not_a_deploy", deploys.not_a_deploy);
  return JsonReply(json.EndObject().Take(), deploys.deploys.empty() ? 200 : 202);
}

// A webhook of Sentry's as an event for people.
InboxMessage HookMessage(const SentryHook& hook, const std::string& service, const std::string& key, TimeNs now) {
  InboxMessage message;
  message.kind = InboxMessage::Kind::kEvent;
  Event& event = message.event;
  event.at_ns = hook.event && hook.event->at_ns != 0 ? hook.event->at_ns : now;
  event.kind = "sentry_hook";
  event.service = service;
  event.key = EventKey(key);
  JsonWriter json;
  json.BeginObject().Field("event", event.kind).Field("time_ns", event.at_ns);
  for (const auto& [name, text] : {std::pair("service", &service), std::pair("resource", &hook.resource),
                                   std::pair("action", &hook.action), std::pair("title", &hook.words)}) {
    if (!text->empty()) json.Field(name, *text);
  }
  if (hook.event) json.Field("event_id", hook.event->event_id);
  event.text = json.EndObject().Take();
  return message;
}

// Ok with a reply: why it was not taken.
StatusOr<std::optional<HttpReply>> TakeHook(ApiContext& context, const SentryHook& hook, const std::string& key) {
  const auto is_new = IsNew(context, key);
  if (!is_new.ok()) return is_new.status();
  if (!*is_new) return std::optional(HttpError(409, "replayed_delivery", "this body was delivered before"));
  SentryDoor& door = *context.tools().sentry;
  std::string service;
  if (hook.event) {
    const ErrorEvent& event = *hook.event;
    service = door.services().ServiceOf(
        {.project = event.project, .server_name = event.server_name, .tag = event.service_tag});
    if (!door.TakeHookEvent(event)) {
      context.ForgetDelivery(key);
      return std::optional(SentryWait(SentryDoor::kWait));
    }
  }
  CountOne(door.counters().hooks);
  if (Status status = context.state().Post(HookMessage(hook, service, key, context.Now())); !status.ok()) {
    context.ForgetDelivery(key);  // the event is known by its id when the hook is sent again
    return status;
  }
  return std::optional<HttpReply>();
}

HttpReply RefusalReply(const Refused& refused) { return HttpError(refused.status, refused.code, refused.words); }

HttpReply TakeDelivery(ApiContext& context, std::string_view source, const HttpCall& call) {
  const std::string& secret = context.tools().secrets.webhook_secret;
  const auto read = ReadDelivery(source, call.headers, call.body, secret, context.Now());
  if (const Refused* refused = std::get_if<Refused>(&read)) return RefusalReply(*refused);
  const WebhookDelivery& delivery = std::get<WebhookDelivery>(read);
  const auto deploys = TakeTold(context, delivery.told, delivery.key);
  if (!deploys.ok()) return StatusReply(deploys.status());
  if (!deploys->has_value()) return HttpError(409, "replayed_delivery", "this body was delivered before");
  return DeliveryReply(delivery.told, **deploys);
}

// As Sentry answers its own tool: by what it was sent.
HttpReply SentryReply(const Told& told, bool is_new_thing, TimeNs now) {
  JsonWriter json;
  json.BeginObject();
  if (told.kind == ToldKind::kDeployment) {
    json.Field("id", "1").Field("environment", told.environment).Field("name", told.title).Field("url", told.url);
    json.Field("dateFinished", FormatRfc3339(told.finished_ns != 0 ? told.finished_ns : now));
  } else {
    json.Field("version", told.version).Field("ref", told.commit).Key("projects").BeginArray();
    for (const std::string_view name : Split(told.name, ',')) {
      json.BeginObject().Field("slug", name).Field("name", name).EndObject();
    }
    json.EndArray().Field("dateCreated", FormatRfc3339(now)).Field("newGroups", 0);
  }
  return JsonReply(json.EndObject().Take(), is_new_thing ? 201 : 200);
}

HttpReply TakeSentryCall(ApiContext& context, const HttpCall& call) {
  Headers headers = call.headers;
  headers.emplace_back(":method", call.method);
  headers.emplace_back(":path", call.target);
  auto read = ReadDelivery("sentry", headers, call.body, "", context.Now());
  if (const Refused* refused = std::get_if<Refused>(&read)) return RefusalReply(*refused);
  WebhookDelivery& delivery = std::get<WebhookDelivery>(read);
  Told& told = delivery.told;
  if (told.version.size() > kSentryWordsMax || told.name.size() > kSentryWordsMax) {
    return HttpError(400, "bad_request",
                     "a version and its projects have at most " + std::to_string(kSentryWordsMax) + " bytes");
  }
  if (told.kind == ToldKind::kRelease) context.RememberRelease(told);
  const Told* release = told.kind == ToldKind::kDeployment ? context.FindRelease(told.version) : nullptr;
  if (release != nullptr) FillFromRelease(*release, &told);
  // A call that is made again says the same again, and is answered the same.
  const auto deploys = TakeTold(context, told, delivery.key);
  if (!deploys.ok()) return StatusReply(deploys.status());
  return SentryReply(told, call.method == "POST", context.Now());
}

}  // namespace

HttpAnswer TakeWebhook(ApiContext& context, const HttpCall& call, const PathWords& words) {
  if (words[0] != "github" && words[0] != "gitlab" && words[0] != "gitea" && words[0] != "flux") {
    return HttpError(404, "not_found", "webhooks are github's, gitlab's, gitea's, flux's, argocd's and sentry's");
  }
  if (context.tools().secrets.webhook_secret.empty()) {
    return HttpError(403, "no_webhook_secret", "http.webhook_secret is not configured: nothing can be proved");
  }
  // Gitea and Forgejo speak as GitHub does.
  return TakeDelivery(context, words[0] == "gitea" ? "github" : words[0], call);
}

HttpAnswer TakeArgoCd(ApiContext& context, const HttpCall& call, const PathWords& /*words*/) {
  return TakeDelivery(context, "argocd", call);
}

HttpAnswer TakeSentry(ApiContext& context, const HttpCall& call, const PathWords& /*words*/) {
  return TakeSentryCall(context, call);
}

HttpAnswer TakeSentryHook(ApiContext& context, const HttpCall& call, const PathWords& /*words*/) {
  if (context.tools().sentry == nullptr) return HttpError(404, "not_found", "sentry is not configured");
  // Unsigned, its caller has shown the token (routes.h).
  const std::string_view signature = call.Header("sentry-hook-signature");
  const std::string& secret = context.tools().secrets.sentry_secret;
  if (!signature.empty() && secret.empty()) {
    return HttpError(403, "no_webhook_secret", "sentry.webhook_secret is not configured: nothing can be proved");
  }
  if (!signature.empty() && !EqualInConstantTime(signature, HmacSha256Hex(secret, call.body))) {
    return HttpError(401, "wrong_signature", "the signature is not of this body and our secret");
  }
  // The resource is not signed: it says no more than how the body is read.
  const auto hook =
      ReadSentryHook(call.Header("sentry-hook-resource"), call.body, context.tools().sentry->ReadOptions());
  if (!hook.ok()) return HttpError(400, "unreadable", MessageOf(hook.status()));
  if (hook->event) {
    if (auto stale = WhyStale(hook->event->at_ns, context.Now())) return RefusalReply(*stale);
  }
  const auto refusal = TakeHook(context, *hook, Sha256Hex("sentry_hook\n" + call.body));
  if (!refusal.ok()) return StatusReply(refusal.status());
  if (refusal->has_value()) return **refusal;
  JsonWriter json;
  json.BeginObject().Field("resource", hook->resource).Field("action", hook->action);
  return JsonReply(json.Field("event", hook->event.has_value()).EndObject().Take());
}

// `sentry-cli releases set-commits` names a repository that Sentry must know.
HttpAnswer ListSentryRepos(ApiContext& context, const HttpCall& /*call*/, const PathWords& /*words*/) {
  JsonWriter json;
  json.BeginArray();
  for (const RepoConfig& repo : context.config().repos) {
    json.BeginObject().Field("id", repo.name).Field("name", repo.forge ? repo.forge->repository : repo.name);
    json.Key("provider").BeginObject().Field("id", "git").Field("name", "git").EndObject();
    json.Field("status", "active").Field("dateCreated", FormatRfc3339(context.Now())).EndObject();
  }
  return JsonReply(json.EndArray().Take());
}

}  // namespace revertd
