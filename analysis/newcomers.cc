#include "analysis/newcomers.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace revertd {
namespace {

constexpr std::array<double, 4> kFactors = {3, 10, 30, 100};
constexpr double kConcentration = 1;  // their rates differ as an exponential distribution's

BlockTest TestWithin(int64_t horizon_seconds) {
  return {{.factors = kFactors,
           .concentration = kConcentration,
           .log_cap = kLogCapUncalibrated,
           .block_seconds = kNewcomerBlockSeconds},
          OnsetWeights(BlocksIn(kOnsetNearSeconds, kNewcomerBlockSeconds),
                       BlocksIn(horizon_seconds, kNewcomerBlockSeconds))};
}

// Over all i the sum of 1 / ((i+1)(i+2)) is 1/2: each of the two kinds spends one half of alpha.
double LogNeeded(int64_t place, double alpha) {
  const double i = static_cast<double>(place);
  return std::log((i + 1) * (i + 2) / alpha);
}

}  // namespace

void Newcomers::Admit(const ErrorGroup& group, NewcomerKind kind) {
  const auto before =
      std::count_if(newcomers_.begin(), newcomers_.end(), [kind](const Newcomer& other) { return other.kind == kind; });
  Newcomer newcomer{.group = group, .kind = kind, .place = before + 1};
  newcomer.log_needed = LogNeeded(newcomer.place, settings_.alpha);
  by_fingerprint_[group.fingerprint] = newcomers_.size();
  newcomers_.push_back(newcomer);
  tests_.push_back(TestWithin(settings_.horizon_seconds));
}

void Newcomers::Observe(const FingerprintSecond& second, bool observed, const VanishedExpected& vanished_expected) {
  std::map<uint64_t, GroupEvents> events;  // by fingerprint
  if (observed) {
    for (const GroupEvents& group : second.events) {
      GroupEvents& sum = events[group.group.fingerprint];
      sum.group = group.group;
      sum.events += group.events;
    }
  }
  for (auto& [fingerprint, group] : events) {
    if (by_fingerprint_.contains(fingerprint)) continue;
    if (newcomers_.size() == kNewcomersMax) {
      events_beyond_ += group.events;
      continue;
    }
    Admit(group.group, vanished_expected(group.group.origin) > 0 ? NewcomerKind::kRenamed : NewcomerKind::kNew);
    --group.events;  // the first event made it a newcomer, so that it is no evidence
  }
  const double benign = std::max(kBenignFactor * settings_.benign_rate * second.scale,
                                 settings_.absolute_margin * static_cast<double>(second.requests));
  for (size_t i = 0; i < newcomers_.size(); ++i) {
    Newcomer& newcomer = newcomers_[i];
    const auto found = events.find(newcomer.group.fingerprint);
    const int64_t seen = found == events.end() ? 0 : found->second.events;
    const double expected = observed ? std::max(benign, vanished_expected(newcomer.group.origin)) : 0;
    tests_[i].Observe(expected, static_cast<double>(seen));
    newcomer.events += seen;
    newcomer.seconds += observed ? 1 : 0;
    newcomer.log_value = tests_[i].LogValue();
    newcomer.fired |= newcomer.events >= kNewcomerEventsNeeded && newcomer.log_value >= newcomer.log_needed;
  }
}

bool Newcomers::fired() const {
  return std::any_of(newcomers_.begin(), newcomers_.end(), [](const Newcomer& newcomer) { return newcomer.fired; });
}

double Newcomers::LogValue() const {
  double largest = -std::numeric_limits<double>::infinity();
  for (const Newcomer& newcomer : newcomers_)
    largest = std::max(largest, newcomer.log_value - LogNeeded(newcomer.place, 1));
  return largest;
}

NewcomerCounts Newcomers::Counts() const {
  NewcomerCounts counts;
  for (const Newcomer& newcomer : newcomers_) {
    if (newcomer.kind == NewcomerKind::kNew) counts += {newcomer.events, newcomer.seconds};
  }
  return counts;
}

}  // namespace revertd
