#include "tests/daemon/api/api_fixture.h"

#include "base/check.h"

namespace revertd {

ApiTest::ApiTest() {
  config_.state = folder_.Path("state.db");
  config_.guard.kill_switch = folder_.Path("run/kill-switch");
  for (const auto& [name, mode] : {std::pair("checkout", Mode::kPropose), std::pair("catalog", Mode::kAlert)}) {
    ServiceConfig service;
    service.name = name;
    service.repo = "shop";
    service.mode = mode;
    config_.services.push_back(service);
  }
  health_ = std::make_unique<HealthBoard>(config_);
  config_.repos = {{.name = "shop", .url = "git@git.example.com:acme/shop.git"}};
  config_.http.emplace();
  auto owner = StateStore::Open(config_.state, StateStore::Access::kOwner);
  REVERTD_CHECK(owner.ok());
  owner_ = *std::move(owner);
  auto inbox = StateStore::Open(config_.state, StateStore::Access::kInboxOnly);
  REVERTD_CHECK(inbox.ok());
  inbox_ = *std::move(inbox);
  Listen({});
}

void ApiTest::Listen(ApiSecrets secrets, bool is_unix) {
  if (is_unix) config_.http->listen = {ListenAddress::Kind::kUnixStream, folder_.Path("http.sock"), "", 0};
  api_ = std::make_unique<Api>(ApiTools{.config = &config_,
                                        .state = inbox_.get(),
                                        .clock = &clock_,
                                        .board = &board_,
                                        .health = health_.get(),
                                        .sentry = sentry_.get(),
                                        .secrets = std::move(secrets)});
}

void ApiTest::TakeErrors(SentryConfig sentry, ApiSecrets secrets) {
  config_.sentry = std::move(sentry);
  intake_ = std::make_unique<SentryIntake>(config_);
  sentry_ = std::make_unique<SentryDoor>(*config_.sentry, intake_.get(), nullptr, &clock_);
  Listen(std::move(secrets));
}

HttpAnswer ApiTest::AskOpen(std::string_view method, std::string_view target, std::string body, Headers headers) {
  auto parsed = ParseTarget(target);
  EXPECT_TRUE(parsed) << target;
  if (!parsed) return HttpReply{.status = 0};
  HttpCall call;
  call.method = method;
  call.target = target;
  call.path = std::move(parsed->path);
  call.query = std::move(parsed->query);
  call.headers = std::move(headers);
  if (call.Header("host").empty()) call.headers.emplace_back("host", "127.0.0.1:8099");
  const auto admitted = api_->Admit(call);
  if (const HttpReply* refusal = std::get_if<HttpReply>(&admitted)) return *refusal;
  if (body.size() > std::get<size_t>(admitted)) return HttpError(413, "body_too_large", "");
  call.body = std::move(body);
  return api_->Answer(call);
}

HttpReply ApiTest::Ask(std::string_view method, std::string_view target, std::string body, Headers headers) {
  HttpAnswer answer = AskOpen(method, target, std::move(body), std::move(headers));
  const HttpReply* reply = std::get_if<HttpReply>(&answer);
  EXPECT_NE(reply, nullptr) << target << " waits";
  return reply == nullptr ? HttpReply{.status = 0} : *reply;
}

std::vector<InboxMessage> ApiTest::Inbox() const {
  auto messages = owner_->Peek(1000);
  EXPECT_TRUE(messages.ok());
  return messages.ok() ? *std::move(messages) : std::vector<InboxMessage>();
}

Deploy ApiTest::Known(const std::string& id, const std::string& head, bool is_finished) {
  Deploy deploy;
  deploy.id = id;
  deploy.service = "checkout";
  deploy.repo = "shop";
  deploy.head = head;
  deploy.start_ns = clock_.now_ns - kHourNs;
  if (is_finished) deploy.finish_ns = deploy.start_ns + kMinuteNs;
  EXPECT_TRUE(owner_->WriteDeploy(deploy).ok());
  return deploy;
}

void ApiTest::Judge(const Deploy& deploy, VerdictState state, std::string_view reason) {
  Verdict verdict;
  verdict.deploy_id = deploy.id;
  verdict.service = deploy.service;
  verdict.state = state;
  verdict.reason = std::string(reason);
  verdict.at_ns = ++clock_.now_ns;
  EXPECT_TRUE(owner_->WriteVerdict(verdict).ok());
}

}  // namespace revertd
