// Writes an access log of a wanted size to standard output, always the same bytes for the same arguments:
//   make_log nginx|haproxy|json MEBIBYTES
//
// What makes parsers fast or slow is kept like real traffic: 48 services of uneven size, hosts, paths, queries,
// referers and user agents of uneven length, latencies over four powers of ten, a few per cent of errors and client
// aborts, and ten thousand lines for each second of log time. No two neighbouring lines are alike. A line has about
// 286 bytes (nginx), 229 (HAProxy) or 533 (JSON).
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/strings.h"

namespace {

constexpr int kServices = 48;
constexpr int kLinesPerSecond = 10'000;
constexpr long kFirstSecond = 1'795'230'000;  // 21 November 2026, 03:00 UTC

const char* const kNames[] = {"shop", "cart", "checkout", "search", "media", "api", "login", "accounts"};
const char* const kAgents[] = {
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 "
    "Safari/605.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (Linux; Android 16; Pixel 10) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile "
    "Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 "
    "Edg/142.0.0.0",
    "Mozilla/5.0 (iPad; CPU OS 26_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 "
    "Safari/604.1",
    "okhttp/5.1.0",
    "curl/8.14.1",
    "Go-http-client/2.0"};
const char* const kMethods[] = {"GET", "GET", "GET", "GET", "GET", "GET", "POST", "POST", "PUT", "DELETE"};
const char* const kSections[] = {"items", "orders", "users", "static/assets", "catalog/categories", "v2/sessions"};

struct Request {
  long second;
  int millisecond;
  int service;
  std::string host;
  std::string client;
  const char* method;
  std::string target;
  int status;
  int bytes;
  int duration_ms;
  std::string referer;
  const char* agent;
};

class Traffic {
 public:
  Request Next() {
    Request request;
    request.second = kFirstSecond + lines_ / kLinesPerSecond;
    request.millisecond = static_cast<int>(lines_ % kLinesPerSecond / (kLinesPerSecond / 1000));
    ++lines_;
    // The square makes small numbers likelier: the first services get most of the traffic.
    const double share = Uniform();
    request.service = static_cast<int>(share * share * kServices);
    request.host = HostOf(request.service);
    request.client = std::to_string(Below(223) + 1) + "." + std::to_string(Below(256)) + "." +
                     std::to_string(Below(256)) + "." + std::to_string(Below(256));
    request.method = kMethods[Below(std::size(kMethods))];
    request.target = std::string("/") + kSections[Below(std::size(kSections))] + "/" + std::to_string(Below(1'000'000));
    if (Below(3) == 0)
      request.target +=
          "?page=" + std::to_string(Below(50)) + "&sort=price&filter=in_stock&currency=eur&view=grid&sale=0";
    request.status = StatusOf(Below(1000));
    request.bytes = static_cast<int>(std::exp(4 + 9 * Uniform()));
    request.duration_ms = static_cast<int>(std::exp(9.2 * Uniform() * Uniform()));
    request.referer = Below(5) == 0 ? "-" : RefererFrom(request.host);
    request.agent = kAgents[Below(std::size(kAgents))];
    return request;
  }

 private:
  static std::string HostOf(int service) {
    return std::string(kNames[static_cast<size_t>(service) % std::size(kNames)]) + (service % 3 == 0 ? "-" : ".eu-") +
           std::to_string(service) + ".example.com";
  }
  std::string RefererFrom(const std::string& host) {
    std::string referer = "https://" + host + "/" + kSections[Below(std::size(kSections))];
    if (Below(2) == 0)
      referer += "/" + std::to_string(Below(1'000'000)) + "?utm_source=newsletter&utm_campaign=november";
    return referer;
  }
  static int StatusOf(size_t per_mille) {
    if (per_mille < 8) return 502;
    if (per_mille < 12) return 499;
    if (per_mille < 40) return 404;
    if (per_mille < 100) return 304;
    return per_mille < 130 ? 201 : 200;
  }
  size_t Below(size_t limit) { return random_() % limit; }
  double Uniform() { return static_cast<double>(random_() >> 11) / 9007199254740992.0; }

