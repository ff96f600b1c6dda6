#include "daemon/analysis_rounds.h"
#include "daemon/health_history.h"

#include <limits>
#include <utility>

#include "analysis/rules.h"
#include "daemon/api/metrics_text.h"
#include "daemon/commands.h"
#include "daemon/event_json.h"
#include "daemon/gate_facts.h"
#include "daemon/inbox.h"
#include "daemon/restore.h"
#include "daemon/status_report.h"

namespace revertd {
namespace {

constexpr std::string_view kReleasesNote = "releases";
constexpr TimeNs kNever = std::numeric_limits<TimeNs>::min() / 2;

// One that is no longer configured is never answered again: its last word would stand for ever.
bool IsAsked(const Config& config, const HealthResult& result) {
  const ServiceConfig* service = config.FindService(result.service);
  return service != nullptr && HasFatalCheck(*service, result.check);
}

}  // namespace

AnalysisRounds::AnalysisRounds(Edges edges)
    : edges_(std::move(edges)),
      sink_(edges_.state, edges_.events, edges_.trigger_written),
      rollups_(*edges_.services, [this](std::string_view service, int64_t start_second,
                                        std::string_view bytes) { sink_.OnMinute(service, start_second, bytes); }),
      analysis_(
          *edges_.config, *edges_.services, [this](const Deploy& deploy) { return GateFactsNow(deploy); }, &sink_,
          &rollups_),
      releases_(*edges_.config, *edges_.services),
      trail_(edges_.state),
      lookout_({.config = edges_.config,
                .clock = edges_.clock,
                .sources = edges_.sources,
                .ring = edges_.ring,
                .state = edges_.state,
                .sink = &sink_,
                .heartbeat = edges_.heartbeat,
                .executor = [this] { return Executor(); }}),
      started_(edges_.clock->Now()),
      monotonic_(edges_.clock->Monotonic()),
      begun_(monotonic_),
      inbox_at_(kNever),
      written_at_(kNever),
      releases_written_at_(kNever) {
  Restore();
}

void AnalysisRounds::Restore() {
  analysis_.ListenToErrorsFrom(FloorToSecond(edges_.clock->Now()));
  if (const Status status = RestoreRollups(*edges_.state, &rollups_); !status.ok()) Say(MessageOf(status));
  if (const Status status = RestoreAnalysis(*edges_.state, edges_.clock->Now(), &analysis_); !status.ok()) {
    Say("starting without what was known before: " + std::string(MessageOf(status)));
  }
  const Status health = ReadHealthBefore(*edges_.state, edges_.clock->Now(), [this](const HealthResult& result) {
    if (IsAsked(*edges_.config, result)) analysis_.OnHealth(result);
  });
  if (!health.ok()) Say("starting without what health checks found before: " + std::string(MessageOf(health)));
  analysis_.AwaitHealth();
  if (const Status status = lookout_.Restore(); !status.ok()) Say(MessageOf(status));
  if (!releases_.is_needed()) return;
  const auto note = edges_.state->ReadNote(kReleasesNote);
  Status status = note.status();
  if (note.ok() && note->has_value()) status = releases_.Restore(**note);
  if (!status.ok()) Say("starting without the releases known before: " + std::string(MessageOf(status)));
}

void AnalysisRounds::Round(bool is_last) {
  const TimeNs now = edges_.clock->Now();
  monotonic_ = edges_.clock->Monotonic();
  if (!is_last) LookAround();
  TakeMessages(now, is_last);
  TakeErrors();  // before the seconds that they belong to are sealed
  const int64_t sealed = TakeWindows();
  if (is_last) rollups_.Finish();
  if (auto positions = edges_.positions->Take(sealed)) {
    sink_.SetPositions(*std::move(positions));
    // Where reading began is written at once: after a kill in the first second it would begin at the files' ends.
    if (!std::exchange(has_positions_, true)) written_at_ = kNever;
  }
  if (monotonic_ - written_at_ >= kWriteEvery || is_last) Write(now, sealed, is_last);
}

// The watchdog meets analysis here and nowhere else, before windows are judged. The end of the sources is the end of
// the process, and no trouble.
void AnalysisRounds::LookAround() {
  if (lookout_.Look(status_failure_)) analysis_.SetBlind(!lookout_.standing().empty());
}

void AnalysisRounds::TakeMessages(TimeNs now, bool is_last) {
  if (monotonic_ - inbox_at_ < kInboxPoll && !is_last) return;
  inbox_at_ = monotonic_;
  if (const Status status = TakeInbox(edges_.state, &analysis_, &sink_, now); !status.ok()) Say(MessageOf(status));
  TakeHealth();
}

void AnalysisRounds::TakeHealth() {
  for (const HealthResult& result : edges_.health->Take()) {
    analysis_.OnHealth(result);
    if (result.is_change) sink_.OnEvent(EventOf(result));
  }
}

void AnalysisRounds::TakeErrors() {
  if (edges_.sentry == nullptr) return;
  const ErrorInbox::Taken taken = edges_.sentry->inbox().Take();
  for (const ErrorEvent& event : taken.events) analysis_.OnErrorEvent(event);
  for (const SessionCounts& sessions : taken.sessions) analysis_.OnSessions(sessions);
}

int64_t AnalysisRounds::TakeWindows() {
  const int64_t sealed = edges_.ring->Collect([this](const Window& window) {
    rollups_.OnWindow(window);
    analysis_.OnWindow(window);
    metrics_.OnWindow(window);
    if (releases_.is_needed()) releases_.OnWindow(window);
  });
  if (sealed == kNoSecond) {
    SealByTheWall();
    return sealed;
  }
  if (releases_.is_needed()) WatchReleases(sealed);
  analysis_.SealedThrough(sealed);
  rollups_.SealedThrough(sealed);
  sink_.WriteVerdicts();
  return sealed;
}

// Where no log speaks, error events are judged all the same. Once it speaks, its time is the time.
void AnalysisRounds::SealByTheWall() {
  if (edges_.sentry == nullptr || monotonic_ - begun_ < kNoLogAfter) return;
  analysis_.SealedThrough(FloorToSecond(edges_.clock->Now()) - edges_.config->detect.lateness_seconds - 1);
  sink_.WriteVerdicts();
}

void AnalysisRounds::WatchReleases(int64_t sealed) {
  const std::vector<Deploy> deploys = releases_.SealedThrough(sealed);
  // Before the deploys: a kill in between then forgets none that was told of.
  if (!deploys.empty() || monotonic_ - releases_written_at_ >= kReleasesWrittenEvery) WriteReleases();
  for (const Deploy& deploy : deploys) {
    if (const auto known = analysis_.OnDeploy(deploy); !known.ok()) Say(MessageOf(known.status()));
  }
}

void AnalysisRounds::WriteReleases() {
  releases_written_at_ = monotonic_;
  const Status status = edges_.state->WriteNote(kReleasesNote, releases_.Encode());
  if (!status.ok()) Say(MessageOf(status));
}

void AnalysisRounds::Write(TimeNs now, int64_t sealed, bool is_last) {
  written_at_ = monotonic_;
  if (is_last && releases_.is_needed()) WriteReleases();
  if (const ExecutorStore* executor = Executor()) {
    const Status status = trail_.TakeOver(*executor, now);
    const std::string words(status.ok() ? std::string_view() : MessageOf(status));
    if (words != trail_told_ && !words.empty()) Say(words);
    trail_told_ = words;
  }
  sink_.Flush(now);
  Publish(now, sealed, is_last);
}

void AnalysisRounds::Publish(TimeNs now, int64_t sealed, bool is_last) {
  const StatusFacts facts{.event_loop = edges_.sources->loop_name(),
                          .started_ns = started_,
                          .now_ns = now,
                          .running = !is_last,
                          .sealed_through = sealed,
                          .events_dropped = edges_.events->dropped(),
                          .writes_dropped = sink_.writes_dropped(),
                          .rollup_bytes = rollups_.bytes(),
                          .rollup_chunks_cut = rollups_.chunks_cut(),
                          .rollups_out_of_order = rollups_.windows_disordered(),
                          .follow_ups = analysis_.ArmedFollowUps(),
                          .troubles = lookout_.standing(),
                          .troubles_begun = lookout_.begun(),
                          .heartbeats = edges_.heartbeat == nullptr ? 0 : edges_.heartbeat->beats(),
                          .heartbeats_failed = edges_.heartbeat == nullptr ? 0 : edges_.heartbeat->failures(),
                          .sentry = edges_.sentry == nullptr ? nullptr : &edges_.sentry->counters(),
                          .errors = analysis_.error_counters(),
                          .parts_overflow = analysis_.parts_overflow()};
  const auto sources = edges_.sources->views();
  const auto watches = analysis_.OpenWatches();
  std::string json = StatusJson(facts, sources, *edges_.services, watches, edges_.health->Read());
  const Status status = edges_.state->WriteStatus(json);
  status_failure_ = MessageOf(status);
  if (!status.ok()) sink_.Flush(now);  // says it, once a failure
  edges_.board->Publish({.at_ns = now,
                         .running = !is_last,
                         .troubles = NamesOf(facts.troubles),
                         .status = std::move(json),
                         .metrics = MetricsText(facts, sources, *edges_.services, metrics_, watches)});
}

// An executor of its own may start later than the sidecar.
const ExecutorStore* AnalysisRounds::Executor() {
  if (!executor_) {
    auto view = ExecutorStore::Open(ExecutorDatabaseOf(*edges_.config), ExecutorStore::Access::kReadOnly);
    if (view.ok()) executor_ = *std::move(view);
  }
  return executor_.get();
}

// Until there is an executor the gate is closed.
GateFacts AnalysisRounds::GateFactsNow(const Deploy& deploy) {
  GateFacts facts = ReadGateFacts(*edges_.config, *edges_.state, Executor(), edges_.clock->Now(), deploy);
  facts.source_stale = edges_.sources->HasStale();
  return facts;
}

}  // namespace revertd
