#include "daemon/sentry/sentry_tee.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"

namespace revertd {
namespace {

// Of a request besides its body: URL and headers.
constexpr size_t kHeadBytes = 1024;

std::string HostText(const SentryDsn& dsn) {
  std::string text = dsn.host.find(':') == std::string::npos ? dsn.host : "[" + dsn.host + "]";
  return dsn.port == 0 ? text : text + ":" + std::to_string(dsn.port);
}

std::string DsnText(const SentryDsn& dsn) {
  return dsn.scheme + "://" + dsn.key + "@" + HostText(dsn) + dsn.path_prefix + "/" + dsn.project;
}

// What a header may hold without changing what stands around it.
bool IsPlainClient(std::string_view client) {
  return !client.empty() && client.size() <= kErrorTextMax && std::all_of(client.begin(), client.end(), [](char c) {
    return c > ' ' && c < '\x7F' && c != ',' && c != '"';
  });
}

std::string AuthText(const SentryDsn& dsn, std::string_view client) {
  const std::string_view shown = IsPlainClient(client) ? client : std::string_view("revertd");
  return "Sentry sentry_version=7, sentry_key=" + dsn.key + ", sentry_client=" + std::string(shown);
}

// Browsers' SDKs and node's say none; without one an HTTP client says that it is a form.
std::string_view ContentTypeOf(SentryEndpoint endpoint, const HttpCall& call) {
  if (const std::string_view told = call.Header("content-type"); !told.empty()) return told;
  return endpoint == SentryEndpoint::kEnvelope ? "application/x-sentry-envelope" : "application/json";
}

// "60:error;transaction:organization": no category at all means all of them. Which one a body is of nobody looks here:
// what errors have to wait for, all do.
bool CoversErrors(std::string_view categories) {
  const std::vector<std::string_view> names = Split(categories, ';');
  return categories.empty() || std::any_of(names.begin(), names.end(),
                                           [](std::string_view name) { return name == "error" || name == "default"; });
}

DurationNs RestOfErrors(std::string_view rate_limits) {
  DurationNs longest = 0;
  for (const std::string_view limit : Split(rate_limits, ',')) {
    const std::vector<std::string_view> parts = Split(Trim(limit), ':');
    if (parts.size() < 2 || !CoversErrors(parts[1])) continue;
    const auto seconds = ParseUnsigned(parts[0]);
    if (seconds) longest = std::max(longest, static_cast<DurationNs>(std::min<uint64_t>(*seconds, 3600)) * kSecondNs);
  }
  return longest;
}

}  // namespace

std::string_view NameOf(SentryEndpoint endpoint) {
  return endpoint == SentryEndpoint::kEnvelope ? "envelope" : "store";
}

HttpRequest TeeRequestOf(const SentryDsn& dsn, SentryEndpoint endpoint, const HttpCall& call, std::string_view client,
                         std::string_view decoded) {
  HttpRequest request;
  request.method = "POST";
  request.url = dsn.scheme + "://" + HostText(dsn) + dsn.path_prefix + "/api/" + dsn.project + "/" +
                std::string(NameOf(endpoint)) + "/";
  request.headers.emplace_back("X-Sentry-Auth", AuthText(dsn, client));
  const std::string_view named = endpoint == SentryEndpoint::kEnvelope ? EnvelopeDsn(decoded) : std::string_view();
  request.headers.emplace_back("Content-Type", ContentTypeOf(endpoint, call));
  if (const std::string_view agent = call.Header("user-agent"); !agent.empty()) {
    request.headers.emplace_back("User-Agent", agent);
  }
  const std::string_view encoding = call.Header("content-encoding");
  if (named.empty() && !encoding.empty()) request.headers.emplace_back("Content-Encoding", encoding);
  if (named.empty()) {
    request.body = call.body;
  } else {
    request.body = decoded;
    request.body.replace(static_cast<size_t>(named.data() - decoded.data()), named.size(), DsnText(dsn));
  }
  return request;
}

DurationNs RestOf(const HttpResponse& response) {
  // As SDKs do: Retry-After speaks where this header does not.
  const std::string_view rate_limits = response.Header("x-sentry-rate-limits");
  if (!rate_limits.empty()) return RestOfErrors(rate_limits);
  if (response.status != 429) return 0;
  const auto seconds = ParseUnsigned(Trim(response.Header("retry-after")));
  if (!seconds) return kTeeRestDefault;
  return std::min(static_cast<DurationNs>(std::min<uint64_t>(*seconds, 3600)) * kSecondNs, kTeeRestMax);
}

SentryTee::SentryTee(std::vector<TeeTarget> targets, std::unique_ptr<HttpClient> client, const Clock* clock,
                     SentryCounters* counters, size_t bytes_max)
    : client_(std::move(client)), clock_(clock), counters_(counters), bytes_max_(bytes_max) {
  places_.reserve(targets.size());
  for (TeeTarget& target : targets) places_.push_back({.target = std::move(target)});
}

SentryTee::~SentryTee() {
  Stop();
  if (thread_.joinable()) thread_.join();
}

void SentryTee::Start() {
  if (!places_.empty()) thread_ = std::thread(&SentryTee::Work, this);
}

void SentryTee::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    CountSome(counters_->tee_dropped, waiting_.size());
    waiting_.clear();
    bytes_ = 0;
    counters_->tee_bytes_waiting.store(0, std::memory_order_relaxed);
  }
  changed_.notify_all();
}

