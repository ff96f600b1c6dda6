#include "analysis/e_process.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"

namespace revertd {
namespace {

constexpr double kMinusInfinity = -std::numeric_limits<double>::infinity();
constexpr double kFirstBlockWeight = 0.75;
constexpr double kSecondLookWeight = kFirstBlockWeight / 3;
constexpr double kSpreadWeight = 0.125;  // each of the two spreads

}  // namespace

double LogAdd(double a, double b) {
  const double larger = std::max(a, b);
  if (larger == kMinusInfinity) return larger;
  return larger + std::log1p(std::exp(std::min(a, b) - larger));
}

double ValueOfLog(double log_value) { return std::exp(std::min(log_value, kLogValueMax)); }

double LogBayesFactor(double factor, double events, double expected, double concentration, double pseudo_events) {
  if (expected <= 0) return 0;
  const double gain = events * std::log(factor);
  if (std::isinf(concentration)) return gain - expected * (factor - 1);
  // (K + mu) / (K + m mu) = 1 / (1 + (m - 1) mu / (K + mu)): log1p keeps the digits that a ratio of sums loses.
  return gain - (events + pseudo_events) * std::log1p((factor - 1) * expected / (concentration + expected));
}

LogEvidence CappedLogEvidence(std::span<const double> factors, double events, double expected, double concentration,
                              double pseudo_events, double log_cap) {
  REVERTD_CHECK(factors.size() <= kFactorsMax);
  LogEvidence evidence;
  evidence.count = factors.size();
  for (size_t i = 0; i < factors.size(); ++i) {
    const double log_factor = LogBayesFactor(factors[i], events, expected, concentration, pseudo_events);
    evidence.log_e[i] = std::min(log_cap, log_factor);
  }
  return evidence;
}

double OnsetWeights::Of(int64_t block) const {
  if (block == 1) return second_look_ == kNoSecondLook ? kFirstBlockWeight : kFirstBlockWeight - kSecondLookWeight;
  double weight = block == second_look_ ? kSecondLookWeight : 0;
  if (block <= near_blocks_) weight += kSpreadWeight / static_cast<double>(near_blocks_ - 1);
  if (block <= horizon_blocks_) weight += kSpreadWeight / static_cast<double>(horizon_blocks_ - 1);
  return weight;
}

// Counted, not subtracted term by term: the rest of a rounded sum would outweigh a truly small E.
double OnsetWeights::UnspentAfter(int64_t block) const {
  const auto share = [block](int64_t blocks) {
    if (blocks <= 1) return kSpreadWeight;
    return kSpreadWeight * static_cast<double>(std::max<int64_t>(0, blocks - block)) / static_cast<double>(blocks - 1);
  };
  return share(near_blocks_) + share(horizon_blocks_) + (block < second_look_ ? kSecondLookWeight : 0);
}

OnsetMixture::OnsetMixture(size_t factors, const OnsetWeights& weights)
    : factors_(factors), weights_(weights), weight_(weights.Of(1)), weight_unspent_(weights.UnspentAfter(1)) {
  REVERTD_CHECK(factors >= 1 && factors <= kFactorsMax);
  log_carried_.fill(kMinusInfinity);
}

double OnsetMixture::LogValue(const LogEvidence& open) const {
  REVERTD_CHECK(open.count == factors_);
  const double log_weight = std::log(weight_);  // -infinity once every weight is spent
  double log_sum = kMinusInfinity;
  for (size_t i = 0; i < factors_; ++i) {
    log_sum = LogAdd(log_sum, LogAdd(log_carried_[i], log_weight) + open.log_e[i]);
  }
  return LogAdd(log_sum - std::log(static_cast<double>(factors_)), std::log(weight_unspent_));
}

void OnsetMixture::CloseBlock(const LogEvidence& block) {
  REVERTD_CHECK(block.count == factors_);
  const double log_weight = std::log(weight_);
  for (size_t i = 0; i < factors_; ++i) log_carried_[i] = LogAdd(log_carried_[i], log_weight) + block.log_e[i];
  ++block_;
  weight_ = weights_.Of(block_);
  weight_unspent_ = weights_.UnspentAfter(block_);
}

}  // namespace revertd
