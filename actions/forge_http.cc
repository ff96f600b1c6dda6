#include "actions/forge_http.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "actions/forge.h"
#include "actions/forge_json.h"
#include "base/strings.h"

namespace revertd {
namespace {

constexpr size_t kWordsMax = 400;              // bytes of the forge's own words that we repeat
constexpr DurationNs kWaitMax = 24 * kHourNs;  // a forge that asks for more does not silence us for a year
constexpr std::string_view kWaitOpening = " (asked to wait ";
constexpr std::string_view kWaitEnd = " s)";

// GitHub tells its limits with 403 too; the headers are missing where a secondary limit is hit, the words are not.
bool IsRateLimit(const HttpResponse& response, const std::string& words) {
  return response.status == 429 || (response.status == 403 && (!response.Header("retry-after").empty() ||
                                                               response.Header("x-ratelimit-remaining") == "0" ||
                                                               ToLower(words).find("rate limit") != std::string::npos));
}

Status Refuse(const HttpResponse& response, const std::string& words, const std::string& message, TimeNs now) {
  const int status = response.status;
  if (IsRateLimit(response, words) || status == 408 || status >= 500) {
    const std::optional<DurationNs> wait = AskedToWait(response, now);
    return Unavailable(message + (wait ? AskedToWaitWords(*wait) : ""));
  }
  if (status == 401 || status == 403) return absl::PermissionDeniedError(message);
  if (status == 404) return NotFound(message);
  if (status >= 300) return FailedPrecondition(message);
  return Internal(message);  // 1xx as the final word
}

}  // namespace

ForgeHttp::ForgeHttp(std::string api, ForgeHeaders headers, std::string token, HttpClient* http)
    : api_(std::move(api)), headers_(std::move(headers)), token_(std::move(token)), http_(http) {}

StatusOr<std::string> ForgeHttp::Send(const std::string& method, const std::string& path, std::string json) {
  StatusOr<HttpResponse> response = Exchange(method, path, std::move(json));
  if (!response.ok()) return response.status();
  REVERTD_RETURN_IF_ERROR(Judge(method, path, *response));
  return std::move(response->body);
}

StatusOr<HttpResponse> ForgeHttp::Exchange(const std::string& method, const std::string& path, std::string json) {
  HttpRequest request;
  request.method = method;
  request.url = api_ + path;
  request.headers = headers_.fixed;
  request.headers.emplace_back(headers_.token_header, headers_.token_prefix + token_);
  if (!json.empty()) request.headers.emplace_back("Content-Type", "application/json");
  request.body = std::move(json);
  StatusOr<HttpResponse> response = http_->Send(request);
  if (!response.ok()) return Annotate(response.status(), method + " " + path);
  return response;
}

Status ForgeHttp::Judge(const std::string& method, const std::string& path, const HttpResponse& response) const {
  if (response.status >= 200 && response.status < 300) return OkStatus();
  const std::string words = WordsOfRefusal(response.body);
  std::string message = method + " " + path + " was answered with " + std::to_string(response.status);
  if (response.status >= 300 && response.status < 400) message += " (redirects are not followed)";
  const std::string shown = Shown(words.empty() ? response.body : words);
  if (!shown.empty()) message += ": " + shown;
  return Refuse(response, words, message, clock_.Now());
}

std::string ForgeHttp::Shown(std::string_view words) const {
  std::string shown(words.substr(0, 10 * kWordsMax));
  // A cut that left half of the token would show that half: first out, then cut. What is cut off above is far behind.
  for (size_t at = shown.find(token_); !token_.empty() && at != std::string::npos; at = shown.find(token_, at)) {
    constexpr std::string_view kInstead = "[token]";
    shown.replace(at, token_.size(), kInstead);
    at += kInstead.size();
  }
  shown = Printable(Trim(std::string_view(shown).substr(0, kWordsMax)));
  return shown.empty() ? shown : "\"" + shown + "\"";
}

std::string AskedToWaitWords(DurationNs wait) {
  return std::string(kWaitOpening) + std::to_string(wait / kSecondNs) + std::string(kWaitEnd);
}

std::optional<DurationNs> RetryAfter(const Status& status) {
  // Words of the forge's stand in quotes, so that none of them ends a message like this.
  std::string_view message = MessageOf(status);
  if (!absl::IsUnavailable(status) || !message.ends_with(kWaitEnd)) return std::nullopt;
  message.remove_suffix(kWaitEnd.size());  // first: its blank may be the opening's last one too
  const size_t at = message.rfind(kWaitOpening);
  if (at == std::string_view::npos) return std::nullopt;
  const std::optional<uint64_t> seconds = ParseUnsigned(message.substr(at + kWaitOpening.size()));
  if (!seconds || *seconds > static_cast<uint64_t>(kWaitMax / kSecondNs)) return std::nullopt;
  return static_cast<DurationNs>(*seconds) * kSecondNs;
}

std::optional<DurationNs> AskedToWait(const HttpResponse& response, TimeNs now_ns) {
  const auto bounded = [](uint64_t seconds) {
    return static_cast<DurationNs>(std::min<uint64_t>(seconds, kWaitMax / kSecondNs)) * kSecondNs;
  };
  if (const auto seconds = ParseUnsigned(response.Header("retry-after"))) return bounded(*seconds);
  // GitHub sends the reset with every answer; it is a request to wait only once nothing remains.
  const std::string_view remaining = response.Header("x-ratelimit-remaining");
  const auto reset = ParseUnsigned(response.Header("x-ratelimit-reset"));
  if (!reset || (!remaining.empty() && remaining != "0")) return std::nullopt;
  const auto now = static_cast<uint64_t>(std::max<int64_t>(0, FloorToSecond(now_ns)));
  return bounded(*reset > now ? *reset - now : 0);
}

std::string EncodePath(std::string_view path) {
  std::vector<std::string> parts;
  for (const std::string_view part : Split(path, '/')) parts.push_back(UrlEncode(part));
  return Join(parts, "/");
}

}  // namespace revertd
