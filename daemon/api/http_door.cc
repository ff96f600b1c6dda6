#include "daemon/api/http_door.h"

#include "actions/forge.h"

namespace revertd {
namespace {

// Of another Sentry's answer nothing is read but its head.
constexpr size_t kTeeAnswerBytesMax = size_t{64} * 1024;

StatusOr<std::string> SecretOf(const SecretConfig& secret, std::string_view what) {
  if (!secret.given()) return std::string();
  auto text = ReadSecret(secret);
  if (!text.ok()) return Annotate(text.status(), what);
  // An empty one would be matched by whoever sends nothing.
  if (text->empty()) return FailedPrecondition(std::string(what) + ": the secret is empty");
  return text;
}

}  // namespace

StatusOr<std::unique_ptr<HttpDoor>> HttpDoor::Open(const Config& config, const Board* board, const HealthBoard* health,
                                                   Clock* clock, SentryIntake* intake) {
  const HttpConfig& http = *config.http;
  auto token = SecretOf(http.token, "http.token");
  if (!token.ok()) return token.status();
  auto webhook_secret = SecretOf(http.webhook_secret, "http.webhook_secret");
  if (!webhook_secret.ok()) return webhook_secret.status();
  auto sentry_secret = SecretOf(config.sentry.value_or(SentryConfig{}).webhook_secret, "sentry.webhook_secret");
  if (!sentry_secret.ok()) return sentry_secret.status();
  auto state = StateStore::Open(config.state, StateStore::Access::kInboxOnly);
  if (!state.ok()) return state.status();

  std::unique_ptr<HttpDoor> door(new HttpDoor());
  door->state_ = *std::move(state);
  if (config.sentry && intake != nullptr) REVERTD_RETURN_IF_ERROR(door->OpenSentry(*config.sentry, intake, clock));
  door->api_ = std::make_unique<Api>(
      ApiTools{.config = &config,
               .state = door->state_.get(),
               .clock = clock,
               .board = board,
               .health = health,
               .sentry = door->sentry_.get(),
               .secrets = {*std::move(token), *std::move(webhook_secret), *std::move(sentry_secret)}});
  auto server = HttpServer::Listen(http.listen, http.socket_mode, door->api_.get(), clock);
  if (!server.ok()) return Annotate(server.status(), "http.listen " + ToText(http.listen));
  door->server_ = *std::move(server);
  door->api_->SetCounters(&door->server_->counters());
  return door;
}

Status HttpDoor::OpenSentry(const SentryConfig& config, SentryIntake* intake, Clock* clock) {
  std::vector<TeeTarget> targets;
  for (const SentryProjectConfig& project : config.projects) {
    if (!project.tee.given()) continue;
    const std::string what = "sentry.projects." + project.id + ".tee";
    const auto text = SecretOf(project.tee, what);
    if (!text.ok()) return text.status();
    auto dsn = ParseSentryDsn(*text);
    if (!dsn.ok()) return Annotate(dsn.status(), what);
    targets.push_back({.project = project.id, .dsn = *std::move(dsn)});
  }
  const HttpLimits limits = {
      .connect_timeout = kTeeSendLimit, .total_timeout = kTeeSendLimit, .response_bytes_max = kTeeAnswerBytesMax};
  auto client = std::make_unique<CurlHttpClient>(limits, HttpOptions{.cuts_long_bodies = true, .leaves_lookups = true});
  tee_ = std::make_unique<SentryTee>(std::move(targets), std::move(client), clock, &intake->counters(),
                                     static_cast<size_t>(config.tee_bytes_max));
  sentry_ = std::make_unique<SentryDoor>(config, intake, tee_.get(), clock);
  return OkStatus();
}

HttpDoor::~HttpDoor() {
  if (tee_) tee_->Stop();
  if (server_) server_->Stop();
  if (thread_.joinable()) thread_.join();
}

void HttpDoor::Start() {
  if (tee_) tee_->Start();
  thread_ = std::thread([this] { server_->Run(); });
}

}  // namespace revertd
