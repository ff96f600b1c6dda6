#include "config/load_health.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/ascii.h"

namespace revertd {
namespace {

constexpr size_t kChecksMax = 32;   // of a service; each is a connection of its own, again and again
constexpr size_t kHeadersMax = 32;  // of a request
constexpr size_t kUrlBytesMax = 2000;
constexpr size_t kFollowUpsMax = 8;
constexpr DurationNs kFollowUpMax = 12 * kHourNs;
constexpr int64_t kBodyBytesMax = int64_t{16} * 1024 * 1024;

// Headers that frame a request; another's word for them would break it.
constexpr std::array<std::string_view, 5> kFramingHeaders = {"connection", "content-length", "expect",
                                                             "transfer-encoding", "upgrade"};

std::optional<std::string> MethodNamed(std::string_view name) {
  if (name != "GET" && name != "HEAD" && name != "POST") return std::nullopt;
  return std::string(name);
}

std::optional<bool> FatalNamed(std::string_view name) {
  if (name != "fatal" && name != "warn") return std::nullopt;
  return name == "fatal";
}

bool IsUrl(std::string_view url) {
  const size_t host = url.starts_with("https://") ? 8 : 7;
  const bool has_host = (host == 8 || url.starts_with("http://")) && url.size() > host && url[host] != '/';
  return has_host && url.size() <= kUrlBytesMax &&
         std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < '\x7f' && c != '"' && c != '\\'; });
}

}  // namespace

std::vector<MapReader::Key> HealthReader::ServiceKeys(ServiceConfig* service) const {
  return {{"health", [this, service](const YamlNode& node,
                                     const std::string& path) { return Health(node, path, &service->health); }},
          {"rule", [this, service](const YamlNode& node, const std::string& path) {
             return Rule(node, path, &service->rule);
           }}};
}

std::vector<MapReader::Key> HealthReader::DetectKeys(DetectConfig* detect) const {
  return {{"stabilise", read_.Duration(&detect->stabilise, 0, 30 * kMinuteNs, "from 0s to 30m")},
          {"follow_ups", [this, detect](const YamlNode& node, const std::string& path) {
             return FollowUps(node, path, &detect->follow_ups);
           }}};
}

Status HealthReader::FollowUps(const YamlNode& node, const std::string& path,
                               std::vector<DurationNs>* follow_ups) const {
  REVERTD_RETURN_IF_ERROR(read_.Expect(node, path, YamlNode::Kind::kSequence));
  if (node.items.size() > kFollowUpsMax) {
    return read_.Error(node, path, "at most " + std::to_string(kFollowUpsMax) + " durations expected");
  }
  follow_ups->clear();
  for (size_t i = 0; i < node.items.size(); ++i) {
    const std::string at = path + "[" + std::to_string(i) + "]";
    DurationNs duration = 0;
    REVERTD_RETURN_IF_ERROR(read_.Duration(&duration, 0, kFollowUpMax, "up to 12h")(node.items[i], at));
    if (!follow_ups->empty() && duration <= follow_ups->back()) {
      return read_.WrongValue(node.items[i], at, "longer than the one before it");
    }
    follow_ups->push_back(duration);
  }
  return OkStatus();
}

Status HealthReader::CheckFollowUps(const YamlNode& node, const std::string& path, const DetectConfig& detect) const {
  const YamlNode* const follow_ups = FindMember(node, "follow_ups");
  if (follow_ups == nullptr || detect.follow_ups.empty() || detect.follow_ups.front() > detect.observe) {
    return OkStatus();
  }
  return read_.WrongValue(follow_ups->items.front(), path + ".follow_ups[0]", "longer than detect.observe");
}

Status HealthReader::Watchdog(const YamlNode& node, const std::string& path, WatchdogConfig* watchdog) const {
  constexpr int64_t kDiskBytesMax = int64_t{1} << 50;
  REVERTD_RETURN_IF_ERROR(read_.Keys(
      node, path,
      {{"heartbeat", Url(&watchdog->heartbeat)},
       {"secret_heartbeat", actions_.Secret(&watchdog->secret_heartbeat)},
       {"heartbeat_every", read_.Duration(&watchdog->heartbeat_every, 10 * kSecondNs, kHourNs, "from 10s to 1h")},
       {"clock_step_max", read_.Duration(&watchdog->clock_step_max, 500 * kMillisecondNs, kHourNs, "from 500ms to 1h")},
       {"disk_free_min", read_.Count(&watchdog->disk_free_min, 0, kDiskBytesMax)}}));
  return watchdog->heartbeat.empty() || !watchdog->secret_heartbeat.given()
             ? OkStatus()
             : read_.Error(node, path, "one of heartbeat and secret_heartbeat expected");
}

