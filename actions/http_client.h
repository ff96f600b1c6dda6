// HttpClient: one HTTP request to a forge, a notification channel or a service's health check, and its whole answer.
// CurlHttpClient is the real one, and the one place that knows libcurl; tests put their own in its place.
//
// Thread contract: one object, one thread. Redirects are never followed: a token must not travel to another host.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "actions/http_failure.h"
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
  bool body_cut = false;   // HttpOptions::cuts_long_bodies: the body is the beginning of a longer one
  DurationNs took_ns = 0;  // of the whole exchange
  std::optional<TimeNs> certificate_end_ns = std::nullopt;  // HttpOptions::reads_certificate: of the server's own

  // The first header of that (lower-case) name; empty: none.
  std::string_view Header(std::string_view name) const;
};

// What is known of an exchange that gave no answer.
struct NoAnswer {
  HttpFailure failure = HttpFailure::kNoAnswer;
  DurationNs took_ns = 0;
  std::optional<TimeNs> certificate_end_ns = std::nullopt;  // as in HttpResponse; also of one that is not trusted
};

class HttpClient {
 public:
  virtual ~HttpClient() = default;
  // Unavailable: no answer (refused, cut, timed out, TLS); whether the request took effect is not known.
  // FailedPrecondition: the answer is longer than the limit, or the URL is none. Any status code is an answer.
  virtual StatusOr<HttpResponse> Send(const HttpRequest& request) = 0;
  // Connects as a Send to `url` would, a proxy's tunnel and TLS included, and asks nothing. Unavailable: there is no
  // connection. FailedPrecondition: the URL is none. A client without a wire has nothing that could fail.
  virtual Status Reach(const std::string& url) {
    static_cast<void>(url);
    return OkStatus();
  }
  // Of the newest Send or Reach that failed.
  virtual NoAnswer no_answer() const { return {}; }
};

struct HttpLimits {
  DurationNs connect_timeout = 5 * kSecondNs;  // also of a whole Reach
  DurationNs total_timeout = 20 * kSecondNs;   // of the whole exchange, however slowly it drips
  size_t response_bytes_max = size_t{4} * 1024 * 1024;
};

// What a health check or a channel needs and a forge does not.
struct HttpOptions {
  bool cuts_long_bodies = false;   // at the limit, where the transfer ends; otherwise a longer answer is a failure
  bool reads_certificate = false;  // which takes a whole TLS handshake each time
  // The total timeout holds also while a name is looked up: the look-up's thread is left to end by itself.
  bool leaves_lookups = false;
  bool direct = false;       // whatever proxy the environment names, it is not used
  std::string ca_file = {};  // trusted instead of the system's
};

class CurlHttpClient final : public HttpClient {
 public:
  explicit CurlHttpClient(HttpLimits limits = {}, HttpOptions options = {});
  ~CurlHttpClient() override;
  CurlHttpClient(const CurlHttpClient&) = delete;
  CurlHttpClient& operator=(const CurlHttpClient&) = delete;

  StatusOr<HttpResponse> Send(const HttpRequest& request) override;
  Status Reach(const std::string& url) override;
  NoAnswer no_answer() const override { return no_answer_; }

 private:
  struct Handle;
  Status Failed(Status status, HttpFailure failure);

  const HttpLimits limits_;
  const HttpOptions options_;
  NoAnswer no_answer_;
  std::unique_ptr<Handle> handle_;
};

// `text` as one component of a path or a value of a query: everything but letters, digits and -._~ becomes %XX.
std::string UrlEncode(std::string_view text);

}  // namespace revertd
