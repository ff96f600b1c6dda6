#include "analysis/health_book.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"

namespace revertd {

void HealthBook::Await(std::string_view service, std::string_view check) {
  by_service_[std::string(service)][std::string(check)].is_awaited = true;
}

void HealthBook::Take(const HealthResult& result) {
  Check& check = by_service_[result.service][result.check];
  const int64_t asked = FloorToSecond(result.at_ns);
  if (check.asked_second != kNoSecond && asked < check.asked_second - kSlewSecondsMax) check = {};
  const int64_t second = std::max(asked, check.asked_second);
  check.is_awaited = false;
  check.asked_second = second;
  if (result.level == HealthLevel::kUnknown || IsOfTimeAlone(result.reason)) return;
  if (check.runs.empty() || check.runs.back().level != result.level) {
    check.runs.push_back({.level = result.level, .first_second = second});
    if (check.runs.size() > kRunsKept) check.runs.pop_front();
  }
  Run& run = check.runs.back();
  run.last_second = second;
  run.reason = result.reason;
  ++run.answers;
  if (run.level != HealthLevel::kFatal) return;
  run.seconds.push_back(second);
  if (run.seconds.size() > kSecondsKept) run.seconds.pop_front();
}

const HealthBook::Checks& HealthBook::ChecksOf(std::string_view service) const {
  static const Checks kNone;
  const auto found = by_service_.find(service);
  return found == by_service_.end() ? kNone : found->second;
}

// Null: there was none yet.
const HealthBook::Run* HealthBook::RunAt(const Check& check, int64_t second) {
  const auto found = std::find_if(check.runs.rbegin(), check.runs.rend(),
                                  [second](const Run& run) { return run.first_second <= second; });
  return found == check.runs.rend() ? nullptr : &*found;
}

bool HealthBook::WasOk(const Check& check, int64_t before_second) {
  const Run* run = RunAt(check, before_second - 1);
  return run != nullptr && run->level == HealthLevel::kOk && run->last_second >= before_second - kOkBeforeSecondsMax;
}

std::optional<FailedCheck> HealthBook::FailedOf(const Check& check, const HealthRule& rule, int64_t second) {
  const Run* run = RunAt(check, second);
  if (run == nullptr || run->level != HealthLevel::kFatal || !WasOk(check, rule.before_second)) return std::nullopt;
  FailedCheck failed;
  failed.reason = run->reason;
  failed.first_second = std::max(run->first_second, rule.from_second);
  for (const int64_t failure : run->seconds) {
    if (failure < rule.from_second || failure > second) continue;
    ++failed.failures;
    failed.last_second = failure;
  }
  if (failed.failures < rule.fatals_needed) return std::nullopt;
  const bool is_whole = run->first_second >= rule.from_second && run->last_second <= second;
  if (is_whole) failed.failures = run->answers;
  return failed;
}

std::optional<FailedCheck> HealthBook::Failed(std::string_view service, const HealthRule& rule, int64_t second) const {
  std::optional<FailedCheck> first;
  for (const auto& [name, check] : ChecksOf(service)) {
    std::optional<FailedCheck> failed = FailedOf(check, rule, second);
    if (!failed || (first && first->first_second <= failed->first_second)) continue;
    failed->check = name;
    first = std::move(failed);
  }
  return first;
}

bool HealthBook::IsFailing(std::string_view service, int64_t second, std::string_view check) const {
  return std::ranges::any_of(ChecksOf(service), [&](const auto& named) {
    const Run* run = RunAt(named.second, second);
    return (check.empty() || named.first == check) && run != nullptr && run->level == HealthLevel::kFatal;
  });
}

bool HealthBook::IsAwaited(std::string_view service) const {
  return std::ranges::any_of(ChecksOf(service), [](const auto& named) { return named.second.is_awaited; });
}

int64_t HealthBook::OthersFailing(std::string_view service, int64_t before_second) const {
  return std::count_if(by_service_.begin(), by_service_.end(), [&](const auto& other) {
    return other.first != service && std::any_of(other.second.begin(), other.second.end(), [&](const auto& named) {
             const Check& check = named.second;
             const bool fails = !check.runs.empty() && check.runs.back().level == HealthLevel::kFatal;
             return fails && WasOk(check, before_second);
           });
  });
}

bool HealthBook::OthersAsked(std::string_view service, int64_t second) const {
  return std::all_of(by_service_.begin(), by_service_.end(), [&](const auto& other) {
    return other.first == service || std::all_of(other.second.begin(), other.second.end(), [second](const auto& check) {
             return check.second.asked_second >= second;
           });
  });
}

}  // namespace revertd
