#include "analysis/rules.h"

#include <algorithm>

#include "analysis/power.h"
#include "base/clock.h"

namespace revertd {
namespace {

constexpr std::string_view kCheckEnd = ": ";

}  // namespace

bool IsByRule(const Verdict& verdict) { return verdict.reason == kRuleErrors || verdict.reason == kRuleHealth; }

ErrorsRule::ErrorsRule(const RuleConfig& config, const RateCounts& before)
    : config_(config), before_(before), window_seconds_(config.window / kSecondNs) {}

void ErrorsRule::Observe(int64_t second, const RateCounts& counts) {
  if (!config_.errors_above) return;
  while (!seconds_.empty() && seconds_.front().first <= second - window_seconds_) {
    sum_.requests -= seconds_.front().second.requests;
    sum_.errors -= seconds_.front().second.errors;
    seconds_.pop_front();
  }
  if (counts.requests > 0) seconds_.emplace_back(second, counts);
  sum_ += counts;
  if (sum_.requests < config_.requests_min || sum_.rate() <= *config_.errors_above) {
    above_since_ = kNoSecond;
    fired_.reset();
    return;
  }
  if (above_since_ == kNoSecond) above_since_ = second;
  Evidence& evidence = fired_.emplace();
  evidence.signal = kRuleErrors;
  evidence.before_null = *config_.errors_above;
  TellRates(before_, sum_, WilsonInterval(sum_), &evidence);
  evidence.onset_ns = above_since_ * kSecondNs;
}

bool HasFatalCheck(const ServiceConfig& service, std::string_view check) {
  return std::ranges::any_of(service.health.checks,
                             [check](const HealthCheckConfig& config) { return config.fatal && config.name == check; });
}

Evidence EvidenceOf(const FailedCheck& failed) {
  Evidence evidence;
  evidence.signal = kRuleHealth;
  evidence.after = 1;
  evidence.n_after = failed.failures;
  evidence.x_after = failed.failures;
  evidence.onset_ns = failed.first_second * kSecondNs;
  evidence.route = failed.check + std::string(kCheckEnd) + failed.reason;
  return evidence;
}

// No reason has it in it (docs/health.md), a name may.
std::string CheckOf(const Evidence& of_health) { return of_health.route.substr(0, of_health.route.rfind(kCheckEnd)); }

}  // namespace revertd
