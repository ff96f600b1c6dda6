#include "daemon/watchdog/heartbeat.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "actions/channel.h"
#include "actions/forge.h"

namespace revertd {

Heartbeat::Heartbeat(const WatchdogConfig& config, Edges edges) : config_(config), edges_(std::move(edges)) {}

Heartbeat::~Heartbeat() {
  Stop();
  if (thread_.joinable()) thread_.join();
}

void Heartbeat::Report(bool all_is_well) { well_at_ns_.store(all_is_well ? edges_.clock->Monotonic() : kNever); }

bool Heartbeat::IsDue(TimeNs monotonic) const {
  return monotonic - well_at_ns_.load() <= kWordAgeMax && monotonic >= next_ns_;
}

bool Heartbeat::Step() {
  const TimeNs monotonic = edges_.clock->Monotonic();
  if (!IsDue(monotonic)) return false;
  const Status status = Ask();
  ++(status.ok() ? beats_ : failures_);
  next_ns_ = monotonic + (status.ok() ? config_.heartbeat_every : std::min(config_.heartbeat_every, kRetryAfter));
  const std::string words = hearing_.Hear(Annotate(status, "the heartbeat"), "the heartbeat is heard again");
  if (!words.empty()) edges_.say(words);
  return true;
}

// The URL is a secret as a rule (whoever knows it can play us), so no word of it is said.
Status Heartbeat::Ask() {
  HttpRequest request;
  request.url = config_.heartbeat;
  if (config_.secret_heartbeat.given()) {
    StatusOr<std::string> url = ReadSecret(config_.secret_heartbeat);
    if (!url.ok()) return url.status();
    request.url = *std::move(url);
  }
  const StatusOr<HttpResponse> answer = edges_.http->Send(request);
  if (!answer.ok()) return Unavailable(WithoutSecrets(MessageOf(answer.status()), {request.url}));
  if (answer->status >= 200 && answer->status <= 299) return OkStatus();
  return Unavailable("was answered with status " + std::to_string(answer->status));
}

void Heartbeat::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Heartbeat::Stop() {
  const std::lock_guard lock(mutex_);
  stop_ = true;
  changed_.notify_all();
}

void Heartbeat::Run() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    lock.unlock();
    Step();
    lock.lock();
    changed_.wait_for(lock, std::chrono::nanoseconds(kLookEvery), [this] { return stop_; });
  }
}

}  // namespace revertd
