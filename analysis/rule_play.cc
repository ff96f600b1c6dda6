#include "analysis/rule_play.h"

#include "analysis/health_book.h"
#include "analysis/rules.h"
#include "analysis/series.h"
#include "base/clock.h"

namespace revertd {

RulePlay::RulePlay(const ServiceConfig& service, const DetectConfig& detect)
    : service_(service),
      horizon_seconds_(detect.observe / kSecondNs),
      stabilise_seconds_(detect.stabilise / kSecondNs) {
  if (service.rule.errors_above) errors_.emplace();
}

void RulePlay::AddSecond(const SecondCounts& second) {
  if (!errors_) return;
  if (first_second_ == kNoSecond) first_second_ = second.second;
  seconds_.push_back(second);
  while (seconds_.front().second < second.second - 2 * horizon_seconds_) seconds_.pop_front();
}

void RulePlay::AddLevel(std::string_view check, int64_t second, HealthLevel level) {
  if (!HasFatalCheck(service_, check)) return;
  changes_[std::string(check)].push_back({second, level});
  if (!health_) health_.emplace();
}

void RulePlay::PlayErrors(int64_t start_second) {
  if (!errors_ || first_second_ == kNoSecond || start_second < first_second_) return;
  ErrorsRule rule(service_.rule, {});
  bool fired = false;
  for (const SecondCounts& second : seconds_) {
    if (second.second < start_second) continue;
    if (second.second >= start_second + horizon_seconds_) break;
    rule.Observe(second.second, StartedFrom(second.by_age, second.second, start_second));
    fired = fired || rule.fired();
  }
  ++errors_->judged;
  errors_->fired += fired ? 1 : 0;
}

// A level is told when it changes: between two changes every question had that answer.
std::optional<bool> RulePlay::Fails(const HealthCheckConfig& check, int64_t start_second) const {
  const auto found = changes_.find(check.name);
  if (found == changes_.end() || found->second.front().second >= start_second) return std::nullopt;
  const HealthRule rule{.before_second = start_second,
                        .from_second = start_second + stabilise_seconds_,
                        .fatals_needed = service_.health.fatals_needed};
  HealthBook book;
  auto change = found->second.begin();
  for (int64_t second = start_second - 1; second < start_second + horizon_seconds_; second += check.every / kSecondNs) {
    while (std::next(change) != found->second.end() && std::next(change)->second <= second) ++change;
    HealthResult result{.service = service_.name, .check = check.name, .level = change->level};
    result.at_ns = second * kSecondNs;
    book.Take(result);
    if (book.Failed(service_.name, rule, second)) return true;
  }
  return false;
}

void RulePlay::PlayHealth(int64_t start_second) {
  bool is_known = false;
  bool fails = false;
  for (const HealthCheckConfig& check : service_.health.checks) {
    const std::optional<bool> one = Fails(check, start_second);
    is_known = is_known || one.has_value();
    fails = fails || one.value_or(false);
  }
  if (!is_known) return;
  ++health_->judged;
  health_->fired += fails ? 1 : 0;
}

}  // namespace revertd
