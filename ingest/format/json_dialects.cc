#include "ingest/format/json_dialects.h"

#include "ingest/format/common_keys.h"

namespace revertd {
namespace {

using F = KeyedField;
using U = TimeUnit;

KeyedDialect Traefik() {
  return {.name = "traefik_json",
          .markers = {{"DownstreamStatus"}, {"OriginStatus", "RequestMethod"}},
          .rows = {{"StartUTC", F::kStart},
                   {"StartLocal", F::kStart},
                   {"time", F::kEnd},
                   {"DownstreamStatus", F::kStatus},
                   {"OriginStatus", F::kStatus},
                   {"RequestMethod", F::kMethod},
                   {"RequestPath", F::kTarget},
                   {"RequestLine", F::kRequestLine},
                   {"RequestHost", F::kHost},
                   {"RequestAddr", F::kHost},
                   {"DownstreamContentSize", F::kBytes},
                   {"Duration", F::kDuration, U::kNanos},
                   {"OriginDuration", F::kUpstreamTime, U::kNanos},
                   {"ServiceName", F::kBackend},
                   {"BackendName", F::kBackend},
                   {"RouterName", F::kBackend},
                   {"ServiceAddr", F::kUpstream},
                   {"BackendAddr", F::kUpstream},
                   {"ServiceURL", F::kUpstream},
                   {"ServiceURL/Host", F::kUpstream}},
          .telltale = "Status"};
}

KeyedDialect Caddy() {
  return {.name = "caddy_json",
          .markers = {{"request/uri", "request/method", "status"}},
          .rows = {{"ts", F::kEnd},
                   {"time", F::kEnd},
                   {"timestamp", F::kEnd},
                   {"@timestamp", F::kEnd},
                   {"status", F::kStatus},
                   {"request/method", F::kMethod},
                   {"request/uri", F::kTarget},
                   {"request/host", F::kHost},
                   {"size", F::kBytes},
                   {"duration", F::kDuration, U::kSeconds},
                   {"duration_ms", F::kDuration, U::kMillis},
                   {"logger", F::kKind}},
          .telltale = "\"uri\""};
}

KeyedDialect Kong() {
  return {.name = "kong_json",
          .markers = {{"latencies/request", "response/status"}, {"latencies/kong"}, {"latencies/proxy"}},
          .rows = {{"started_at", F::kStart},
                   {"response/status", F::kStatus},
                   {"request/method", F::kMethod},
                   {"request/uri", F::kTarget},
                   {"request/url", F::kTarget},
                   {"request/headers/host", F::kHost},
                   {"response/size", F::kBytes},
                   {"latencies/request", F::kDuration, U::kMillis},
                   {"latencies/proxy", F::kUpstreamTime, U::kMillis},
                   {"service/name", F::kBackend},
                   {"service/host", F::kBackend},
                   {"route/name", F::kBackend},
                   {"tries/ip", F::kUpstream}},
          .telltale = "latencies"};
}

KeyedDialect GcpLoadBalancer() {
  return {.name = "gcp_lb",
          .markers = {{"httpRequest/status", "httpRequest/requestMethod"}, {"httpRequest/requestUrl"}},
          .rows = {{"timestamp", F::kStart},
                   {"httpRequest/status", F::kStatus},
                   {"httpRequest/requestMethod", F::kMethod},
                   {"httpRequest/requestUrl", F::kTarget},
                   {"httpRequest/responseSize", F::kBytes},
                   {"httpRequest/latency", F::kDuration, U::kSeconds},
                   {"httpRequest/serverIp", F::kUpstream},
                   {"resource/labels/backend_service_name", F::kBackend},
                   {"resource/labels/backend_target_name", F::kBackend},
                   {"resource/labels/service_name", F::kBackend},
                   {"resource/labels/url_map_name", F::kBackend},
                   {"resource/labels/revision_name", F::kRelease},
                   {"jsonPayload/statusDetails", F::kAbort}},
          .telltale = "httpRequest"};
}

// The firewalls' records tell what a rule said of a request, not how it was answered; both come in the same stream as
// the access log, which has the request. The category tells them apart.
KeyedDialect AzureGateway() {
  return {
      .name = "azure_appgw",
      .markers = {{"properties/httpStatus", "properties/httpMethod"}, {"properties/instanceId", "properties/ruleId"}},
      .rows = {{"time", F::kEnd},
               {"timeStamp", F::kEnd},
               {"properties/httpStatus", F::kStatus},
               {"properties/httpMethod", F::kMethod},
               {"properties/requestUri", F::kTarget},
               {"properties/originalHost", F::kHost},
               {"properties/host", F::kHost},
               {"properties/hostname", F::kHost},
               {"properties/sentBytes", F::kBytes},
               {"properties/timeTaken", F::kDuration, U::kSeconds},
               {"properties/serverResponseLatency", F::kUpstreamTime, U::kSeconds},
               {"properties/serverRouted", F::kUpstream},
               {"properties/backendPoolName", F::kBackend},
               {"properties/instanceId", F::kInstance},
               {"category", F::kKind}},
      .telltale = "instanceId"};
}

KeyedDialect AzureFrontDoor() {
  return {.name = "azure_frontdoor",
          .markers = {{"properties/httpStatusCode"}, {"properties/policyMode", "properties/ruleName"}},
          .rows = {{"time", F::kEnd},
                   {"properties/httpStatusCode", F::kStatus},
                   {"properties/httpMethod", F::kMethod},
                   {"properties/requestUri", F::kTarget},
                   {"properties/hostName", F::kHost},
                   {"properties/responseBytes", F::kBytes},
                   {"properties/timeTaken", F::kDuration, U::kSeconds},
                   {"properties/originIp", F::kUpstream},
                   {"properties/originName", F::kUpstream},
                   {"properties/originUrl", F::kUpstream},
                   {"properties/backendHostname", F::kUpstream},
                   {"properties/routingRuleName", F::kBackend},
                   {"properties/routeName", F::kBackend},
                   {"properties/endpoint", F::kBackend},
                   {"category", F::kKind}},
          .telltale = "trackingReference"};
}

// Logpush's lines and Logpull's are the same.
KeyedDialect Cloudflare() {
  return {.name = "cloudflare_logpush",
          .markers = {{"EdgeResponseStatus", "ClientRequestHost"}, {"EdgeEndTimestamp"}},
          .rows = {{"EdgeEndTimestamp", F::kEnd},
                   {"EdgeStartTimestamp", F::kStart},
                   {"EdgeResponseStatus", F::kStatus},
                   {"ClientRequestMethod", F::kMethod},
                   {"ClientRequestURI", F::kTarget},
                   {"ClientRequestPath", F::kTarget},
                   {"ClientRequestHost", F::kHost},
                   {"EdgeResponseBytes", F::kBytes},
                   {"OriginResponseDurationMs", F::kUpstreamTime, U::kMillis},
                   {"OriginResponseTime", F::kUpstreamTime, U::kNanos},
                   {"OriginIP", F::kUpstream},
                   {"ZoneName", F::kBackend}},
          .stamps_make_duration = true,
          .telltale = "EdgeResponseStatus"};
}

KeyedDialect AkamaiSiem() {
  return {.name = "akamai_siem",
          .markers = {{"httpMessage/status", "httpMessage/start"}},
          .rows = {{"httpMessage/start", F::kStart},
                   {"httpMessage/status", F::kStatus},
                   {"httpMessage/method", F::kMethod},
                   {"httpMessage/path", F::kTarget},
                   {"httpMessage/host", F::kHost},
                   {"httpMessage/bytes", F::kBytes}},
          .telltale = "httpMessage"};
}

// Istio names the fields with '_', Envoy Gateway with the headers' names.
std::vector<KeyedRow> EnvoyRows() {
  return {{"start_time", F::kStart},
          {"@timestamp", F::kStart},
          {"timestamp", F::kStart},
          {"time", F::kStart},
          {"response_code", F::kStatus},
          {"status", F::kStatus},
          {"method", F::kMethod},
          {":method", F::kMethod},
          {"x-envoy-origin-path", F::kTarget},
          {"x-envoy-original-path", F::kTarget},
          {"path", F::kTarget},
          {":path", F::kTarget},
          {":authority", F::kHost},
          {"authority", F::kHost},
          {"host", F::kHost},
          {"bytes_sent", F::kBytes},
          {"duration", F::kDuration, U::kMillis},
          {"duration_ms", F::kDuration, U::kMillis},
          {"upstream_service_time", F::kUpstreamTime, U::kMillis},
          {"x-envoy-upstream-service-time", F::kUpstreamTime, U::kMillis},
          {"upstream_host", F::kUpstream},
          {"upstream_cluster", F::kBackend},
          {"route_name", F::kBackend},
          {"response_flags", F::kAbort}};
}

KeyedDialect Istio() {
  return {.name = "istio_json",
          .markers = {{"authority", "response_code", "requested_server_name"},
                      {"authority", "response_code", "upstream_cluster"}},
          .rows = EnvoyRows(),
          .telltale = "response_code"};
}

KeyedDialect Envoy() {
  return {.name = "envoy_json",
          .markers = {{"x-envoy-origin-path", "response_code"},
                      {":authority", "response_code"},
                      {"response_code", "response_flags"}},
          .rows = EnvoyRows(),
          .telltale = "response_code"};
}

// HAProxy has no JSON of its own; these are the names of its log-format's variables, as its users keep them.
KeyedDialect Haproxy() {
  return {.name = "haproxy_json",
          .markers = {{"=Ta", "=Tr"}, {"=Tt", "=Tr"}, {"=ST", "=Ta"}, {"tsc", "=Ta"}},
          .rows = {{"epoch_ms", F::kStart},
                   {"timestamp_ms", F::kStart},
                   {"=Ts", F::kStart},
                   {"=tr", F::kStart},
                   {"=trg", F::kStart},
                   {"time", F::kStart},
                   {"timestamp", F::kStart},
                   {"date", F::kStart},
                   {"status", F::kStatus},
                   {"status_code", F::kStatus},
                   {"=ST", F::kStatus},
                   {"method", F::kMethod},
                   {"=HM", F::kMethod},
                   {"uri", F::kTarget},
                   {"=HU", F::kTarget},
                   {"path", F::kTarget},
                   {"=HP", F::kTarget},
                   {"request", F::kRequestLine},
                   {"=r", F::kRequestLine},
                   {"host", F::kHost},
                   {"bytes", F::kBytes},
                   {"bytes_read", F::kBytes},
                   {"=B", F::kBytes},
                   {"=Ta", F::kDuration, U::kMillis},
                   {"=Tt", F::kDuration, U::kMillis},
                   {"=Tr", F::kUpstreamTime, U::kMillis},
                   {"=Tw", F::kQueueTime, U::kMillis},
                   {"=Tc", F::kConnectTime, U::kMillis},
                   {"server", F::kUpstream},
                   {"=s", F::kUpstream},
                   {"backend", F::kBackend},
                   {"=b", F::kBackend},
                   {"tsc", F::kAbort},
                   {"ts", F::kAbort},
                   {"termination_state", F::kAbort}},
          .telltale = "\"T"};
}

KeyedDialect Upsun() {
  return {.name = "upsun_httplog",
          .markers = {{"message", "container/project", "timestamp_ns"}},
          .rows = {{"message", F::kInnerLine}},
          .telltale = "timestamp_ns"};
}

// nginx's own variable names and those that its users and other servers write most; of equal meaning the finest first.
std::vector<KeyedRow> NginxAndCommonRows() {
  std::vector<KeyedRow> rows = {{"msec", F::kEnd, U::kSeconds},
                                {"time_iso8601", F::kEnd},
                                {"time_local", F::kEnd},
                                {"request_uri", F::kTarget},
                                {"http_host", F::kHost},
                                {"server_name", F::kHost},
                                {"body_bytes_sent", F::kBytes},
                                {"request_time", F::kDuration, U::kSeconds},
                                {"upstream_response_time", F::kUpstreamTime, U::kSeconds},
                                {"upstream_connect_time", F::kConnectTime, U::kSeconds},
                                {"upstream_addr", F::kUpstream},
                                {"proxy_upstream_name", F::kBackend},
                                {"generation_time_milli", F::kDuration, U::kMillis}};
  // Where "host" is not the request's host but the machine's, something better is there as well.
  const std::vector<KeyedRow> hosts = {{"url.domain", F::kHost},
                                       {"vhost", F::kHost},
                                       {"request.headers.host", F::kHost},
                                       {"req.headers.host", F::kHost},
                                       {"headers.host", F::kHost},
                                       {"http.host", F::kHost},
                                       {"request_host", F::kHost},
                                       {"request.host", F::kHost},
                                       {"authority", F::kHost},
                                       {"virtual_host", F::kHost},
                                       {"domain", F::kHost},
                                       {"req_host", F::kHost},
                                       {"host", F::kHost}};
  rows.insert(rows.end(), hosts.begin(), hosts.end());
  const std::vector<KeyedRow> common = CommonRows();
  rows.insert(rows.end(), common.begin(), common.end());
  return rows;
}

KeyedDialect Nginx(std::string name, std::vector<std::vector<std::string>> markers, std::string telltale) {
  return {.name = std::move(name),
          .markers = std::move(markers),
          .rows = NginxAndCommonRows(),
          .telltale = std::move(telltale)};
}

}  // namespace

std::vector<KeyedDialect> JsonDialects() {
  std::vector<KeyedDialect> dialects = {
      Traefik(),
      Caddy(),
      Kong(),
      GcpLoadBalancer(),
      AzureGateway(),
      AzureFrontDoor(),
      Cloudflare(),
      AkamaiSiem(),
      Istio(),
      Envoy(),
      Haproxy(),
      Upsun(),
      Nginx("nginx_json",
            {{"time_local", "status"},
             {"time_iso8601", "status"},
             {"msec", "status"},
             {"remote_addr", "body_bytes_sent"},
             {"remote_addr", "request_time"}},
            "{"),
      Nginx("nginx_json_num", {{"ts", "uri", "args", "status"}}, "args"),
      Nginx("nginx_json_unescaped", {{"@timestamp", "request", "request_time"}}, "request_time"),
      Nginx("json", {}, "{"),
  };
  dialects.back().takes_the_rest = true;
  return dialects;
}

}  // namespace revertd
