#include "analysis/error_watch.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "analysis/power.h"

namespace revertd {
namespace {

constexpr double kTracks = 2;
constexpr double kToldValue = 20;  // evidence below it is not told
constexpr size_t kTalliesMax = kNewcomersMax + static_cast<size_t>(kErrorGroupsMax);
// The old version says something while it tells of so many events and sessions, and of so much beside the new one's.
constexpr int64_t kOldActivityMin = 20;
constexpr double kOldActivityShare = 0.05;
// It has the same errors where so many of its events and sessions are of them, against the new version's.
constexpr int64_t kOldEventsMin = 3;
constexpr double kOldShare = 0.25;

double AsDouble(int64_t value) { return static_cast<double>(value); }

// Shares of crashed sessions: those that did not begin in a block that is kept crash in it all the same.
RateCounts Within(const RateCounts& sessions) {
  return {sessions.requests, std::min(sessions.errors, sessions.requests)};
}

RateShiftSettings SessionsOf(const Baseline& before, int64_t horizon_seconds) {
  RateShiftSettings settings;
  settings.null_rate = before.null_rate;
  settings.slow_inverse_kappa = settings.fast_inverse_kappa = before.spread.Of(TrackSetting{}.block_seconds);
  settings.horizon_seconds = horizon_seconds;
  return settings;
}

int64_t ExposureOf(const FingerprintHistory& history) {
  int64_t exposure = 0;
  for (const HistoryBlock& block : history.blocks) {
    exposure += history.requests_known ? block.requests : kHistoryBlockSeconds;
  }
  return exposure;
}

double NeededAt(double share, double false_rollback_rate) { return -std::log(share * false_rollback_rate); }

double MarginOf(const Newcomer& newcomer) { return newcomer.log_value - newcomer.log_needed; }

}  // namespace

ErrorWatch::ErrorWatch(ErrorPlan plan)
    : plan_(std::move(plan)),
      groups_(plan_.history, plan_.settings),
      sessions_before_(EstimateBaseline(plan_.sessions, plan_.history.before_second, plan_.settings.margins)),
      sessions_log_needed_(NeededAt(kCrashedSessionsShare / kTracks, plan_.settings.false_rollback_rate)),
      exposure_before_(ExposureOf(plan_.history)) {
  const bool may_judge_sessions =
      sessions_before_.known() && sessions_before_.null_rate > 0 && sessions_before_.null_rate < 1;
  if (may_judge_sessions) sessions_.emplace(SessionsOf(sessions_before_, plan_.settings.horizon_seconds));
  FingerprintSettings of_control = plan_.settings;
  of_control.known_judged_max = kControlKnownMax;
  for (const ErrorControl& control : plan_.controls) {
    controls_.push_back({control.service, FingerprintWatch(control.history, of_control)});
  }
  // Needed no more.
  plan_.controls.clear();
  plan_.history.blocks.clear();
  plan_.history.known.clear();
  plan_.sessions = {};
}

void ErrorWatch::Observe(int64_t second, const ErrorSecond& counts) {
  groups_.Observe({counts.requests, counts.fresh, counts.scale});
  if (sessions_) {
    sessions_->Observe(counts.sessions);
    sessions_log_max_ = std::max(sessions_log_max_, sessions_->LogValue() - std::log(kTracks));
  }
  ObserveControls(counts);
  Count(second, counts);
  Fire(second);
}

void ErrorWatch::Count(int64_t second, const ErrorSecond& counts) {
  for (const GroupEvents& group : counts.fresh) {
    fresh_activity_ += group.events;
    if (tallies_.size() >= kTalliesMax && !tallies_.contains(group.group.fingerprint)) continue;
    const auto [tally, is_new] = tallies_.try_emplace(group.group.fingerprint);
    if (is_new) tally->second = {.events = 0, .old_events = 0, .onset = second, .exposure_before = exposure_};
    tally->second.events += group.events;
  }
  for (const GroupEvents& group : counts.old) {
    old_activity_ += group.events;
    const auto tally = tallies_.find(group.group.fingerprint);
    if (tally != tallies_.end()) tally->second.old_events += group.events;
  }
  fresh_activity_ += counts.sessions.requests;
  old_activity_ += counts.old_sessions.requests;
  if (sessions_onset_ == kNoSecond && counts.sessions.errors > 0) sessions_onset_ = second;
  if (sessions_onset_ != kNoSecond) {
    sessions_after_ += counts.sessions;
    old_sessions_ += counts.old_sessions;
  }
  exposure_ += plan_.history.requests_known ? counts.requests : 1;
  ++seconds_;
  if (!counts.fresh_names.empty()) fresh_names_ = counts.fresh_names;
  if (!counts.old_names.empty()) old_names_ = counts.old_names;
}

void ErrorWatch::ObserveControls(const ErrorSecond& counts) {
  for (size_t i = 0; i < std::min(controls_.size(), counts.controls.size()); ++i) {
    const ErrorControlSecond& control = counts.controls[i];
    if (!control.may_tell || controls_[i].moved) continue;
    ++controls_[i].seconds;
    controls_[i].watch.Observe({control.requests, control.events, control.scale});
    controls_[i].moved = controls_[i].watch.LogValue() >= std::log(kErrorControlValueNeeded);
  }
}

void ErrorWatch::Fire(int64_t second) {
  log_value_max_ = std::max({log_value_max_, groups_.LogValue(), sessions_log_max_});
  if (fired_) return;
  if (groups_.newcomers_fired()) {
    fired_ = {kNewErrors, kReasonNewErrors, second};
  } else if (groups_.known_fired()) {
    fired_ = {kErrorGroups, kReasonMoreErrors, second};
  } else if (SessionsFired()) {
    fired_ = {kCrashedSessions, kReasonCrashedSessions, second};
  }
}

bool ErrorWatch::SessionsFired() const { return sessions_log_max_ >= sessions_log_needed_ - std::log(kTracks); }

bool ErrorWatch::OldServes() const {
  return old_activity_ >= kOldActivityMin && AsDouble(old_activity_) >= kOldActivityShare * AsDouble(fresh_activity_);
}

bool ErrorWatch::OldHas(uint64_t fingerprint) const {
  const auto tally = tallies_.find(fingerprint);
  if (tally == tallies_.end() || tally->second.old_events < kOldEventsMin) return false;
  const double of_old = AsDouble(tally->second.old_events) / AsDouble(old_activity_);
  return of_old >= kOldShare * AsDouble(tally->second.events) / AsDouble(std::max<int64_t>(1, fresh_activity_));
}

bool ErrorWatch::OldCrashes() const {
  const RateCounts old = Within(old_sessions_);
  const RateCounts fresh = Within(sessions_after_);
  return old.errors >= kOldEventsMin && old.rate() >= kOldShare * fresh.rate();
}

// One that is deployed itself just after says nothing, and was not calm for that.
bool ErrorWatch::WasAsked(const Control& control) const { return 2 * control.seconds >= seconds_; }

bool ErrorWatch::has_control() const {
  const bool any =
      std::any_of(controls_.begin(), controls_.end(), [this](const Control& one) { return WasAsked(one); });
  return !plan_.is_young && (any || OldServes());
}

bool ErrorWatch::ControlMoved() const {
  const bool any_moved = std::any_of(controls_.begin(), controls_.end(), [](const Control& one) { return one.moved; });
  if (any_moved || !fired_) return any_moved;
  if (fired_->signal == kCrashedSessions) return OldCrashes();
  const std::vector<Evidence> told = Told();
  if (told.empty() || told.front().group.empty()) return false;
  return OldHas(*FingerprintOf(told.front().group));
}

void ErrorWatch::TellControl(Evidence* evidence) const {
  if (!has_control()) return;
  double largest = 0;
  for (const Control& control : controls_) {
    if (!WasAsked(control)) continue;
    if (!evidence->control.empty()) evidence->control += ',';
    evidence->control += control.service;
    largest = std::max(largest, control.watch.LogValue());
  }
  if (!evidence->control.empty()) evidence->control_e_value = ValueOfLog(largest);
  if (!OldServes()) return;
  evidence->cohort = fresh_names_;
  evidence->control = old_names_;
  evidence->control_n_after = old_activity_;
}

void ErrorWatch::TellGroup(uint64_t fingerprint, double observed_before, Evidence* evidence) const {
  const RateCounts before{exposure_before_, std::llround(observed_before * AsDouble(exposure_before_))};
  RateCounts after{exposure_, 0};
  const auto tally = tallies_.find(fingerprint);
  if (tally != tallies_.end()) {
    after = {exposure_ - tally->second.exposure_before, tally->second.events};
    evidence->onset_ns = tally->second.onset * kSecondNs;
  }
  TellRates(before, after, PoissonInterval(after), evidence);
  evidence->group = FingerprintText(fingerprint);
  evidence->per_second = !plan_.history.requests_known;
  TellControl(evidence);
}

std::optional<Evidence> ErrorWatch::NewErrors() const {
  const std::vector<Newcomer>& all = groups_.newcomers();
  // Of those that fired the one that shows most, else of all.
  const auto leading = std::max_element(all.begin(), all.end(), [](const Newcomer& a, const Newcomer& b) {
    return std::pair(a.fired, MarginOf(a)) < std::pair(b.fired, MarginOf(b));
  });
  if (leading == all.end() || (!leading->fired && leading->log_value < std::log(kToldValue))) return std::nullopt;
  Evidence evidence;
  evidence.signal = kNewErrors;
  evidence.e_value =
      ValueOfLog(leading->fired ? std::max(leading->log_value, leading->log_needed) : leading->log_value);
  evidence.e_value_needed = ValueOfLog(leading->log_needed);
  const double benign = kBenignFactor * plan_.history.benign.rate();
  const double per_second = seconds_ > 0 ? AsDouble(exposure_) / AsDouble(seconds_) : 0;
  const double margin = plan_.history.requests_known ? plan_.settings.margins.absolute : 0;
  evidence.before_null = per_second > 0 ? std::max(margin, benign / per_second) : margin;
  TellGroup(leading->group.fingerprint, 0, &evidence);
  return evidence;
}

std::optional<Evidence> ErrorWatch::MoreErrors() const {
  const FingerprintReport report = groups_.Report();
  if (!report.known_fired && report.known_log_value < std::log(kToldValue)) return std::nullopt;
  const auto leading =
      std::max_element(report.known.begin(), report.known.end(),
                       [](const KnownGroupState& a, const KnownGroupState& b) { return a.log_value < b.log_value; });
  if (leading == report.known.end()) return std::nullopt;
  Evidence evidence;
  evidence.signal = kErrorGroups;
  evidence.e_value = ValueOfLog(report.known_fired ? std::max(report.known_log_value, report.known_log_needed)
                                                   : report.known_log_value);
  evidence.e_value_needed = ValueOfLog(report.known_log_needed);
  evidence.before_null = leading->before.null_rate;
  TellGroup(leading->group.fingerprint, leading->before.observed, &evidence);
  return evidence;
}

std::optional<Evidence> ErrorWatch::Crashes() const {
  if (!sessions_ || (!SessionsFired() && sessions_log_max_ < std::log(kToldValue))) return std::nullopt;
  Evidence evidence;
  evidence.signal = kCrashedSessions;
  evidence.e_value = ValueOfLog(sessions_log_max_ + std::log(kTracks));
  evidence.e_value_needed = ValueOfLog(sessions_log_needed_);
  evidence.before_null = sessions_before_.null_rate;
  const RateCounts after = Within(sessions_after_);
  TellRates(sessions_before_.counts, after, WilsonInterval(after), &evidence);
  if (sessions_onset_ != kNoSecond) evidence.onset_ns = sessions_onset_ * kSecondNs;
  TellControl(&evidence);
  return evidence;
}

std::vector<Evidence> ErrorWatch::Told() const {
  std::vector<Evidence> told;
  for (const std::optional<Evidence>& evidence : {NewErrors(), MoreErrors(), Crashes()}) {
    if (evidence) told.push_back(*evidence);
  }
  std::stable_partition(told.begin(), told.end(),
                        [this](const Evidence& one) { return fired_ && one.signal == fired_->signal; });
  return told;
}

NamedError ErrorWatch::NameOf(uint64_t fingerprint, double log_value, double log_needed) const {
  NamedError error;
  error.fingerprint = fingerprint;
  error.e_value = ValueOfLog(log_value);
  error.e_value_needed = ValueOfLog(log_needed);
  const auto tally = tallies_.find(fingerprint);
  if (tally != tallies_.end()) {
    error.events = tally->second.events;
    error.first_seen_ns = tally->second.onset * kSecondNs;
  }
  if (plan_.describe) plan_.describe(&error);
  return error;
}

std::vector<NamedError> ErrorWatch::Errors() const {
  const FingerprintReport report = groups_.Report();
  std::vector<NamedError> errors;
  std::vector<Newcomer> newcomers = report.newcomers;
  std::stable_sort(newcomers.begin(), newcomers.end(), [](const Newcomer& a, const Newcomer& b) {
    return std::pair(a.fired, MarginOf(a)) > std::pair(b.fired, MarginOf(b));
  });
  const auto add = [&](const Newcomer& newcomer) {
    if (errors.size() == kNamedErrorsMax) return;
    errors.push_back(NameOf(newcomer.group.fingerprint, newcomer.log_value, newcomer.log_needed));
    errors.back().is_new = true;
  };
  for (const Newcomer& newcomer : newcomers) {
    if (newcomer.fired) add(newcomer);
  }
  for (const KnownGroupState& known : report.known) {
    if (!known.called || errors.size() == kNamedErrorsMax) continue;
    errors.push_back(NameOf(known.group.fingerprint, known.log_value, report.known_log_needed));
  }
  for (const Newcomer& newcomer : newcomers) {
    if (!newcomer.fired && newcomer.events + 1 >= kNewcomerEventsTold) add(newcomer);
  }
  return errors;
}

}  // namespace revertd
