#include "daemon/sidecar.h"

#include <unistd.h>

#include <thread>
#include <utility>

#include "daemon/analysis_rounds.h"
#include "daemon/event_json.h"

namespace revertd {

Sidecar::Sidecar(const Config& config, bool use_io_uring, SimdKernel kernel, std::string fault_point)
    : config_(config),
      use_io_uring_(use_io_uring),
      kernel_(kernel),
      fault_point_(std::move(fault_point)),
      services_(config_.limits.table_places()),
      ring_(config_.limits.table_places(), kRingSeconds, config_.window_parts()),
      events_(STDOUT_FILENO),
      sentry_(config_.sentry ? std::make_unique<SentryIntake>(config_, [this] { WaitForRoomForErrors(); }) : nullptr),
      sources_(config_, &services_, &ring_, &clock_,
               {.make_room = [this] { return MakeRoomInRing(); },
                .on_batch = [this] { WakeAnalysisIfSealed(); },
                .on_event = [this](const SourceEvent& event) { PrintSourceEvent(event); },
                .positions = &positions_,
                .errors = sentry_.get()}),
      health_(config_) {}

Sidecar::~Sidecar() = default;

Status Sidecar::Open() {
  auto state = StateStore::Open(config_.state, StateStore::Access::kOwner);
  if (!state.ok()) return state.status();
  state_ = *std::move(state);
  if (config_.executes) {
    executor_ =
        std::make_unique<ExecutorHost>(config_, &clock_, &events_, fault_point_, [this] { executor_wake_.Notify(); });
    REVERTD_RETURN_IF_ERROR(executor_->Open());
  }
  // Followed files are read again from their positions, and a restarted `tail -F` may tell the log's end again: what
  // the state holds already is sealed, and counted once.
  const auto newest = state_->ReadNewestSecond();
  if (!newest.ok()) return newest.status();
  if (newest->has_value()) ring_.SealThrough(**newest);
  REVERTD_RETURN_IF_ERROR(OpenSources(newest->value_or(kNoSecond)));
  REVERTD_RETURN_IF_ERROR(OpenHealth());
  OpenHeartbeat();
  auto doors = Doors::Open(config_, &board_, &health_, &clock_, sentry_.get());
  if (!doors.ok()) return doors.status();
  doors_ = *std::move(doors);
  return OkStatus();
}

Status Sidecar::OpenSources(int64_t counted_through) {
  auto positions = state_->ReadFilePositions();
  if (!positions.ok()) return positions.status();
  REVERTD_RETURN_IF_ERROR(sources_.Open({.use_io_uring = use_io_uring_,
                                         .kernel = kernel_,
                                         .counted_through = counted_through,
                                         .positions = *std::move(positions),
                                         .stdin_fd = STDIN_FILENO}));
  if (!sources_.fallback_reason().empty()) {
    Say("io_uring cannot be used (" + sources_.fallback_reason() + "); reading with poll() and read()");
  }
  return OkStatus();
}

Status Sidecar::OpenHealth() {
  auto questions = OpenHealthQuestions(config_);
  if (!questions.ok()) return questions.status();
  poller_ = std::make_unique<HealthPoller>(*std::move(questions), &clock_, &health_);
  return OkStatus();
}

void Sidecar::OpenHeartbeat() {
  if (!Heartbeat::IsAskedFor(config_.watchdog)) return;
  // The limit, which a stop waits for, holds for the look-up of the name too.
  const HttpLimits limits{.total_timeout = Heartbeat::kAskLimit};
  const HttpOptions options{.leaves_lookups = true};
  heartbeat_ = std::make_unique<Heartbeat>(config_.watchdog,
                                           Heartbeat::Edges{.http = std::make_unique<CurlHttpClient>(limits, options),
                                                            .clock = &clock_,
                                                            .say = [](std::string_view words) { Say(words); }});
}

void Sidecar::PrintSourceEvent(const SourceEvent& event) {
  events_.Print(ToEvent(event));
  Say(std::string(event.source) + ": " + std::string(event.what) + (event.detail.empty() ? "" : ": " + event.detail));
}

Status Sidecar::Run() {
  doors_->Start();
  poller_->Start();
  if (heartbeat_) heartbeat_->Start();
  std::thread executor([this] { ExecutorThread(); });
  std::thread analysis([this] { AnalysisThread(); });
  std::thread ingest([this] { IngestThread(); });
  ingest.join();
  poller_->Stop();  // while the others end
  if (heartbeat_) heartbeat_->Stop();
  analysis.join();
  executor.join();
  doors_.reset();
  poller_.reset();
  heartbeat_.reset();
  return source_status_;
}

void Sidecar::Stop() {
  stop_.store(true);
  analysis_wake_.Notify();
  executor_wake_.Notify();
}

bool Sidecar::MakeRoomInRing() {
  // Analysis is woken and given time: a burst after a pause must not cost lines. Past the limit it is stuck, and the
  // line is a counted drop.
  const int64_t sealed = ring_.sealed_through();
  for (DurationNs waited = 0; waited < kRoomWaitMax && !stop_.load(); waited += kMillisecondNs) {
    if (ring_.collected_through() >= sealed) return true;
    analysis_wake_.Notify();
    clock_.SleepFor(kMillisecondNs);
  }
  return ring_.collected_through() >= sealed;
}

void Sidecar::WaitForRoomForErrors() {
  for (DurationNs waited = 0; waited < kRoomWaitMax && !stop_.load(); waited += kMillisecondNs) {
    if (!sentry_->inbox().is_full()) return;
    analysis_wake_.Notify();
    clock_.SleepFor(kMillisecondNs);
  }
}

// Analysis takes whole seconds: to wake it for every line would cost more than the line.
void Sidecar::WakeAnalysisIfSealed() {
  const int64_t sealed = ring_.sealed_through();
  if (std::exchange(woken_for_, sealed) != sealed) analysis_wake_.Notify();
}

void Sidecar::IngestThread() {
  source_status_ = sources_.Run(stop_);
  sources_ended_.store(true);
  analysis_wake_.Notify();
}

void Sidecar::AnalysisThread() {
  AnalysisRounds rounds({.config = &config_,
                         .clock = &clock_,
                         .state = state_.get(),
                         .events = &events_,
                         .services = &services_,
                         .ring = &ring_,
                         .positions = &positions_,
                         .sources = &sources_,
                         .board = &board_,
                         .health = &health_,
                         .heartbeat = heartbeat_.get(),
                         .sentry = sentry_.get(),
                         .trigger_written = [this] { executor_wake_.Notify(); }});
  while (true) {
    // Read before the ring is drained: whatever was counted before the end is then in what is collected.
    const bool last_round = sources_ended_.load();
    if (last_round && sentry_) sentry_->inbox().Close();
    rounds.Round(last_round);
    if (last_round) break;
    analysis_wake_.Wait(AnalysisRounds::kInboxPoll);
  }
  analysis_ended_.store(true);
  executor_wake_.Notify();
}

void Sidecar::ExecutorThread() {
  if (!executor_) return;
  while (true) {
    const bool last_round = analysis_ended_.load();
    const bool advanced = executor_->RunOnce();
    if (last_round) break;
    if (!advanced) executor_wake_.Wait(kExecutorPoll);
  }
  executor_->LetMessagesOut(kLastWordsMax);
  executor_.reset();
}

}  // namespace revertd
