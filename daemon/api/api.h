// Api: the HTTP server's handler: who asks, may they, and whose question it is.
//
// Thread contract: the HTTP server's thread alone.
#pragma once

#include "daemon/api/context.h"
#include "daemon/api/routes.h"
#include "daemon/http/http_call.h"

namespace revertd {

class Api final : public HttpHandler {
 public:
  explicit Api(ApiTools tools) : context_(std::move(tools)) {}

  // Of the server that asks, for the metrics.
  void SetCounters(const HttpCounters* counters) { context_.SetCounters(counters); }
  std::variant<size_t, HttpReply> Admit(const HttpCall& head) override;
  // SDKs compress what they send, and Sentry takes it: so does the door that stands in its place.
  bool TakesEncoded(const HttpCall& head) override;
  HttpAnswer Answer(const HttpCall& call) override;

 private:
  std::optional<HttpReply> Refuse(const ApiRoute& route, const HttpCall& head) const;

  ApiContext context_;
};

}  // namespace revertd