void SentryTee::Offer(std::string_view project, SentryEndpoint endpoint, const HttpCall& call, std::string_view client,
                      std::string_view decoded) {
  const auto place = std::find_if(places_.begin(), places_.end(),
                                  [project](const Place& known) { return known.target.project == project; });
  if (place == places_.end()) return;
  Waiting waiting{
      .place = &*place, .request = TeeRequestOf(place->target.dsn, endpoint, call, client, decoded), .bytes = 0};
  waiting.bytes = waiting.request.body.size() + kHeadBytes;
  {
    const std::lock_guard lock(mutex_);
    if (stop_ || waiting.bytes > bytes_max_ - bytes_ || Rests(*place)) return CountOne(counters_->tee_dropped);
    bytes_ += waiting.bytes;
    counters_->tee_bytes_waiting.store(bytes_, std::memory_order_relaxed);
    waiting_.push_back(std::move(waiting));
  }
  changed_.notify_one();
}

bool SentryTee::SendOne() {
  std::unique_lock lock(mutex_);
  if (stop_ || waiting_.empty()) return false;
  const Waiting waiting = std::move(waiting_.front());
  waiting_.pop_front();
  bytes_ -= waiting.bytes;
  counters_->tee_bytes_waiting.store(bytes_, std::memory_order_relaxed);
  if (Rests(*waiting.place)) {
    CountOne(counters_->tee_dropped);
    return true;
  }
  lock.unlock();
  Send(waiting);
  return true;
}

void SentryTee::Send(const Waiting& waiting) {
  for (int tries = 1;; ++tries) {
    const auto response = client_->Send(waiting.request);
    const bool may_answer = !response.ok() && response.status().code() == absl::StatusCode::kUnavailable;
    const std::lock_guard lock(mutex_);
    if (may_answer && tries < kTeeTriesMax && !stop_) continue;
    const bool is_taken = response.ok() && response->status >= 200 && response->status < 300;
    CountOne(is_taken ? counters_->tee_sent : counters_->tee_failed);
    DurationNs rest = may_answer ? kTeeRestUnanswered : 0;
    if (response.ok()) rest = RestOf(*response);
    if (rest > 0) waiting.place->rests_until = clock_->Monotonic() + rest;
    return;
  }
}

void SentryTee::Work() {
  while (true) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stop_ || !waiting_.empty(); });
      if (stop_) return;
    }
    SendOne();
  }
}

}  // namespace revertd
