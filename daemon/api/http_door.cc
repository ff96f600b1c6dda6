#include "daemon/api/http_door.h"

#include "actions/forge.h"

namespace revertd {
namespace {

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
                                                   Clock* clock) {
  const HttpConfig& http = *config.http;
  auto token = SecretOf(http.token, "http.token");
  if (!token.ok()) return token.status();
  auto webhook_secret = SecretOf(http.webhook_secret, "http.webhook_secret");
  if (!webhook_secret.ok()) return webhook_secret.status();
  auto state = StateStore::Open(config.state, StateStore::Access::kInboxOnly);
  if (!state.ok()) return state.status();

  std::unique_ptr<HttpDoor> door(new HttpDoor());
  door->state_ = *std::move(state);
  door->api_ = std::make_unique<Api>(ApiTools{.config = &config,
                                              .state = door->state_.get(),
                                              .clock = clock,
                                              .board = board,
                                              .health = health,
                                              .secrets = {*std::move(token), *std::move(webhook_secret)}});
  auto server = HttpServer::Listen(http.listen, http.socket_mode, door->api_.get(), clock);
  if (!server.ok()) return Annotate(server.status(), "http.listen " + ToText(http.listen));
  door->server_ = *std::move(server);
  door->api_->SetCounters(&door->server_->counters());
  return door;
}

HttpDoor::~HttpDoor() {
  if (server_) server_->Stop();
  if (thread_.joinable()) thread_.join();
}

void HttpDoor::Start() {
  thread_ = std::thread([this] { server_->Run(); });
}

}  // namespace revertd
