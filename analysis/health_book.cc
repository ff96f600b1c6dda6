#include "analysis/health_book.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"

namespace revertd {

void HealthBook::Take(const HealthResult& result) {
  Check& check = by_service_[result.service][result.check];
  const int64_t second = FloorToSecond(result.at_ns);
  if (!check.results.empty() && second < check.results.back().second) return;
  check.results.push_back({second, result.level, result.reason});
  if (check.results.size() <= kResultsKept) return;
  if (check.results.front().level != HealthLevel::kUnknown) {
    const bool was_ok = check.results.front().level == HealthLevel::kOk;
    check.forgotten_ok = was_ok ? std::optional(check.results.front()) : std::nullopt;
  }
  check.results.pop_front();
}

bool HealthBook::WasOk(const Check& check, int64_t before_second) {
  const Result* newest = check.forgotten_ok ? &*check.forgotten_ok : nullptr;
  for (const Result& result : check.results) {
    if (result.second >= before_second) break;
    if (result.level != HealthLevel::kUnknown) newest = &result;
  }
  return newest != nullptr && newest->level == HealthLevel::kOk && newest->second < before_second &&
         newest->second >= before_second - kOkBeforeSecondsMax;
}

std::optional<FailedCheck> HealthBook::FailedOf(const Check& check, const HealthRule& rule, int64_t second) {
  FailedCheck failed;
  for (const Result& result : check.results) {
    if (result.second > second) break;
    if (result.second < rule.from_second || result.level == HealthLevel::kUnknown) continue;
    if (result.level != HealthLevel::kFatal) {
      failed = {};
      continue;
    }
    if (failed.failures == 0) failed.first_second = result.second;
    ++failed.failures;
    failed.last_second = result.second;
    failed.reason = result.reason;
    // The row that was long enough stands: what comes after it is not asked.
    if (failed.failures >= rule.fatals_needed) break;
  }
  if (failed.failures < rule.fatals_needed || !WasOk(check, rule.before_second)) return std::nullopt;
  return failed;
}

std::optional<FailedCheck> HealthBook::Failed(std::string_view service, const HealthRule& rule, int64_t second) const {
  std::optional<FailedCheck> first;
  const auto checks = by_service_.find(service);
  if (checks == by_service_.end()) return first;
  for (const auto& [name, check] : checks->second) {
    std::optional<FailedCheck> failed = FailedOf(check, rule, second);
    if (!failed || (first && first->last_second <= failed->last_second)) continue;
    failed->check = name;
    first = std::move(failed);
  }
  return first;
}

bool HealthBook::IsFailing(std::string_view service, int64_t second) const {
  const auto checks = by_service_.find(service);
  if (checks == by_service_.end()) return false;
  for (const auto& [name, check] : checks->second) {
    const auto newest = std::find_if(check.results.rbegin(), check.results.rend(), [second](const Result& result) {
      return result.second <= second && result.level != HealthLevel::kUnknown;
    });
    if (newest != check.results.rend() && newest->level == HealthLevel::kFatal) return true;
  }
  return false;
}

int64_t HealthBook::OthersFailing(std::string_view service, int64_t second) const {
  int64_t failing = 0;
  for (const auto& [other, checks] : by_service_) {
    if (other != service && IsFailing(other, second)) ++failing;
  }
  return failing;
}

}  // namespace revertd