Status HealthReader::Rule(const YamlNode& node, const std::string& path, RuleConfig* rule) const {
  const auto errors_above = [this, rule](const YamlNode& from, const std::string& at) {
    REVERTD_RETURN_IF_ERROR(expectation_.Number(&rule->errors_above)(from, at));
    const bool fits = *rule->errors_above > 0 && *rule->errors_above < 1;
    return fits ? OkStatus() : read_.WrongValue(from, at, "a number above 0 and below 1");
  };
  REVERTD_RETURN_IF_ERROR(
      read_.Keys(node, path,
                 {{"errors_above", errors_above},
                  {"requests_min", read_.Count(&rule->requests_min, 1, 1'000'000'000)},
                  {"window", read_.Duration(&rule->window, 10 * kSecondNs, 30 * kMinuteNs, "from 10s to 30m")}}));
  return rule->errors_above ? OkStatus() : read_.Error(node, path, "errors_above expected");
}

Status HealthReader::Health(const YamlNode& node, const std::string& path, HealthConfig* health) const {
  return read_.Keys(
      node, path,
      {{"fatals_needed", read_.Count(&health->fatals_needed, 1, 100)},
       {"checks", [&](const YamlNode& from, const std::string& at) { return Checks(from, at, health); }}});
}

Status HealthReader::Checks(const YamlNode& node, const std::string& path, HealthConfig* health) const {
  REVERTD_RETURN_IF_ERROR(read_.Expect(node, path, YamlNode::Kind::kSequence));
  if (node.items.size() > kChecksMax) {
    return read_.Error(node, path, "at most " + std::to_string(kChecksMax) + " checks expected");
  }
  for (size_t i = 0; i < node.items.size(); ++i) {
    const std::string at = path + "[" + std::to_string(i) + "]";
    HealthCheckConfig check;
    REVERTD_RETURN_IF_ERROR(Check(node.items[i], at, &check));
    const bool taken = std::any_of(health->checks.begin(), health->checks.end(),
                                   [&check](const HealthCheckConfig& other) { return other.name == check.name; });
    if (taken) return read_.Error(node.items[i], at, "a second check \"" + ShownText(check.name) + "\"");
    health->checks.push_back(std::move(check));
  }
  return OkStatus();
}

Status HealthReader::Check(const YamlNode& node, const std::string& path, HealthCheckConfig* check) const {
  const bool of_prometheus = FindMember(node, "prometheus") != nullptr;
  if (of_prometheus && FindMember(node, "url") != nullptr) {
    return read_.Error(node, path, "one of url and prometheus expected");
  }
  check->kind = of_prometheus ? HealthCheckConfig::Kind::kPrometheus : HealthCheckConfig::Kind::kHttp;
  std::vector<MapReader::Key> keys = of_prometheus ? PrometheusKeys(check) : HttpKeys(check);
  keys.push_back({"name", read_.Text(&check->name)});
  keys.push_back({"level", read_.Named(&FatalNamed, "fatal or warn", &check->fatal)});
  keys.push_back({"every", read_.Duration(&check->every, kSecondNs, kHourNs, "from 1s to 1h")});
  keys.push_back({"timeout", read_.Duration(&check->timeout, 100 * kMillisecondNs, kMinuteNs, "from 100ms to 1m")});
  keys.push_back({"token", actions_.Secret(&check->token)});
  keys.push_back({"ca_file", read_.Path(&check->ca_file)});
  REVERTD_RETURN_IF_ERROR(read_.Keys(node, path, keys));
  if (check->name.empty()) return read_.Error(node, path, "name expected");
  const YamlNode* const timeout = FindMember(node, "timeout");
  if (timeout == nullptr) check->timeout = std::min(check->timeout, check->every);
  if (check->timeout > check->every) return read_.WrongValue(*timeout, path + ".timeout", "at most what every says");
  return of_prometheus ? CheckPrometheus(node, path, *check) : CheckHttp(node, path, *check);
}

std::vector<MapReader::Key> HealthReader::HttpKeys(HealthCheckConfig* check) const {
  return {
      {"url", Url(&check->url)},
      {"method", read_.Named(&MethodNamed, "GET, HEAD or POST", &check->method)},
      {"headers", [this, check](const YamlNode& node, const std::string& path) { return Headers(node, path, check); }},
      {"body_max", read_.Count(&check->body_bytes_max, 0, kBodyBytesMax)},
      {"expect", [this, check](const YamlNode& node, const std::string& path) {
         return expectation_.Expectation(node, path, &check->expect);
       }}};
}

std::vector<MapReader::Key> HealthReader::PrometheusKeys(HealthCheckConfig* check) const {
  const auto where = [this, check](const YamlNode& node, const std::string& path) {
    REVERTD_RETURN_IF_ERROR(read_.Keys(node, path, {{"url", Url(&check->url)}, {"query", read_.Text(&check->query)}}));
    if (check->url.empty()) return read_.Error(node, path, "url expected");
    if (check->query.empty()) return read_.Error(node, path, "query expected");
    if (check->url.find_first_of("?#") != std::string::npos) {
      return read_.Error(node, path + ".url", "a URL without a query of its own expected");
    }
    while (check->url.ends_with('/')) check->url.pop_back();
    return OkStatus();
  };
  return {{"prometheus", where}, {"min", expectation_.Number(&check->min)}, {"max", expectation_.Number(&check->max)}};
}

Status HealthReader::CheckHttp(const YamlNode& node, const std::string& path, const HealthCheckConfig& check) const {
  if (check.url.empty()) return read_.Error(node, path, "url or prometheus expected");
  const bool has_authorization = std::any_of(check.headers.begin(), check.headers.end(), [](const auto& header) {
    return ToLower(header.first) == "authorization";
  });
  if (check.token.given() && has_authorization) {
    return read_.Error(node, path, "one of token and the header Authorization expected");
  }
  const HealthExpectation& expect = check.expect;
  const YamlNode* const at = FindMember(node, "expect");
  if (at == nullptr) return OkStatus();
  const bool of_body = !expect.body_contains.empty() || !expect.body_matches.empty() || !expect.json.empty();
  if (check.method == "HEAD" && of_body) {
    return read_.Error(*at, path + ".expect", "an answer to HEAD has no body to look into");
  }
  if (check.body_bytes_max == 0 && of_body) {
    return read_.Error(*at, path + ".expect", "with body_max 0 there is no body to look into");
  }
  if (expect.latency_max > check.timeout) {
    return read_.WrongValue(*FindMember(*at, "latency_max"), path + ".expect.latency_max", "at most the timeout");
  }
  if (expect.certificate_days && !check.url.starts_with("https://")) {
    return read_.Error(*FindMember(*at, "certificate_days"), path + ".expect.certificate_days",
                       "needs a URL that begins with https://");
  }
  return OkStatus();
}

Status HealthReader::CheckPrometheus(const YamlNode& node, const std::string& path,
                                     const HealthCheckConfig& check) const {
  if (!check.min && !check.max) return read_.Error(node, path, "min or max expected");
  return check.min && check.max && *check.min > *check.max ? read_.Error(node, path, "min is above max") : OkStatus();
}

Status HealthReader::Headers(const YamlNode& node, const std::string& path, HealthCheckConfig* check) const {
  if (node.members.size() > kHeadersMax) {
    return read_.Error(node, path, "at most " + std::to_string(kHeadersMax) + " headers expected");
  }
  return read_.Names(node, path, [&](const std::string& name, const YamlNode& from, const std::string& at) {
    if (!IsHttpToken(name)) return read_.Error(from, at, "the name of a header expected");
    if (std::find(kFramingHeaders.begin(), kFramingHeaders.end(), ToLower(name)) != kFramingHeaders.end()) {
      return read_.Error(from, at, "this header is HTTP's own");
    }
    std::string value;
    REVERTD_RETURN_IF_ERROR(read_.Text(&value)(from, at));
    check->headers.emplace_back(name, std::move(value));
    return OkStatus();
  });
}

// As it is written: a slash at its end is another page. It may hold a secret and is not repeated.
MapReader::Read HealthReader::Url(std::string* url) const {
  return [this, url](const YamlNode& node, const std::string& path) {
    REVERTD_RETURN_IF_ERROR(read_.Text(url)(node, path));
    if (IsUrl(*url)) return OkStatus();
    return read_.Error(node, path, "a URL that begins with https:// or http:// expected");
  };
}

}  // namespace revertd
