#include "actions/health_probe.h"

#include <algorithm>
#include <utility>

#include "actions/forge.h"
#include "base/strings.h"

namespace revertd {
namespace {

std::unique_ptr<HttpClient> ClientOf(const HealthCheckConfig& check) {
  return std::make_unique<CurlHttpClient>(HttpLimits{.connect_timeout = check.timeout,
                                                     .total_timeout = check.timeout,
                                                     .response_bytes_max = static_cast<size_t>(check.body_bytes_max)},
                                          HttpOptions{.cuts_long_bodies = true,
                                                      .reads_certificate = check.url.starts_with("https://"),
                                                      .leaves_lookups = true,
                                                      .direct = true,  // a proxy's fault is not the service's
                                                      .ca_file = check.ca_file});
}

HttpRequest RequestOf(const HealthCheckConfig& check, const std::string& token) {
  HttpRequest request;
  request.method = check.method;
  request.url = check.url;
  request.headers = check.headers;
  if (check.kind == HealthCheckConfig::Kind::kPrometheus) {
    request.url += "/api/v1/query?query=" + UrlEncode(check.query);
  }
  if (!token.empty()) request.headers.emplace_back("Authorization", "Bearer " + token);
  return request;
}

}  // namespace

StatusOr<std::unique_ptr<HealthProbe>> HealthProbe::Make(std::string service, HealthCheckConfig config,
                                                         std::unique_ptr<HttpClient> http) {
  if (http == nullptr) http = ClientOf(config);
  StatusOr<HealthJudge> judge = HealthJudge::Make(std::move(config));
  if (!judge.ok()) return judge.status();
  return std::unique_ptr<HealthProbe>(new HealthProbe(std::move(service), *std::move(judge), std::move(http)));
}

HealthResult HealthProbe::Ask(TimeNs now) {
  const HealthCheckConfig& check = config();
  HealthResult result = {.service = service_, .check = check.name, .reason = {}, .detail = {}, .at_ns = now};
  const auto found = [&result](HealthFinding finding) {
    result.level = finding.level;
    result.reason = std::move(finding.reason);
    result.detail = std::move(finding.detail);
    return result;
  };
  std::string token;
  if (check.token.given()) {  // anew each time, so that a rotated one is taken up
    const StatusOr<std::string> read = ReadSecret(check.token);
    const bool is_one_word =
        read.ok() && std::all_of(read->begin(), read->end(), [](char c) { return c > ' ' && c < '\x7f'; });
    if (!is_one_word) {
      const std::string why = read.ok() ? "the token is not one word of ASCII" : Printable(MessageOf(read.status()));
      return found({.level = HealthLevel::kUnknown, .reason = "token_unreadable", .detail = why});
    }
    token = *read;
  }
  const StatusOr<HttpResponse> response = http_->Send(RequestOf(check, token));
  if (response.ok()) {
    result.took_ns = response->took_ns;
    return found(judge_.Judge(*response, token, now));
  }
  const NoAnswer no_answer = http_->no_answer();
  result.took_ns = no_answer.took_ns;
  return found(judge_.JudgeNoAnswer(no_answer, MessageOf(response.status()), now));
}

}  // namespace revertd
