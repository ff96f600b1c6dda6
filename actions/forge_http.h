// ForgeHttp: one request to a forge's API, and its answer or its refusal as a Status (actions/forge.h says which code
// for which). The one place that knows the token; no message has it.
//
// Thread contract: one object, one thread; waits for the answer.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "actions/http_client.h"
#include "base/clock.h"
#include "base/status.h"

namespace revertd {

// How a forge is told who asks, and what else it wants said.
struct ForgeHeaders {
  std::vector<std::pair<std::string, std::string>> fixed;
  std::string token_header;
  std::string token_prefix;
};

class ForgeHttp {
 public:
  // `api`: a URL without a slash at its end. `http` must outlive this.
  ForgeHttp(std::string api, ForgeHeaders headers, std::string token, HttpClient* http);

  // `path`: below the API's URL, with its query. `json`: empty, no body. The answer's body where its status is 2xx.
  StatusOr<std::string> Get(const std::string& path) { return Send("GET", path, ""); }
  StatusOr<std::string> Post(const std::string& path, std::string json) { return Send("POST", path, std::move(json)); }
  StatusOr<std::string> Put(const std::string& path, std::string json) { return Send("PUT", path, std::move(json)); }
  StatusOr<std::string> Patch(const std::string& path, std::string json) {
    return Send("PATCH", path, std::move(json));
  }
  StatusOr<std::string> Send(const std::string& method, const std::string& path, std::string json);
  // As Send, and a refusal's own answer too.
  StatusOr<HttpResponse> Exchange(const std::string& method, const std::string& path, std::string json);
  // The refusal in `response`, which answered that request; ok: it is none.
  Status Judge(const std::string& method, const std::string& path, const HttpResponse& response) const;
  // Words of the forge's, bounded, printable, quoted, and without the token; empty: none.
  std::string Shown(std::string_view words) const;

 private:
  const std::string api_;
  const ForgeHeaders headers_;
  const std::string token_;
  HttpClient* const http_;
  const SystemClock clock_;  // only to tell how far off GitHub's x-ratelimit-reset is
};

// What ends a message whose forge asked to wait; RetryAfter of actions/forge.h reads it.
std::string AskedToWaitWords(DurationNs wait);

// "group/name" with each part encoded.
std::string EncodePath(std::string_view path);

}  // namespace revertd
