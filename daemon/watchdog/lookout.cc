#include "daemon/watchdog/lookout.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/counters.h"
#include "daemon/output.h"

namespace revertd {
namespace {

constexpr TimeNs kNever = std::numeric_limits<TimeNs>::min() / 2;

WatchdogFacts::Source SourceOf(const SourceSet::View& view, const SourceConfig& config, TimeNs monotonic) {
  const Counters& counters = *view.counters;
  const Counter refused_as = view.facts->refused_as.load();
  return {.name = view.name,
          .silent_for = monotonic - view.facts->heard_ns.load(std::memory_order_relaxed),
          .stale_after = config.stale_after_ns,
          .stale = view.facts->stale.load(),
          .refused_as = refused_as == Counter::kCount ? "" : NameOf(refused_as),
          .ended = view.facts->ended.load(),
          .lines = {.counted = counters.Get(Counter::kLinesSampled),
                    .too_late = counters.Get(Counter::kLinesTooLate),
                    .from_future = counters.Get(Counter::kLinesFromFuture)},
          .read_errors = counters.Get(Counter::kReadErrors)};
}

}  // namespace

Lookout::Lookout(Edges edges)
    : edges_(std::move(edges)),
      watchdog_({.clock_step_max = edges_.config->watchdog.clock_step_max,
                 .disk_free_min = edges_.config->watchdog.disk_free_min}),
      looked_at_(kNever),
      disk_asked_at_(kNever),
      executor_asked_at_(kNever) {}

Status Lookout::Restore() {
  const auto note = edges_.state->ReadNote(kTroublesNote);
  if (!note.ok()) return note.status();
  if (!note->has_value()) return OkStatus();
  auto troubles = DecodeTroubles(**note);
  if (!troubles.ok()) return troubles.status();
  watchdog_.Restore(*troubles);
  standing_ = watchdog_.standing();
  std::ranges::copy_if(*troubles, std::back_inserter(ended_),
                       [](const Trouble& trouble) { return trouble.ended_ns != 0; });
  return OkStatus();
}

bool Lookout::Look(std::string_view write_failure) {
  const TimeNs monotonic = edges_.clock->Monotonic();
  if (monotonic - looked_at_ < kLookEvery) return false;
  looked_at_ = monotonic;
  const TimeNs wall = edges_.clock->Now();
  AskDisk(monotonic);
  AskExecutor(monotonic);
  const WatchdogFacts facts = Gather(wall, monotonic, write_failure);
  Tell(watchdog_.Look(facts), wall);
  standing_ = watchdog_.standing();
  // A database that is locked is waited for; once a second is enough, and others do.
  if (note_is_due_ && facts.write_failure.empty()) WriteNote();
  if (edges_.heartbeat != nullptr) edges_.heartbeat->Report(IsAllWell(monotonic));
  return true;
}

// The first time only after as long as a trouble takes to be found: a process that dies and starts again and again
// would else say at each start that all is well.
bool Lookout::IsAllWell(TimeNs monotonic) {
  if (!standing_.empty()) {
    fine_since_.reset();
    return false;
  }
  if (!fine_since_) fine_since_ = monotonic;
  was_well_ = was_well_ || monotonic - *fine_since_ >= Watchdog::kSilentMax;
  return was_well_;
}

WatchdogFacts Lookout::Gather(TimeNs wall, TimeNs monotonic, std::string_view write_failure) {
  WatchdogFacts facts;
  facts.wall_ns = wall;
  facts.monotonic_ns = monotonic;
  const int64_t sealed = edges_.ring->sealed_through();
  if (sealed != kNoSecond) facts.newest_counted_ns = sealed * kSecondNs;
  const auto& views = edges_.sources->views();
  for (size_t i = 0; i < views.size(); ++i) {
    facts.sources.push_back(SourceOf(views[i], edges_.config->sources[i], monotonic));
  }
  facts.channels = channels_;
  facts.state = edges_.config->state;
  facts.disk_free_bytes = disk_free_bytes_;
  facts.write_failure = write_failure.empty() ? edges_.sink->failure() : write_failure;
  facts.executor_sign = executor_sign_;
  return facts;
}

// What cannot be asked is not known, and not full: a disk that is gone cannot be written either.
void Lookout::AskDisk(TimeNs monotonic) {
  if (monotonic - disk_asked_at_ < kDiskEvery) return;
  disk_asked_at_ = monotonic;
  const StatusOr<int64_t> free = edges_.free_bytes(edges_.config->state);
  disk_free_bytes_ = free.ok() ? std::optional(*free) : std::nullopt;
}

// While executor.db cannot be read its sign of life does not change, which is the same to us.
void Lookout::AskExecutor(TimeNs monotonic) {
  if (monotonic - executor_asked_at_ < kExecutorEvery) return;
  executor_asked_at_ = monotonic;
  const ExecutorStore* executor = edges_.executor();
  if (executor == nullptr) return;
  if (const StatusOr<int64_t> sign = executor->ReadCursor(kExecutorSign); sign.ok()) executor_sign_ = *sign;
  std::vector<WatchdogFacts::Channel> channels;
  for (const ChannelConfig& channel : edges_.config->notify) {
    const StatusOr<ChannelState> state = executor->ReadChannel(channel.name);
    if (!state.ok()) return;
    channels.push_back({channel.name, state->failing, state->outcome, state->untried, state->unreached});
  }
  channels_ = std::move(channels);
}

void Lookout::Tell(const std::vector<Trouble>& changes, TimeNs wall) {
  for (const Trouble& trouble : changes) {
    const bool has_ended = trouble.ended_ns != 0;
    begun_ += has_ended ? 0 : 1;
    edges_.sink->OnEvent(EventOf(trouble));
    Say("trouble: " + TitleOf(trouble) + (has_ended ? " is over" : ": " + trouble.words));
    if (has_ended) ended_.push_back(trouble);
  }
  const bool is_full = ended_.size() > kEndedMax;
  if (is_full) ended_.erase(ended_.begin(), ended_.end() - static_cast<std::ptrdiff_t>(kEndedMax));
  std::erase_if(ended_, [wall](const Trouble& trouble) { return wall - trouble.ended_ns > kEndedKept; });
  note_is_due_ = note_is_due_ || !changes.empty();
}

// Tried again at a later look: that it fails is a trouble of its own by then.
void Lookout::WriteNote() {
  std::vector<Trouble> troubles = ended_;
  troubles.insert(troubles.end(), standing_.begin(), standing_.end());
  note_is_due_ = !edges_.state->WriteNote(kTroublesNote, EncodeTroubles(troubles)).ok();
}

}  // namespace revertd
