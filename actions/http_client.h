// HttpClient: one HTTP request to a forge or a notification channel, and its whole answer. CurlHttpClient is the real
// one, and the one place that knows libcurl; tests put their own in its place.
//
// Thread contract: one object, one thread. Redirects are never followed: a token must not travel to another host.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/status.h"

namespace revertd {

struct HttpRequest {
  std::string method = "GET";
  std::string url;                                           // http:// or https://
  std::vector<std::pair<std::string, std::string>> headers;  // name, value
  std::string body;
};

struct HttpResponse {
  int status = 0;                                            // 100 to 599
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case, in the order received
  std::string body;

  // The first header of that (lower-case) name; empty: none.
  std::string_view Header(std::string_view name) const;
};

class HttpClient {
 public:
  virtual ~HttpClient() = default;
  // Unavailable: no answer (refused, cut, timed out, TLS); whether the request took effect is not known.
  // FailedPrecondition: the answer is longer than the limit, or the URL is none. Any status code is an answer.
  virtual StatusOr<HttpResponse> Send(const HttpRequest& request) = 0;
};

struct HttpLimits {
  DurationNs connect_timeout = 5 * kSecondNs;
  DurationNs total_timeout = 20 * kSecondNs;  // of the whole exchange, however slowly it drips
  size_t response_bytes_max = size_t{4} * 1024 * 1024;
};

class CurlHttpClient final : public HttpClient {
 public:
  explicit CurlHttpClient(HttpLimits limits = {});
  ~CurlHttpClient() override;
  CurlHttpClient(const CurlHttpClient&) = delete;
  CurlHttpClient& operator=(const CurlHttpClient&) = delete;

  StatusOr<HttpResponse> Send(const HttpRequest& request) override;

 private:
  struct Handle;
  const HttpLimits limits_;
  std::unique_ptr<Handle> handle_;
};

// `text` as one component of a path or a value of a query: everything but letters, digits and -._~ becomes %XX.
std::string UrlEncode(std::string_view text);

}  // namespace revertd
