#include "analysis/follow_up_desk.h"

#include <algorithm>
#include <utility>

#include "analysis/late_desk.h"

namespace revertd {
namespace {

// Of the blocks of what is looked at so many may be without a request of any service: more, and nobody looked.
constexpr double kUnseenShareMax = 0.25;

// Hours later a rate may be another for everyone, or by the time of day: whoever has no control that stayed as it was
// is not blamed. Errors, and what an owner's rule calls bad, are a person's case then, unless others explain them; what
// else moved is told, and no case.
Verdict HoursLater(Verdict verdict) {
  const bool has_control = !verdict.evidence.empty() && !verdict.evidence.front().control.empty();
  if (verdict.state == VerdictState::kRegressed && !has_control) {
    verdict.state = VerdictState::kAmbiguous;
    verdict.reason = kNoControlForSignal;
  }
  const bool is_of_errors =
      !verdict.evidence.empty() && SignalNamed(verdict.evidence.front().signal) == Signal::kErrors;
  // Of a service that it calls, that service's own watch tells.
  const bool is_a_case =
      IsByRule(verdict) || (is_of_errors && verdict.reason != kCalleeMoved && verdict.reason != kControlMoved);
  if (verdict.state == VerdictState::kAmbiguous && !is_a_case) verdict.state = VerdictState::kInconclusive;
  return verdict;
}

bool IsBad(VerdictState state) { return state == VerdictState::kRegressed || state == VerdictState::kAmbiguous; }

bool IsSettled(const DecisionTrack& decisions) {
  return decisions.told && !MayPass(*decisions.told) && !decisions.trigger_unwritten;
}

// A decision older than the verdict answers an earlier one.
DecisionTrack TrackOf(const DeployRecord& record) {
  const Verdict& told = *record.told_verdict;
  DecisionTrack decisions;
  decisions.next_ask_second = FloorToSecond(told.at_ns) - 1;
  if (!record.told_decision || record.told_decision->at_ns < told.at_ns) return decisions;
  decisions.told = record.told_decision;
  decisions.asked_for = told.state;
  decisions.next_ask_second = FloorToSecond(record.told_decision->at_ns) - 1 + kAskAgainSeconds;
  return decisions;
}

// Where too much of [from, to) is unseen, the end of the last unseen block that begins in it; else `from`. A service
// without traffic of its own is seen as long as others have some.
int64_t SeenFrom(const SeriesByService& series, int64_t from, int64_t to) {
  const int64_t first = HistoryBlockStart(from);
  const int64_t end = HistoryBlockStart(to);
  std::vector<bool> seen(static_cast<size_t>((end - first) / kHistoryBlockSeconds), false);
  size_t missing = seen.size();
  for (auto service = series.begin(); service != series.end() && missing > 0; ++service) {
    service->second.ForEachBlockIn({first, end}, [&](const HistoryBlock& block) {
      const auto place = static_cast<size_t>((block.start_second - first) / kHistoryBlockSeconds);
      if (!seen[place]) --missing;
      seen[place] = true;
    });
  }
  if (static_cast<double>(missing) <= kUnseenShareMax * static_cast<double>(seen.size())) return from;
  const auto last = std::find(seen.rbegin(), seen.rend(), false);
  return end - (last - seen.rbegin()) * kHistoryBlockSeconds;
}

// Of latency, which the log tells, it is not known how it was before the deploy.
bool IsLatencyUnknown(const OpenWatch& watch, int64_t from, int64_t to, const WatchSources& sources) {
  if (sources.rollups == nullptr) return false;
  const std::optional<Verdict>& told = watch.record->told_verdict;
  bool is_unknown = false;
  for (const Signal signal : kAllSignals) {
    const SignalTraits& traits = TraitsOf(signal);
    if (signal == Signal::kErrors || !traits.proves_health || watch.signals->baseline(signal).known()) continue;
    is_unknown = true;
    const auto is_of_it = [&traits](const Evidence& evidence) { return evidence.signal == traits.name; };
    if (told && std::any_of(told->evidence.begin(), told->evidence.end(), is_of_it)) return true;
  }
  if (!is_unknown) return false;
  JoinedTotals totals;
  sources.rollups->Sum(watch.record->deploy.service, from, to, &totals);
  return !totals.latency.empty();
}

}  // namespace

FollowUpDesk::FollowUpDesk(const Config& config, const DeployRegistry& registry, TriggerDesk* decisions,
                           AnalysisSink* sink)
    : config_(config),
      registry_(registry),
      decisions_(decisions),
      sink_(sink),
      length_(config.detect.observe / kSecondNs) {}

bool FollowUpDesk::IsOver(const DeployRecord& record, int64_t second) const {
  return record.abandoned() || registry_.Replaced(record, second);
}

void FollowUpDesk::Take(DeployRecord* record, int64_t second, const DecisionTrack& decisions) {
  if (record->deploy.kind != DeployKind::kRelease || !record->deploy.finished() || IsOver(*record, second)) return;
  if (second < started_) TakeUpFromBeforeRestart(record);
  if (IsLeftToRelease(*record, decisions)) KeepAsking(record, decisions);
  if (record->state == VerdictState::kRegressed) return;
  const int64_t now = std::max(second, started_);
  const std::vector<DurationNs>& done = record->follow_ups_done;
  for (const DurationNs after : config_.detect.follow_ups) {
    const bool is_armed = std::any_of(armed_.begin(), armed_.end(), [&](const Armed& armed) {
      return armed.record == record && armed.after_ns == after;
    });
    if (is_armed || std::find(done.begin(), done.end(), after) != done.end()) continue;
    Armed armed{record, after};
    armed.due_second = armed.asked_for_second();
    // Of what is kept, what it would look at may be read again; of what is not, nothing.
    const bool is_kept = armed.due_second - length_ > now - kLateRegistrationSeconds;
    if (!is_kept) armed.due_second = now + 1 + length_;
    Arm(armed, now);
  }
}

// Something else may hold it when it is asked last, a kill switch say, and the release be gone when that is over.
bool FollowUpDesk::IsLeftToRelease(const DeployRecord& record, const DecisionTrack& decisions) const {
  if (decisions.told && decisions.told->reason == kReleaseInCharge) return true;
  return record.told_verdict && IsBad(record.told_verdict->state) && !IsSettled(decisions) &&
         decisions_->IsInRelease(record.deploy);
}

// One that a follow-up called, and of which nobody knows that a decision stands.
void FollowUpDesk::TakeUpFromBeforeRestart(DeployRecord* record) {
  const std::optional<Verdict>& told = record->told_verdict;
  if (!told || !IsBad(told->state) || told->reason == kLateErrors) return;
  // Its own watch told nothing so late.
  if (told->at_ns <= (record->first_second() + length_) * kSecondNs) return;
  Called called{record, TrackOf(*record)};
  if (IsSettled(called.decisions)) return;
  called.decisions.next_ask_second = std::max(called.decisions.next_ask_second, started_);
  record->followed_up = true;
  called_.push_back(std::move(called));
}

void FollowUpDesk::KeepAsking(DeployRecord* record, const DecisionTrack& decisions) {
  const bool is_asked =
      std::any_of(called_.begin(), called_.end(), [record](const Called& called) { return called.record == record; });
  if (is_asked) return;
  called_.push_back({record, decisions});
  int64_t& next = called_.back().decisions.next_ask_second;
  next = std::max(next, started_);
  record->followed_up = true;
}

void FollowUpDesk::Arm(const Armed& armed, int64_t second) {
  const int64_t late = armed.due_second - armed.asked_for_second();
  if (late > kFollowUpLateSecondsMax) return TellTooLate(armed, second);
  Armed placed = armed;
  if (late > 0) placed.due_second = FirstFree(armed.due_second);
  const auto place = std::upper_bound(armed_.begin(), armed_.end(), placed,
                                      [](const Armed& a, const Armed& b) { return a.due_second < b.due_second; });
  armed_.insert(place, placed);
  placed.record->followed_up = true;
}

// What is late at once, after an outage or an upgrade, is spread: where it had to wait long its seconds would be gone.
int64_t FollowUpDesk::FirstFree(int64_t due_second) const {
  struct Earlier {
    bool operator()(const Armed& armed, int64_t second) const { return armed.due_second < second; }
    bool operator()(int64_t second, const Armed& armed) const { return second < armed.due_second; }
  };
  while (true) {
    const auto [first, last] = std::equal_range(armed_.begin(), armed_.end(), due_second, Earlier());
    if (last - first < kFollowUpsPerSecond) return due_second;
    ++due_second;
  }
}

void FollowUpDesk::TellTooLate(const Armed& armed, int64_t second) {
  Verdict verdict;
  verdict.deploy_id = armed.record->deploy.id;
  verdict.service = armed.record->deploy.service;
  verdict.state = VerdictState::kInconclusive;
  verdict.reason = kFollowUpTooLate;
  verdict.at_ns = (second + 1) * kSecondNs;
  armed.record->follow_ups_done.push_back(armed.after_ns);
  sink_->OnFollowUp({armed.after_ns, armed.asked_for_second() * kSecondNs, verdict});
}

std::optional<int64_t> FollowUpDesk::NextDue() const {
  std::optional<int64_t> due;
  if (!armed_.empty()) due = armed_.front().due_second - 1;
  for (const Called& called : called_)
    due = std::min(due.value_or(called.decisions.next_ask_second), called.decisions.next_ask_second);
  return due;
}

void FollowUpDesk::SealedThrough(int64_t second, const WatchSources& sources, const Around& around) {
  int runs = 0;
  while (!armed_.empty() && armed_.front().due_second <= second + 1 && runs < kFollowUpsPerSecond) {
    const Armed due = armed_.front();
    armed_.erase(armed_.begin());
    if (RunOrPutOff(due, second, sources, around)) ++runs;
    Release(due.record);
  }
  AskAgain(second);
}

// Nothing is done about one of which a part is being replaced: that may be what it took.
void FollowUpDesk::AskAgain(int64_t second) {
  std::vector<DeployRecord*> settled;
  std::erase_if(called_, [&](Called& called) {
    DeployRecord* record = called.record;
    const bool is_over = IsOver(*record, second);
    const bool is_alone = registry_.AloneFrom(*record, second, second + 1) == second;
    if (!is_over && is_alone) decisions_->Step(*record, *record->told_verdict, second, &called.decisions);
    if (!is_over && !IsSettled(called.decisions)) return false;
    settled.push_back(record);
    return true;
  });
  for (DeployRecord* record : settled) Release(record);
}

void FollowUpDesk::Release(DeployRecord* record) {
  const auto is_its = [record](const auto& one) { return one.record == record; };
  record->followed_up =
      std::any_of(armed_.begin(), armed_.end(), is_its) || std::any_of(called_.begin(), called_.end(), is_its);
}

// From where on what is looked at is seen, and of this deploy alone.
int64_t FollowUpDesk::SeenAloneFrom(const Armed& armed, const SeriesByService& series) const {
  const int64_t from = armed.due_second - length_;
  return std::max(registry_.AloneFrom(*armed.record, from, armed.due_second), SeenFrom(series, from, armed.due_second));
}

// Whether it was run; else it is armed for later, or over.
bool FollowUpDesk::RunOrPutOff(const Armed& armed, int64_t second, const WatchSources& sources, const Around& around) {
  DeployRecord* record = armed.record;
  if (record->state == VerdictState::kRegressed || IsOver(*record, armed.due_second - 1)) return false;
  const int64_t from = SeenAloneFrom(armed, sources.series);
  if (from > armed.due_second - length_) {
    Arm({record, armed.after_ns, from + length_}, second);
    return false;
  }
  Run(armed, sources, around);
  return true;
}

void FollowUpDesk::Run(const Armed& armed, const WatchSources& sources, const Around& around) {
  DeployRecord* record = armed.record;
  const double value_factor = static_cast<double>(config_.detect.follow_ups.size()) / kFollowUpAlphaShare;
  const int64_t from = armed.due_second - length_;
  OpenWatch watch = OpenFollowUp(record, from, value_factor, sources);
  const bool is_latency_unknown = IsLatencyUnknown(watch, from, armed.due_second, sources);
  while (watch.next_second < armed.due_second) {
    const int64_t second = watch.next_second;
    Fold(sources, &watch);
    Surroundings surroundings = around(watch, second);
    if (is_latency_unknown) surroundings.may_be_healthy = false;
    watch.release->Judge(second, surroundings);
  }
  watch.release->Close(armed.due_second - 1, is_latency_unknown ? kLatencyUnknown : "follow_up_ended");
  const Verdict verdict = HoursLater(watch.release->verdict());
  record->follow_ups_done.push_back(armed.after_ns);
  // One that only asks is no answer to errors.
  const bool is_told = verdict.state == record->state && OnlyAsks(verdict) == record->only_asks();
  if (IsBad(verdict.state) && !is_told) TakeBack(record, verdict);
  sink_->OnFollowUp({armed.after_ns, armed.due_second * kSecondNs, verdict});
}

void FollowUpDesk::TakeBack(DeployRecord* record, const Verdict& verdict) {
  record->state = verdict.state;
  record->told_verdict = verdict;
  sink_->OnVerdict(verdict);
  std::erase_if(called_, [record](const Called& called) { return called.record == record; });
  called_.push_back({record, {}});
}

}  // namespace revertd
