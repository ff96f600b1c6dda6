#include "analysis/follow_up_desk.h"

#include <algorithm>
#include <utility>

namespace revertd {
namespace {

// Hours later a rate may be another for everyone, or by the time of day: whoever has no control that stayed as it was
// is not blamed. Errors are a person's case then, unless others explain them; what else moved is told, and no case.
Verdict HoursLater(Verdict verdict) {
  const bool has_control = !verdict.evidence.empty() && !verdict.evidence.front().control.empty();
  if (verdict.state == VerdictState::kRegressed && !has_control) {
    verdict.state = VerdictState::kAmbiguous;
    if (!IsByRule(verdict)) verdict.reason = kNoControlForSignal;
  }
  const bool is_of_errors =
      !verdict.evidence.empty() && SignalNamed(verdict.evidence.front().signal) == Signal::kErrors;
  // Of a service that it calls, that service's own watch tells.
  const bool is_a_case = is_of_errors && verdict.reason != kCalleeMoved && verdict.reason != kControlMoved;
  if (verdict.state == VerdictState::kAmbiguous && !is_a_case) verdict.state = VerdictState::kInconclusive;
  return verdict;
}

bool IsBad(VerdictState state) { return state == VerdictState::kRegressed || state == VerdictState::kAmbiguous; }

}  // namespace

FollowUpDesk::FollowUpDesk(const Config& config, const DeployRegistry& registry, TriggerDesk* decisions,
                           AnalysisSink* sink)
    : config_(config),
      registry_(registry),
      decisions_(decisions),
      sink_(sink),
      length_(config.detect.observe / kSecondNs) {}

bool FollowUpDesk::IsOver(const DeployRecord& record, int64_t second) const {
  return record.abandoned() || registry_.Superseded(record, second);
}

void FollowUpDesk::Take(DeployRecord* record, int64_t second) {
  if (record->deploy.kind != DeployKind::kRelease || record->state == VerdictState::kRegressed) return;
  if (!record->deploy.finished() || IsOver(*record, second)) return;
  const std::vector<DurationNs>& done = record->follow_ups_done;
  for (const DurationNs after : config_.detect.follow_ups) {
    const bool is_armed = std::any_of(armed_.begin(), armed_.end(), [&](const Armed& armed) {
      return armed.record == record && armed.after_ns == after;
    });
    if (is_armed || std::find(done.begin(), done.end(), after) != done.end()) continue;
    int64_t due = record->first_second() + after / kSecondNs;
    if (due <= second) due = second + 1 + length_;
    armed_.push_back({record, after, due});
    record->followed_up = true;
  }
  std::stable_sort(armed_.begin(), armed_.end(),
                   [](const Armed& a, const Armed& b) { return a.due_second < b.due_second; });
}

std::optional<int64_t> FollowUpDesk::NextDue() const {
  std::optional<int64_t> due;
  if (!armed_.empty()) due = armed_.front().due_second - 1;
  for (const Called& called : called_)
    due = std::min(due.value_or(called.decisions.next_ask_second), called.decisions.next_ask_second);
  return due;
}

void FollowUpDesk::SealedThrough(int64_t second, const WatchSources& sources, const Around& around) {
  while (!armed_.empty() && armed_.front().due_second <= second + 1) {
    const Armed due = armed_.front();
    armed_.erase(armed_.begin());
    Run(due, sources, around);
    Release(due.record);
  }
  std::erase_if(called_, [&](Called& called) {
    DeployRecord* record = called.record;
    if (!IsOver(*record, second)) decisions_->Step(*record, *record->told_verdict, second, &called.decisions);
    const std::optional<Decision>& told = called.decisions.told;
    const bool is_settled = told && !MayPass(*told) && !called.decisions.trigger_unwritten;
    return is_settled || IsOver(*record, second);
  });
}

void FollowUpDesk::Release(DeployRecord* record) {
  record->followed_up =
      std::any_of(armed_.begin(), armed_.end(), [record](const Armed& armed) { return armed.record == record; });
}

void FollowUpDesk::Run(const Armed& armed, const WatchSources& sources, const Around& around) {
  DeployRecord* record = armed.record;
  if (record->state == VerdictState::kRegressed || IsOver(*record, armed.due_second - 1)) return;
  const double value_factor = static_cast<double>(config_.detect.follow_ups.size()) / kFollowUpAlphaShare;
  OpenWatch watch = OpenFollowUp(record, armed.due_second - length_, value_factor, sources);
  while (watch.next_second < armed.due_second) {
    const int64_t second = watch.next_second;
    Fold(sources, &watch);
    watch.release->Judge(second, around(watch, second));
  }
  watch.release->Close(armed.due_second - 1, "follow_up_ended");
  const Verdict verdict = HoursLater(watch.release->verdict());
  record->follow_ups_done.push_back(armed.after_ns);
  const bool takes_back = IsBad(verdict.state) && verdict.state != record->state;
  if (takes_back && record->state != VerdictState::kRegressed) TakeBack(record, verdict);
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
