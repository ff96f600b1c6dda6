#include "actions/health_check.h"

#include <algorithm>

#include "actions/health_json.h"
#include "actions/health_prometheus.h"
#include "base/json_pointer.h"
#include "base/strings.h"
#include "base/time_format.h"

namespace revertd {
namespace {

constexpr DurationNs kDayNs = 24 * kHourNs;
constexpr size_t kReasonBytesMax = 80;

// The beginning of what others said. The token goes before the cut: the half of one would be shown otherwise.
std::string Shown(std::string_view text, std::string_view token) {
  std::string shown;
  while (!text.empty() && shown.size() < kShownBytesMax) {
    const bool is_token = !token.empty() && text.starts_with(token);
    shown += is_token ? '*' : text.front();
    text.remove_prefix(is_token ? token.size() : 1);
  }
  return "\"" + Printable(shown) + "\"" + (text.empty() ? "" : "...");
}

// `kind` and what of `name` may stand in a reason: "header" and "content-type" are header_content_type.
std::string ReasonOf(std::string_view kind, std::string_view name) {
  std::string reason(kind);
  bool apart = true;
  for (const char c : ToLower(name)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (plain && apart) reason += '_';
    if (plain) reason += c;
    apart = !plain;
  }
  return reason.substr(0, kReasonBytesMax);
}

std::string ExpectedText(const TextRule& rule) {
  return rule.equals ? Shown(*rule.equals, "") : "a match of " + Shown(rule.matches.value_or(""), "");
}

// equal: of a text that is there, by the caller's own idea of equality.
bool Fits(const TextRule& rule, const std::optional<Pattern>& matches, bool equal, std::string_view text) {
  return rule.equals ? equal : !matches || matches->FindsIn(text);
}

std::string RangeText(const std::optional<double>& min, const std::optional<double>& max) {
  constexpr int kDigits = 6;
  if (!min && !max) return "any number";
  if (!max) return "at least " + FormatNumber(*min, kDigits);
  if (!min) return "at most " + FormatNumber(*max, kDigits);
  return FormatNumber(*min, kDigits) + " to " + FormatNumber(*max, kDigits);
}

bool IsBelow(double number, const std::optional<double>& min) { return min && number < *min; }
bool IsAbove(double number, const std::optional<double>& max) { return max && number > *max; }

std::string StatusesText(const std::vector<std::pair<int, int>>& statuses) {
  std::vector<std::string> texts;
  texts.reserve(statuses.size());
  for (const auto& [first, last] : statuses) {
    texts.push_back(std::to_string(first) + (first == last ? "" : "-" + std::to_string(last)));
  }
  return Join(texts, ", ");
}

std::string MillisecondsText(DurationNs duration) { return std::to_string(duration / kMillisecondNs) + "ms"; }

// Failures that the service has no part in: no news of it.
bool IsOurs(HttpFailure failure) {
  switch (failure) {
    case HttpFailure::kNameNotResolved:
    case HttpFailure::kNetworkUnreachable:
    case HttpFailure::kProxyFailed:
    case HttpFailure::kCaFileUnreadable:
    case HttpFailure::kNotSent: return true;
    case HttpFailure::kNoAnswer:
    case HttpFailure::kTimedOut:
    case HttpFailure::kConnectionRefused:
    case HttpFailure::kNotConnected:
    case HttpFailure::kConnectionCut:
    case HttpFailure::kTlsFailed:
    case HttpFailure::kCertificateUntrusted:
    case HttpFailure::kNotHttp:
    case HttpFailure::kAnswerTooLong: break;
  }
  return false;
}

HealthFinding Unknown(std::string reason, std::string detail) {
  return {.level = HealthLevel::kUnknown, .reason = std::move(reason), .detail = std::move(detail)};
}

HealthFinding Ok(std::string detail) {
  return {.level = HealthLevel::kOk, .reason = "ok", .detail = std::move(detail)};
}

StatusOr<std::optional<Pattern>> CompileIfGiven(const std::optional<std::string>& expression) {
  if (!expression) return std::optional<Pattern>();
  StatusOr<Pattern> compiled = Pattern::Compile(*expression);
  if (!compiled.ok()) return compiled.status();
  return std::optional<Pattern>(*std::move(compiled));
}

}  // namespace

StatusOr<HealthJudge> HealthJudge::Make(HealthCheckConfig check) {
  HealthJudge judge(std::move(check));
  const HealthExpectation& expect = judge.check_.expect;
  for (const HeaderRule& rule : expect.headers) {
    auto compiled = CompileIfGiven(rule.value.matches);
    if (!compiled.ok()) return compiled.status();
    judge.header_matches_.push_back(*std::move(compiled));
  }
  if (!expect.body_matches.empty()) {
    auto compiled = CompileIfGiven(expect.body_matches);
    if (!compiled.ok()) return compiled.status();
    judge.body_matches_ = *std::move(compiled);
  }
  for (const JsonRule& rule : expect.json) {
    auto pointer = ParseJsonPointer(rule.pointer);
    if (!pointer.ok()) return pointer.status();
    auto compiled = CompileIfGiven(rule.value.matches);
    if (!compiled.ok()) return compiled.status();
    judge.json_.push_back({.pointer = *std::move(pointer), .matches = *std::move(compiled)});
  }
  return judge;
}

HealthFinding HealthJudge::Failed(std::string reason, std::string detail) const {
  return {.level = check_.fatal ? HealthLevel::kFatal : HealthLevel::kWarn,
          .reason = std::move(reason),
          .detail = std::move(detail)};
}

bool HealthJudge::LooksIntoBody() const {
  return !check_.expect.body_contains.empty() || body_matches_ || !json_.empty();
}

HealthFinding HealthJudge::Judge(const HttpResponse& response, std::string_view token, TimeNs now) const {
  if (check_.kind == HealthCheckConfig::Kind::kPrometheus) return OfPrometheus(response, token);
  if (Finding finding = CheckStatus(response, token)) return *std::move(finding);
  if (Finding finding = CheckHeaders(response, token)) return *std::move(finding);
  if (Finding finding = CheckBody(response, token)) return *std::move(finding);
  if (Finding finding = CheckJson(response, token)) return *std::move(finding);
  if (Finding finding = CheckTimes(response, now)) return *std::move(finding);
  return Ok("status " + std::to_string(response.status) + " in " + MillisecondsText(response.took_ns));
}

HealthFinding HealthJudge::JudgeNoAnswer(const NoAnswer& no_answer, std::string_view error, TimeNs now) const {
  std::string reason(NameOf(no_answer.failure));
  std::string detail = Printable(error.substr(0, kShownBytesMax));
  if (no_answer.failure == HttpFailure::kCertificateUntrusted && no_answer.certificate_end_ns) {
    const bool is_over = *no_answer.certificate_end_ns <= now;
    if (is_over) reason = "certificate_expired";
    detail += std::string("; it ") + (is_over ? "ended " : "ends ") + FormatRfc3339(*no_answer.certificate_end_ns);
  }
  if (check_.kind == HealthCheckConfig::Kind::kPrometheus) return Unknown("prometheus_" + reason, std::move(detail));
  return IsOurs(no_answer.failure) ? Unknown(std::move(reason), std::move(detail))
                                   : Failed(std::move(reason), std::move(detail));
}

HealthFinding HealthJudge::OfPrometheus(const HttpResponse& response, std::string_view token) const {
  PrometheusReading reading = ReadPrometheus(response);
  if (!reading.number) return Unknown(std::move(reading.problem), Shown(reading.detail, token));
  const double number = *reading.number;
  const std::string detail = FormatNumber(number, 6) + " came, " + RangeText(check_.min, check_.max) + " expected";
  if (IsBelow(number, check_.min)) return Failed("value_below_min", detail);
  if (IsAbove(number, check_.max)) return Failed("value_above_max", detail);
  return Ok(FormatNumber(number, 6));
}

HealthJudge::Finding HealthJudge::CheckStatus(const HttpResponse& response, std::string_view token) const {
  const auto& statuses = check_.expect.statuses;
  const bool expected = std::any_of(statuses.begin(), statuses.end(), [&](const std::pair<int, int>& range) {
    return response.status >= range.first && response.status <= range.second;
  });
  if (expected) return std::nullopt;
  const std::string status = std::to_string(response.status);
  return Failed("status_" + status, "status " + status + " came, " + StatusesText(statuses) +
                                        " expected; the body: " + Shown(response.body, token));
}

HealthJudge::Finding HealthJudge::CheckHeaders(const HttpResponse& response, std::string_view token) const {
  for (size_t i = 0; i < check_.expect.headers.size(); ++i) {
    const HeaderRule& rule = check_.expect.headers[i];
    std::optional<std::string_view> seen;
    bool fits = false;  // one of that name is enough
    for (const auto& [name, value] : response.headers) {
      if (name != rule.name) continue;
      seen = seen.value_or(value);
      fits = fits || Fits(rule.value, header_matches_[i], rule.value.equals == value, value);
    }
    if (fits) continue;
    const std::string reason = ReasonOf("header", rule.name);
    if (!seen) return Failed(reason, "no header " + rule.name + " came");
    return Failed(reason, rule.name + ": " + Shown(*seen, token) + " came, " + ExpectedText(rule.value) + " expected");
  }
  return std::nullopt;
}

HealthJudge::Finding HealthJudge::CheckBody(const HttpResponse& response, std::string_view token) const {
  const HealthExpectation& expect = check_.expect;
  if (!LooksIntoBody()) return std::nullopt;
  // What is looked for may stand in the rest; guessing that it does not would be as wrong as that it does.
  if (response.body_cut) {
    return Failed("body_too_long", "the body is longer than " + std::to_string(check_.body_bytes_max) + " bytes");
  }
  const auto lacks = [&](const std::string& wanted) {
    return wanted + " is not in the body of " + std::to_string(response.body.size()) +
           " bytes: " + Shown(response.body, token);
  };
  if (response.body.find(expect.body_contains) == std::string::npos) {
    return Failed("body_lacks_text", lacks(Shown(expect.body_contains, "")));
  }
  if (body_matches_ && !body_matches_->FindsIn(response.body)) {
    return Failed("body_pattern", lacks("a match of " + Shown(expect.body_matches, "")));
  }
  return std::nullopt;
}

HealthJudge::Finding HealthJudge::CheckJson(const HttpResponse& response, std::string_view token) const {
  if (json_.empty()) return std::nullopt;
  const HealthJson json(response.body);
  if (!json.status().ok()) {
    return Failed("not_json", Printable(MessageOf(json.status())) + ": " + Shown(response.body, token));
  }
  for (size_t i = 0; i < json_.size(); ++i) {
    const JsonRule& rule = check_.expect.json[i];
    const std::string reason = rule.pointer.empty() ? "json_body" : ReasonOf("json", rule.pointer);
    const std::string where = "the value at " + Shown(rule.pointer, "");
    const std::optional<JsonValue> value = json.Find(json_[i].pointer);
    if (!value) return Failed(reason, where + " is not there");
    const bool has_rule = rule.value.equals || rule.value.matches || rule.min || rule.max;
    const std::optional<std::string> text = value->Text();
    if (!has_rule) continue;
    if (!text) return Failed(reason, where + " is an object or a list, a single value expected");
    const std::string came = where + " is " + Shown(*text, token) + ", ";
    if (rule.min || rule.max) {
      const std::optional<double> number = value->Number();
      if (number && !IsBelow(*number, rule.min) && !IsAbove(*number, rule.max)) continue;
      return Failed(reason, came + RangeText(rule.min, rule.max) + " expected");
    }
    const bool equal = rule.value.equals && value->Equals(*rule.value.equals);
    if (!Fits(rule.value, json_[i].matches, equal, *text)) {
      return Failed(reason, came + ExpectedText(rule.value) + " expected");
    }
  }
  return std::nullopt;
}

HealthJudge::Finding HealthJudge::CheckTimes(const HttpResponse& response, TimeNs now) const {
  const HealthExpectation& expect = check_.expect;
  if (expect.latency_max > 0 && response.took_ns > expect.latency_max) {
    return Failed("latency_above_" + MillisecondsText(expect.latency_max),
                  "the answer took " + MillisecondsText(response.took_ns));
  }
  if (!expect.certificate_days) return std::nullopt;
  if (!response.certificate_end_ns) return Unknown("certificate_not_seen", "libcurl does not show it");
  const DurationNs left = *response.certificate_end_ns - now;
  if (left > *expect.certificate_days * kDayNs) return std::nullopt;
  const std::string end = FormatRfc3339(*response.certificate_end_ns);
  if (left <= 0) return Failed("certificate_expired", "the certificate ended " + end);
  return Failed("certificate_expires_in_" + std::to_string(*expect.certificate_days) + "_days",
                "the certificate ends " + end + ", in " + std::to_string(left / kDayNs) + " days");
}

}  // namespace revertd
