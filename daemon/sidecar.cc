#include "daemon/sidecar.h"

#include <unistd.h>

#include <filesystem>
#include <thread>
#include <utility>

#include "analysis/analysis_loop.h"
#include "analysis/rollups.h"
#include "daemon/commands.h"
#include "daemon/event_json.h"
#include "daemon/gate_facts.h"
#include "daemon/inbox.h"
#include "daemon/restore.h"
#include "daemon/status_report.h"
#include "daemon/store_sink.h"

namespace revertd {

Sidecar::Sidecar(const Config& config, bool use_io_uring, SimdKernel kernel, std::string fault_point)
    : config_(config),
      use_io_uring_(use_io_uring),
      kernel_(kernel),
      fault_point_(std::move(fault_point)),
      services_(config_.limits.table_places()),
      ring_(config_.limits.table_places(), kRingSeconds, config_.window_parts()),
      events_(STDOUT_FILENO),
      sources_(config_, &services_, &ring_, &clock_,
               {.make_room = [this] { return MakeRoomInRing(); },
                .on_batch = [this] { WakeAnalysisIfSealed(); },
                .on_event = [this](const SourceEvent& event) { PrintSourceEvent(event); },
                .positions = &positions_}) {}

Sidecar::~Sidecar() = default;

Status Sidecar::Open() {
  auto state = StateStore::Open(config_.state, StateStore::Access::kOwner);
  if (!state.ok()) return state.status();
  state_ = *std::move(state);
  if (config_.executes) {
    executor_ = std::make_unique<ExecutorHost>(config_, &events_, fault_point_, [this] { executor_wake_.Notify(); });
    REVERTD_RETURN_IF_ERROR(executor_->Open());
  }
  // Followed files are read again from their positions, and a restarted `tail -F` may tell the log's end again: what
  // the state holds already is sealed, and counted once.
  const auto newest = state_->ReadNewestSecond();
  if (!newest.ok()) return newest.status();
  if (newest->has_value()) ring_.SealThrough(**newest);
  return OpenSources(newest->value_or(kNoSecond));
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

void Sidecar::PrintSourceEvent(const SourceEvent& event) {
  events_.Print(ToEvent(event));
  Say(std::string(event.source) + ": " + std::string(event.what) + (event.detail.empty() ? "" : ": " + event.detail));
}

Status Sidecar::Run() {
  std::thread executor([this] { ExecutorThread(); });
  std::thread analysis([this] { AnalysisThread(); });
  std::thread ingest([this] { IngestThread(); });
  ingest.join();
  analysis.join();
  executor.join();
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
  StoreSink sink(state_.get(), &events_, [this] { executor_wake_.Notify(); });
  Rollups rollups(services_, [&sink](std::string_view service, int64_t start_second, std::string_view bytes) {
    sink.OnMinute(service, start_second, bytes);
  });
  if (const Status status = RestoreRollups(*state_, &rollups); !status.ok()) Say(MessageOf(status));
  AnalysisLoop analysis(
      config_, services_, [this](std::string_view repo) { return GateFactsNow(repo); }, &sink, &rollups);
  if (const Status status = RestoreAnalysis(*state_, clock_.Now(), &analysis); !status.ok()) {
    Say("starting without what was known before: " + std::string(MessageOf(status)));
  }
  const TimeNs started = clock_.Now();
  TimeNs inbox_at = 0;
  TimeNs written_at = 0;
  bool has_positions = false;
  while (true) {
    // Read before the ring is drained: whatever was counted before the end is then in what is collected.
    const bool last_round = sources_ended_.load();
    const TimeNs now = clock_.Now();
    if (now - inbox_at >= kInboxPoll || last_round) {
      inbox_at = now;
      if (const Status status = TakeInbox(state_.get(), &analysis, &sink, now); !status.ok()) Say(MessageOf(status));
    }
    const int64_t sealed = ring_.Collect([&](const Window& window) {
      rollups.OnWindow(window);
      analysis.OnWindow(window);
    });
    if (sealed != kNoSecond) {
      analysis.SealedThrough(sealed);
      rollups.SealedThrough(sealed);
      sink.WriteVerdicts();
    }
    if (last_round) rollups.Finish();
    if (auto positions = positions_.Take(sealed)) {
      sink.SetPositions(*std::move(positions));
      // Where reading began is written at once: after a kill in the first second it would begin at the files' ends.
      if (!std::exchange(has_positions, true)) written_at = 0;
    }
    if (now - written_at >= kWriteEvery || last_round) {
      written_at = now;
      sink.Flush(now);
      const StatusFacts facts{.event_loop = sources_.loop_name(),
                              .started_ns = started,
                              .now_ns = now,
                              .running = !last_round,
                              .sealed_through = sealed,
                              .events_dropped = events_.dropped(),
                              .writes_dropped = sink.writes_dropped(),
                              .rollup_bytes = rollups.bytes(),
                              .rollup_chunks_cut = rollups.chunks_cut(),
                              .rollups_out_of_order = rollups.windows_disordered(),
                              .parts_overflow = analysis.parts_overflow()};
      const Status status = state_->WriteStatus(StatusJson(facts, sources_.views(), services_, analysis.OpenWatches()));
      if (!status.ok()) sink.Flush(now);  // says it, once a failure
    }
    if (last_round) break;
    analysis_wake_.Wait(kInboxPoll);
  }
  analysis_ended_.store(true);
  executor_wake_.Notify();
}

// An executor of its own may start later than the sidecar; until then the gate is closed.
GateFacts Sidecar::GateFactsNow(std::string_view repo) {
  if (!journal_view_) {
    auto view = ExecutorStore::Open(ExecutorDatabaseOf(config_), ExecutorStore::Access::kReadOnly);
    if (view.ok()) journal_view_ = *std::move(view);
  }
  GateFacts facts = ReadGateFacts(config_, *state_, journal_view_.get(), clock_.Now(), repo);
  facts.source_stale = sources_.HasStale();
  return facts;
}

void Sidecar::ExecutorThread() {
  if (!executor_) return;
  while (true) {
    const bool last_round = analysis_ended_.load();
    const bool advanced = executor_->RunOnce();
    if (last_round) break;
    if (!advanced) executor_wake_.Wait(kInboxPoll);
  }
  executor_->LetMessagesOut(kLastWordsMax);
  executor_.reset();
}

}  // namespace revertd
