#include "analysis/fingerprint_watch.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "analysis/e_bh.h"

namespace revertd {
namespace {

constexpr size_t kNotJudged = std::numeric_limits<size_t>::max();
// Fewer events than this share of the old rate's: a group is no longer seen. Not none: what the old version had still
// in its queue arrives after the finish.
constexpr double kVanishedShare = 0.5;
constexpr double kTracks = 2;  // the mean of both is at least half of the larger

int64_t EventsOf(const KnownGroup& known) {
  return std::accumulate(known.blocks.begin(), known.blocks.end(), int64_t{0},
                         [](int64_t sum, const BlockEvents& block) { return sum + block.events; });
}

std::vector<const KnownGroup*> MostEventsFirst(const std::vector<KnownGroup>& known) {
  std::vector<std::pair<int64_t, const KnownGroup*>> counted;
  counted.reserve(known.size());
  for (const KnownGroup& group : known) counted.emplace_back(EventsOf(group), &group);
  std::sort(counted.begin(), counted.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second->group.fingerprint < b.second->group.fingerprint;
  });
  std::vector<const KnownGroup*> sorted;
  sorted.reserve(counted.size());
  for (const auto& [events, group] : counted) sorted.push_back(group);
  return sorted;
}

RateShiftSettings ShiftOf(const KnownRate& before, int64_t horizon_seconds) {
  RateShiftSettings settings;
  settings.null_rate = before.null_rate;
  settings.slow_inverse_kappa = settings.fast_inverse_kappa = before.inverse_kappa;
  settings.horizon_seconds = horizon_seconds;
  return settings;
}

NewcomerSettings NewcomersOf(const FingerprintHistory& history, const FingerprintSettings& settings) {
  return {.alpha = kNewcomersShare * settings.false_rollback_rate,
          .benign_rate = history.benign.rate(),
          .absolute_margin = MarginsOf(history, settings.margins).absolute,
          .horizon_seconds = settings.horizon_seconds};
}

}  // namespace

FingerprintWatch::FingerprintWatch(const FingerprintHistory& history, const FingerprintSettings& settings)
    : requests_known_(history.requests_known),
      known_judged_max_(settings.known_judged_max),
      margins_(MarginsOf(history, settings.margins)),
      known_log_needed_(-std::log(kKnownGroupsShare * settings.false_rollback_rate)),
      newcomers_(NewcomersOf(history, settings)) {
  for (const KnownGroup* known : MostEventsFirst(history.known)) {
    size_t& index = known_.emplace(known->group.fingerprint, kNotJudged).first->second;
    if (judged_.size() == known_judged_max_ || index != kNotJudged) continue;
    const KnownRate before = EstimateKnownRate(history, *known, settings.margins);
    if (before.null_rate <= 0) continue;
    index = judged_.size();
    judged_by_origin_[known->group.origin].push_back(index);
    judged_.push_back({known->group, before, 0, RateShift(ShiftOf(before, settings.horizon_seconds))});
  }
  known_log_value_ = KnownLogValue();
}

void FingerprintWatch::Observe(const FingerprintSecond& told) {
  FingerprintSecond second = told;
  if (requests_known_) second.scale = 1;  // they tell how busy it is
  const int64_t exposure = requests_known_ ? second.requests : 1;
  std::vector<GroupEvents> never_seen;
  for (const GroupEvents& events : second.events) {
    if (!known_.contains(events.group.fingerprint)) never_seen.push_back(events);
  }
  // Before the known ones: what has vanished is said by the seconds before this one.
  newcomers_.Observe({second.requests, never_seen, second.scale}, exposure > 0,
                     [&](uint64_t origin) { return second.scale * VanishedExpected(origin, exposure); });
  ObserveKnown(second, exposure);
  exposure_ += exposure;
}

void FingerprintWatch::ObserveKnown(const FingerprintSecond& second, int64_t exposure) {
  std::vector<int64_t> events(judged_.size());
  for (const GroupEvents& group : second.events) {
    const auto found = known_.find(group.group.fingerprint);
    if (exposure > 0 && found != known_.end() && found->second != kNotJudged) events[found->second] += group.events;
  }
  for (size_t i = 0; i < judged_.size(); ++i) {
    judged_[i].shift.Observe({exposure, events[i]}, second.scale);
    judged_[i].events += events[i];
  }
  known_log_value_ = KnownLogValue();
  known_fired_ |= known_log_value_ >= known_log_needed_;
}

double FingerprintWatch::VanishedExpected(uint64_t origin, int64_t exposure) const {
  const auto found = judged_by_origin_.find(origin);
  if (found == judged_by_origin_.end()) return 0;
  double reference = 0;
  for (const size_t index : found->second) {
    const Judged& known = judged_[index];
    const double old_events = known.before.observed * static_cast<double>(exposure_);
    if (static_cast<double>(known.events) <= kVanishedShare * old_events) reference += known.before.reference;
  }
  if (reference <= 0) return 0;
  // The margins once, and not for each of many rare groups.
  return std::max(margins_.factor * reference, reference + margins_.absolute) * static_cast<double>(exposure);
}

// The mean of e-values is one, however they depend on each other.
double FingerprintWatch::KnownLogValue() const {
  double log_sum = -std::numeric_limits<double>::infinity();
  for (const Judged& known : judged_) log_sum = LogAdd(log_sum, known.shift.LogValue());
  return log_sum - std::log(kTracks * std::max(1.0, static_cast<double>(judged_.size())));
}

double FingerprintWatch::LogValue() const { return std::max(newcomers_.LogValue(), known_log_value_); }

FingerprintReport FingerprintWatch::Report() const {
  FingerprintReport report;
  report.newcomers = newcomers_.all();
  report.newcomers_fired = newcomers_.fired();
  report.known_fired = known_fired_;
  report.known_log_value = known_log_value_;
  report.known_log_needed = known_log_needed_;
  report.exposure = exposure_;
  report.newcomer_events_beyond = newcomers_.events_beyond();
  report.known_groups_beyond = static_cast<int64_t>(known_.size() - judged_.size());
  std::vector<double> log_values;
  for (const Judged& known : judged_) {
    log_values.push_back(known.shift.LogValue() - std::log(kTracks));
    report.known.push_back({known.group, known.before, known.events, log_values.back(), false});
  }
  for (const size_t index : CalledByEBh(log_values, kReportDiscoveryRate)) report.known[index].called = true;
  return report;
}

}  // namespace revertd