  std::mt19937_64 random_{20'261'121};
  long lines_ = 0;
};

// The log stays within one day.
std::string Clock(long second, const char* between) {
  const long of_day = second % 86'400;
  char text[16];
  std::snprintf(text, sizeof(text), "%02ld%s%02ld%s%02ld", of_day / 3600, between, of_day / 60 % 60, between,
                of_day % 60);
  return text;
}

std::string NginxLine(const Request& request) {
  char line[1024];
  std::snprintf(line, sizeof(line),
                "%s:443 %s - - [21/Nov/2026:%s +0000] \"%s %s HTTP/1.1\" %d %d \"%s\" \"%s\" %d.%03d\n",
                request.host.c_str(), request.client.c_str(), Clock(request.second, ":").c_str(), request.method,
                request.target.c_str(), request.status, request.bytes, request.referer.c_str(), request.agent,
                request.duration_ms / 1000, request.duration_ms % 1000);
  return line;
}

// The accept time is logged: the line's end less its duration.
std::string HaproxyLine(const Request& request) {
  const long end_ms = request.second * 1000 + request.millisecond;
  const long accept_ms = end_ms - request.duration_ms;
  const bool aborted = request.status == 499;
  char line[1024];
  std::snprintf(
      line, sizeof(line),
      "Nov 21 %s lb1 haproxy[14389]: %s:%d [21/Nov/2026:%s.%03ld] https-in~ be_%s/web%02d %d/0/%d/%d/%d %d %d "
      "- - %s %d/%d/%d/%d/0 0/0 \"%s %s HTTP/1.1\"\n",
      Clock(request.second, ":").c_str(), request.client.c_str(), 30'000 + request.bytes % 30'000,
      Clock(accept_ms / 1000, ":").c_str(), accept_ms % 1000, request.host.c_str(), request.service % 7, 0,
      request.duration_ms / 10, request.duration_ms - request.duration_ms / 10, request.duration_ms,
      aborted ? 200 : request.status, request.bytes, aborted ? "CD--" : "----", 100 + request.service,
      90 + request.service, 40, 9, request.method, request.target.c_str());
  return line;
}

std::string JsonLine(const Request& request) {
  char line[1536];
  std::snprintf(
      line, sizeof(line),
      "{\"time_iso8601\":\"2026-11-21T%s+00:00\",\"msec\":\"%ld.%03d\",\"remote_addr\":\"%s\",\"host\":\"%s\","
      "\"request_method\":\"%s\",\"request_uri\":\"%s\",\"server_protocol\":\"HTTP/1.1\",\"status\":%d,"
      "\"body_bytes_sent\":%d,\"request_time\":%d.%03d,\"upstream_response_time\":\"%d.%03d\","
      "\"upstream_addr\":\"10.0.%d.7:8080\",\"http_referer\":\"%s\",\"http_user_agent\":\"%s\"}\n",
      Clock(request.second, ":").c_str(), request.second, request.millisecond, request.client.c_str(),
      request.host.c_str(), request.method, request.target.c_str(), request.status, request.bytes,
      request.duration_ms / 1000, request.duration_ms % 1000, request.duration_ms / 1000, request.duration_ms % 1000,
      request.service, request.referer.c_str(), request.agent);
  return line;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view kind = argc == 3 ? argv[1] : "";
  const auto mebibytes = argc == 3 ? revertd::ParseUnsigned(argv[2]) : std::nullopt;
  std::string (*line_of)(const Request&) = kind == "nginx"     ? NginxLine
                                           : kind == "haproxy" ? HaproxyLine
                                           : kind == "json"    ? JsonLine
                                                               : nullptr;
  if (line_of == nullptr || !mebibytes) {
    std::fputs("usage: make_log nginx|haproxy|json MEBIBYTES\n", stderr);
    return 2;
  }
  Traffic traffic;
  std::string out;
  for (uint64_t written = 0; written < *mebibytes << 20;) {
    out.clear();
    while (out.size() < 1 << 20) out += line_of(traffic.Next());
    if (std::fwrite(out.data(), 1, out.size(), stdout) != out.size()) return 3;
    written += out.size();
  }
  return 0;
}
