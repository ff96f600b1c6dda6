#include "analysis/deploy_watch.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "analysis/rules.h"
#include "base/check.h"
#include "base/clock.h"

namespace revertd {
namespace {

// Of the many routes those are told that have something to say.
constexpr double kRouteValueTold = 20;

TimeNs EndOf(int64_t second) { return (second + 1) * kSecondNs; }

void LeadByErrors(std::vector<Evidence>* evidence) {
  std::stable_partition(evidence->begin(), evidence->end(),
                        [](const Evidence& one) { return IsErrorSignal(one.signal); });
}

}  // namespace

DeployWatch::DeployWatch(WatchPlan plan) : first_second_(plan.first_second) {
  REVERTD_CHECK(plan.signals.size() >= kSignals);
  verdict_.deploy_id = std::move(plan.deploy_id);
  verdict_.service = std::move(plan.service);
  for (SignalPlan& signal : plan.signals) signals_.emplace_back(std::move(signal));
  if (plan.errors) tracked_.emplace(*std::move(plan.errors));
  Change(first_second_ - 1, VerdictState::kWatching, "watch_started", errors());
}

void DeployWatch::Observe(int64_t second, std::span<const SignalSecond> signals) {
  REVERTD_CHECK(signals.size() == signals_.size());
  if (verdict_.state == VerdictState::kRegressed) return;
  for (size_t i = 0; i < signals.size(); ++i) signals_[i].Observe(second, signals[i]);
}

void DeployWatch::ObserveErrors(int64_t second, const ErrorSecond& errors) {
  if (verdict_.state != VerdictState::kRegressed && tracked_) tracked_->Observe(second, errors);
}

double DeployWatch::LogBlame() const {
  double largest = errors().LogBlame();
  if (tracked_) largest = std::max(largest, tracked_->LogBlame());
  for (const SignalWatch& signal : signals_) {
    const bool may_blame = signal.traits().is_comparable && (!signal.of_route() || signal.has_control());
    if (may_blame) largest = std::max(largest, signal.LogBlame());
  }
  return largest;
}

// Routes are not split by version: while the old version decides, it does so for them too.
bool DeployWatch::ControlAgrees(const SignalWatch& signal) const {
  if (signal.of_route() && errors().has_replicas() && !errors().ControlAgrees()) return false;
  return signal.ControlAgrees();
}

const SignalWatch* DeployWatch::FirstFired() const {
  const SignalWatch* first = nullptr;
  const auto comes_before = [](const SignalWatch& one, const SignalWatch& other) {
    if (one.traits().is_comparable != other.traits().is_comparable) return one.traits().is_comparable;
    return *one.fired_at() < *other.fired_at();
  };
  for (const SignalWatch& signal : signals_) {
    if (signal.fired_at() && (first == nullptr || comes_before(signal, *first))) first = &signal;
  }
  return first;
}

bool DeployWatch::IsHealthy(int64_t second) const {
  // A service that falls silent may have died: the minute must have been seen, not waited for.
  if (!errors().newest_has_traffic() || second + 1 - first_second_ < kHealthySecondsMin) return false;
  return std::all_of(signals_.begin(), signals_.end(), [](const SignalWatch& signal) {
    return !signal.known() || !signal.traits().proves_health || signal.of_route() || signal.NotWorse();
  });
}

bool DeployWatch::Judge(int64_t second, const Surroundings& around) {
  if (verdict_.state == VerdictState::kRegressed) return false;
  if (around.rule != nullptr && !around.rule_doubt.empty()) {
    doubted_ = {around.rule->signal, around.rule->onset_ns, std::string(around.rule_doubt)};
  }
  if (errors_doubt_.empty() && around.shared_outage) errors_doubt_ = kSharedOutage;
  if (errors_doubt_.empty() && !around.moved_callee.empty()) errors_doubt_ = kCalleeMoved;
  held_rule_ = around.rule != nullptr ? std::optional(*around.rule) : std::nullopt;
  // A rule that is in doubt takes nothing from the statistics, which stand beside it.
  return JudgeByRule(second, around) || (errors().known() && JudgeBySignals(second, around)) ||
         JudgeByErrors(second, around) || DoubtRule(second, around);
}

std::string_view DeployWatch::DoubtOf(const Surroundings& around) const {
  const Evidence& rule = *around.rule;
  if (doubted_ && doubted_->rule == rule.signal && doubted_->onset_ns == rule.onset_ns) return doubted_->reason;
  const bool is_of_errors = rule.signal == kRuleErrors;
  return is_of_errors && errors().has_control() && !ControlAgrees(errors()) ? kControlMoved : std::string_view();
}

// The owner's word needs no statistics, only that nothing else explains it.
bool DeployWatch::JudgeByRule(int64_t second, const Surroundings& around) {
  if (around.rule == nullptr || around.rule_waits || !DoubtOf(around).empty()) return false;
  return ChangeByRule(second, VerdictState::kRegressed, around.rule->signal, *around.rule);
}

bool DeployWatch::DoubtRule(int64_t second, const Surroundings& around) {
  if (around.rule == nullptr || around.rule_waits || verdict_.state == VerdictState::kAmbiguous) return false;
  // The control may need longer to tell the two apart than the rule did.
  const bool is_early = second - FloorToSecond(around.rule->onset_ns) < kBlameWaitSeconds;
  const std::string_view doubt = DoubtOf(around);
  if (doubt == kControlMoved && is_early) return false;
  return ChangeByRule(second, VerdictState::kAmbiguous, doubt, *around.rule);
}

bool DeployWatch::ChangeByRule(int64_t second, VerdictState state, std::string_view reason, const Evidence& rule) {
  Change(second, state, reason, errors());
  verdict_.evidence.insert(verdict_.evidence.begin(), rule);
  return true;
}

bool DeployWatch::JudgeBySignals(int64_t second, const Surroundings& around) {
  const SignalWatch* const fired = FirstFired();
  if (fired == nullptr) {
    const bool may_be_healthy = around.may_be_healthy && around.rule == nullptr && !ErrorsFired();
    if (verdict_.state != VerdictState::kWatching || !may_be_healthy || !IsHealthy(second)) return false;
    return Change(second, VerdictState::kHealthy, "not_worse", errors());
  }
  const double blame_needed = around.rival_log_blame + std::log(kRivalRatioNeeded);
  for (const SignalWatch& signal : signals_) {
    if (!around.moved_callee.empty()) break;
    if (!signal.fired_at() || !ControlAgrees(signal) || signal.LogBlame() < blame_needed) continue;
    return Change(second, VerdictState::kRegressed, signal.traits().reason, signal);
  }
  // A full queue has been told of: what comes after it is still to be told.
  const bool is_told =
      verdict_.state == VerdictState::kAmbiguous && (!OnlyAsks(verdict_) || !fired->traits().is_comparable);
  if (is_told || second - *fired->fired_at() < kBlameWaitSeconds) return false;
  const std::string_view reason = !fired->traits().is_comparable ? fired->traits().reason
                                  : !around.moved_callee.empty() ? kCalleeMoved
                                  : ControlAgrees(*fired)        ? "overlapping_deploys"
                                  : fired->has_control()         ? kControlMoved
                                                                 : kNoControlForSignal;
  return Change(second, VerdictState::kAmbiguous, reason, *fired);
}

// It blames as errors of requests do; no shadow deploys are played on it, so that the gate asks for a control.
bool DeployWatch::JudgeByErrors(int64_t second, const Surroundings& around) {
  if (!ErrorsFired()) return false;
  const ErrorWatch::Fired& fired = *tracked_->fired();
  const std::string_view doubt = errors_doubt_.empty() && tracked_->ControlMoved() ? kControlMoved : errors_doubt_;
  const bool is_blamed = tracked_->LogBlame() >= around.rival_log_blame + std::log(kRivalRatioNeeded);
  if (doubt.empty() && is_blamed) return ChangeByErrors(second, VerdictState::kRegressed, fired.reason);
  const bool is_told = verdict_.state == VerdictState::kAmbiguous && !OnlyAsks(verdict_);
  if (is_told || second - fired.second < kBlameWaitSeconds) return false;
  return ChangeByErrors(second, VerdictState::kAmbiguous, !doubt.empty() ? doubt : "overlapping_deploys");
}

bool DeployWatch::ChangeByErrors(int64_t second, VerdictState state, std::string_view reason) {
  Change(second, state, reason, errors());
  verdict_.calibrated = false;
  LeadByErrors(&verdict_.evidence);
  return true;
}

bool DeployWatch::Close(int64_t second, std::string_view reason) {
  if (verdict_.state == VerdictState::kRegressed || verdict_.state == VerdictState::kAmbiguous) return false;
  // There is no time left to wait for what might explain it.
  if (held_rule_) return ChangeByRule(second, VerdictState::kAmbiguous, held_rule_->signal, *held_rule_);
  if (const SignalWatch* const fired = FirstFired()) {
    return Change(second, VerdictState::kAmbiguous, "blame_undecided", *fired);
  }
  if (ErrorsFired()) return ChangeByErrors(second, VerdictState::kAmbiguous, "blame_undecided");
  if (verdict_.state != VerdictState::kWatching) return false;
  const std::string_view unknown = tracked_ && tracked_->may_find() ? kOnlyErrorEvents : "no_baseline";
  return Change(second, VerdictState::kInconclusive, errors().known() ? reason : unknown, errors());
}

bool DeployWatch::Change(int64_t second, VerdictState state, std::string_view reason, const SignalWatch& decisive) {
  verdict_.state = state;
  verdict_.reason = reason;
  verdict_.calibrated = decisive.calibrated();
  verdict_.at_ns = EndOf(second);
  verdict_.evidence = EvidenceLedBy(decisive);
  if (tracked_) verdict_.errors = tracked_->Errors();
  verdict_.power = state == VerdictState::kInconclusive ? errors().Power() : 0;
  return true;
}

std::vector<Evidence> DeployWatch::EvidenceLedBy(const SignalWatch& decisive) const {
  std::vector<Evidence> evidence = {decisive.CurrentEvidence()};
  for (const SignalWatch& signal : signals_) {
    const bool tells = !signal.of_route() || signal.LogValue() >= std::log(kRouteValueTold);
    if (&signal != &decisive && signal.known() && tells) evidence.push_back(signal.CurrentEvidence());
  }
  if (!tracked_) return evidence;
  for (Evidence& told : tracked_->Told()) evidence.push_back(std::move(told));
  return evidence;
}

Verdict DeployWatch::Current(int64_t second) const {
  if (verdict_.state == VerdictState::kRegressed) return verdict_;  // the evidence that it rests on stands
  Verdict verdict = verdict_;
  verdict.at_ns = EndOf(second);
  const SignalWatch* const fired = FirstFired();
  verdict.evidence = EvidenceLedBy(fired != nullptr ? *fired : errors());
  if (!tracked_) return verdict;
  if (fired == nullptr && ErrorsFired()) LeadByErrors(&verdict.evidence);
  verdict.errors = tracked_->Errors();
  return verdict;
}

}  // namespace revertd
