#include "ingest/format/common_keys.h"

#include <array>
#include <initializer_list>
#include <string_view>

namespace revertd {
namespace {

using F = KeyedField;
using U = TimeUnit;

struct CommonKey {
  std::string_view path;
  F field;
  U unit = U::kByForm;
};

// Of one field the better name first.
constexpr std::array<CommonKey, 108> kCommonKeys = {{{"timestamp_ns", F::kEnd},
                                                     {"time_ns", F::kEnd},
                                                     {"timestamp_us", F::kEnd},
                                                     {"timestamp_ms", F::kEnd},
                                                     {"epoch_ms", F::kEnd},
                                                     {"@timestamp", F::kEnd},
                                                     {"timestamp", F::kEnd},
                                                     {"time", F::kEnd},
                                                     {"ts", F::kEnd},
                                                     {"end_time", F::kEnd},
                                                     {"datetime", F::kEnd},
                                                     {"date_time", F::kEnd},
                                                     {"event_time", F::kEnd},
                                                     {"log_time", F::kEnd},
                                                     {"epoch", F::kEnd},
                                                     {"unixtime", F::kEnd},
                                                     {"date", F::kEnd},
                                                     {"asctime", F::kEnd},
                                                     {"start_time", F::kStart},
                                                     {"started_at", F::kStart},
                                                     {"start", F::kStart},
                                                     {"request_start", F::kStart},
                                                     {"event.start", F::kStart},
                                                     {"req_time_sec", F::kStart},
                                                     {"status", F::kStatus},
                                                     {"status_code", F::kStatus},
                                                     {"response_code", F::kStatus},
                                                     {"http.response.status_code", F::kStatus},
                                                     {"http.status_code", F::kStatus},
                                                     {"http_status", F::kStatus},
                                                     {"response.status", F::kStatus},
                                                     {"response.status_code", F::kStatus},
                                                     {"res.status_code", F::kStatus},
                                                     {"res.status", F::kStatus},
                                                     {"http_response_code", F::kStatus},
                                                     {"sc_status", F::kStatus},
                                                     {"code", F::kStatus},
                                                     {"response", F::kStatus},
                                                     {"method", F::kMethod},
                                                     {"request_method", F::kMethod},
                                                     {"http.request.method", F::kMethod},
                                                     {"http.method", F::kMethod},
                                                     {"request.method", F::kMethod},
                                                     {"req.method", F::kMethod},
                                                     {"cs_method", F::kMethod},
                                                     {"verb", F::kMethod},
                                                     {"uri", F::kTarget},
                                                     {"url", F::kTarget},
                                                     {"url.original", F::kTarget},
                                                     {"url.path", F::kTarget},
                                                     {"http.target", F::kTarget},
                                                     {"http.url", F::kTarget},
                                                     {"request.uri", F::kTarget},
                                                     {"request.url", F::kTarget},
                                                     {"request.path", F::kTarget},
                                                     {"req.url", F::kTarget},
                                                     {"req_path", F::kTarget},
                                                     {"path", F::kTarget},
                                                     {"target", F::kTarget},
                                                     {"uri_path", F::kTarget},
                                                     {"cs_uri_stem", F::kTarget},
                                                     {"request", F::kRequestLine},
                                                     {"request_line", F::kRequestLine},
                                                     {"req", F::kRequestLine},
                                                     {"http_request", F::kRequestLine},
                                                     {"bytes_sent", F::kBytes},
                                                     {"bytes", F::kBytes},
                                                     {"size", F::kBytes},
                                                     {"response_size", F::kBytes},
                                                     {"response.size", F::kBytes},
                                                     {"http.response.body.bytes", F::kBytes},
                                                     {"http.response.bytes", F::kBytes},
                                                     {"response_length", F::kBytes},
                                                     {"content_length", F::kBytes},
                                                     {"bytes_out", F::kBytes},
                                                     {"sent_bytes", F::kBytes},
                                                     {"body_bytes", F::kBytes},
                                                     {"total_bytes", F::kBytes},
                                                     {"res_size", F::kBytes},
                                                     {"length", F::kBytes},
                                                     {"event.duration", F::kDuration, U::kNanos},
                                                     {"upstream_service_time", F::kUpstreamTime, U::kMillis},
                                                     {"x_envoy_upstream_service_time", F::kUpstreamTime, U::kMillis},
                                                     {"upstream", F::kUpstream},
                                                     {"upstream_host", F::kUpstream},
                                                     {"backend_addr", F::kUpstream},
                                                     {"backend_address", F::kUpstream},
                                                     {"server_addr", F::kUpstream},
                                                     {"pod", F::kUpstream},
                                                     {"backend", F::kBackend},
                                                     {"backend_name", F::kBackend},
                                                     {"upstream_name", F::kBackend},
                                                     {"upstream_cluster", F::kBackend},
                                                     {"service", F::kBackend},
                                                     {"service.name", F::kBackend},
                                                     {"service_name", F::kBackend},
                                                     {"cluster", F::kBackend},
                                                     {"target_group", F::kBackend},
                                                     {"app", F::kBackend},
                                                     {"release", F::kRelease},
                                                     {"service.version", F::kRelease},
                                                     {"app_version", F::kRelease},
                                                     {"release_version", F::kRelease},
                                                     {"git_sha", F::kRelease},
                                                     {"commit", F::kRelease},
                                                     {"revision", F::kRelease},
                                                     {"response_flags", F::kAbort},
                                                     {"termination_state", F::kAbort}}};

// duration, duration_ms, duration_seconds and so on, for every word that people use.
void AddDurations(std::vector<KeyedRow>& rows, F field, std::initializer_list<std::string_view> words) {
  struct Suffix {
    std::string_view text;
    U unit;
  };
  static constexpr std::array<Suffix, 16> kSuffixes = {{{"_ns", U::kNanos},
                                                        {"_nanos", U::kNanos},
                                                        {"_nanoseconds", U::kNanos},
                                                        {"_us", U::kMicros},
                                                        {"_micros", U::kMicros},
                                                        {"_usec", U::kMicros},
                                                        {"_microseconds", U::kMicros},
                                                        {"_ms", U::kMillis},
                                                        {"_msec", U::kMillis},
                                                        {"_millis", U::kMillis},
                                                        {"_milliseconds", U::kMillis},
                                                        {"_s", U::kSeconds},
                                                        {"_sec", U::kSeconds},
                                                        {"_secs", U::kSeconds},
                                                        {"_seconds", U::kSeconds},
                                                        {"", U::kByForm}}};
  for (const Suffix& suffix : kSuffixes) {
    for (const std::string_view word : words) {
      rows.push_back({std::string(word) + std::string(suffix.text), field, suffix.unit});
    }
  }
}

}  // namespace

std::vector<KeyedRow> CommonRows() {
  std::vector<KeyedRow> rows;
  rows.reserve(std::size(kCommonKeys));
  for (const CommonKey& key : kCommonKeys) rows.push_back({std::string(key.path), key.field, key.unit});
  AddDurations(rows, F::kDuration,
               {"duration", "request_time", "response_time", "resp_time", "latency", "elapsed", "elapsed_time", "took",
                "time_taken", "request_duration", "response_duration", "total_time", "processing_time", "runtime",
                "reqtime", "turn_around_time"});
  AddDurations(rows, F::kUpstreamTime,
               {"upstream_response_time", "upstream_time", "upstream_duration", "upstream_latency", "backend_time",
                "backend_latency", "apptime"});
  AddDurations(rows, F::kQueueTime, {"queue_time", "queue_duration"});
  AddDurations(rows, F::kConnectTime, {"upstream_connect_time", "connect_time"});
  return rows;
}

}  // namespace revertd
