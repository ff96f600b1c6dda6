#include "analysis/shadow_deploy.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "analysis/draw.h"
#include "base/check.h"

namespace revertd {
namespace {

// Rounded up: a shadow that came close to firing is never remembered as one that did not.
uint8_t InSteps(double log_value) {
  return static_cast<uint8_t>(std::clamp(std::ceil(log_value / ShadowResult::kLogStep), 0.0, 255.0));
}

static_assert(std::is_trivially_copyable_v<decltype(ShadowResult::log_max)>);
constexpr size_t kMaxBytes = sizeof(ShadowResult::log_max);
constexpr size_t kDelayBytes = sizeof(ShadowResult::log_delay);

}  // namespace

std::string Encode(const ShadowResult& result) {
  std::string bytes(kMaxBytes + kDelayBytes, '\0');
  std::memcpy(bytes.data(), &result.log_max, kMaxBytes);
  std::memcpy(bytes.data() + kMaxBytes, &result.log_delay, kDelayBytes);
  bytes.push_back(static_cast<char>(result.controlled));
  return bytes;
}

std::optional<ShadowResult> DecodeShadow(int64_t start_second, std::string_view bytes) {
  const bool has_controlled = bytes.size() == kMaxBytes + kDelayBytes + 1;
  if (!has_controlled && bytes.size() != kMaxBytes + kDelayBytes) return std::nullopt;
  ShadowResult result;
  result.start_second = start_second;
  std::memcpy(&result.log_max, bytes.data(), kMaxBytes);
  std::memcpy(&result.log_delay, bytes.data() + kMaxBytes, kDelayBytes);
  if (!has_controlled) return result;
  result.controlled = static_cast<ControlledOutcome>(bytes.back());
  if (result.controlled > ControlledOutcome::kBlamed) return std::nullopt;
  return result;
}

uint64_t ShadowDeploy::HeapBytes() { return kTracks * (1 + kEffectsTried) * kBlockLengths.size() * sizeof(Bank); }

ShadowDeploy::Bank::Bank(const ShadowPlan& plan, size_t length, size_t track)
    : factors_(FactorsOf(static_cast<Track>(track))),
      block_seconds_(kBlockLengths[length]),
      weights_(BlocksIn(kOnsetNearSeconds, block_seconds_), BlocksIn(plan.horizon_seconds, block_seconds_)),
      concentration_(ConcentrationOf(plan.spread.Of(block_seconds_))),
      value_needed_(plan.value_needed) {
  REVERTD_CHECK(factors_.size() == kFactors);
  max_.fill(1);  // E before the first second
}

ShadowDeploy::Bank::Factors ShadowDeploy::Bank::LogBayesFactors() const {
  Factors log_factors;
  for (size_t i = 0; i < kFactors; ++i) {
    log_factors[i] = LogBayesFactor(factors_[i], events_, expected_, concentration_, concentration_);
  }
  return log_factors;
}

void ShadowDeploy::Bank::CloseBlocks(int64_t block) {
  const Factors log_factors = LogBayesFactors();
  for (size_t cap = 0; cap < kLogCapsTried.size(); ++cap) {
    for (size_t i = 0; i < kFactors; ++i) {
      carried_[cap][i] =
          (carried_[cap][i] + weights_.Of(block_)) * std::exp(std::min(kLogCapsTried[cap], log_factors[i]));
    }
  }
  // A block without a request is no evidence: what it carries is only its weight.
  for (++block_; block_ < block; ++block_) {
    for (Factors& carried : carried_) {
      for (double& value : carried) value += weights_.Of(block_);
    }
  }
  expected_ = 0;
  events_ = 0;
}

void ShadowDeploy::Bank::Evaluate(int64_t since_start) {
  const Factors log_factors = LogBayesFactors();
  const double weight = weights_.Of(block_);
  const double unspent = weights_.UnspentAfter(block_);
  for (size_t cap = 0; cap < kLogCapsTried.size(); ++cap) {
    if (found_[cap] > 0) continue;
    double sum = 0;
    for (size_t i = 0; i < kFactors; ++i) {
      sum += (carried_[cap][i] + weight) * std::exp(std::min(kLogCapsTried[cap], log_factors[i]));
    }
    const double value = sum / static_cast<double>(kFactors) + unspent;
    max_[cap] = std::max(max_[cap], value);
    if (value >= value_needed_) found_[cap] = since_start + 1;
  }
}

void ShadowDeploy::Bank::Observe(int64_t since_start, double expected, double events) {
  const int64_t block = since_start / block_seconds_ + 1;
  if (block != block_) CloseBlocks(block);
  expected_ += expected;
  events_ += events;
  if (events > 0) Evaluate(since_start);
}

ShadowDeploy::ShadowDeploy(const ShadowPlan& plan) : plan_(plan), random_(plan.seed) {
  for (size_t track = 0; track < kTracks; ++track) {
    for (std::vector<Bank>& lengths : banks_[track]) {
      lengths.reserve(kBlockLengths.size());
      for (size_t length = 0; length < kBlockLengths.size(); ++length) lengths.emplace_back(plan, length, track);
    }
  }
}

void ShadowDeploy::Observe(int64_t second, const RateCounts& counts) {
  const int64_t since_start = second - plan_.start_second;
  if (counts.requests <= 0 || since_start < 0 || IsOver(second)) return;
  const auto requests = static_cast<double>(counts.requests);
  const auto events = static_cast<double>(counts.errors);
  const double expected = requests * plan_.null_rate;
  for (size_t track = 0; track < kTracks; ++track) {
    for (Bank& bank : banks_[track][0]) bank.Observe(since_start, expected, events);
    for (size_t effect = 0; effect < kEffectsTried; ++effect) {
      const double added = (kEffectsMixedIn[track][effect] - 1) * plan_.old_rate * requests;
      const double mixed = std::min(requests, events + static_cast<double>(DrawPoisson(added, random_)));
      for (Bank& bank : banks_[track][1 + effect]) bank.Observe(since_start, expected, mixed);
    }
  }
}

ShadowResult ShadowDeploy::Result() const {
  ShadowResult result;
  result.start_second = plan_.start_second;
  for (size_t track = 0; track < kTracks; ++track) {
    for (size_t length = 0; length < kBlockLengths.size(); ++length) {
      for (size_t cap = 0; cap < kLogCapsTried.size(); ++cap) {
        result.log_max[track][length][cap] = InSteps(std::log(banks_[track][0][length].max(cap)));
        for (size_t effect = 0; effect < kEffectsTried; ++effect) {
          const int64_t after = banks_[track][1 + effect][length].found_after(cap);
          const int64_t seconds = after > 0 ? after : 2 * plan_.horizon_seconds;
          result.log_delay[track][effect][length][cap] = InSteps(std::log(static_cast<double>(seconds)));
        }
      }
    }
  }
  return result;
}

}  // namespace revertd
