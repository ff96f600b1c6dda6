// Rules: what a service's owner says is a fault, whatever statistics say: too many 5xx since the deploy (`rule`), or a
// fatal health check that fails again and again (`health`). They stand beside the e-processes and outside alpha: how
// often they are wrong is the owner's choice, and `revertd calibrate` shows it.
//
// Pure fold over seconds; one thread. docs/statistics.md, "Rules".
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "analysis/health_book.h"
#include "analysis/series.h"
#include "base/verdict.h"
#include "config/config.h"

namespace revertd {

// Reasons of a verdict, and at once the names of the signals that stand in its evidence.
inline constexpr std::string_view kRuleErrors = "rule_errors";
inline constexpr std::string_view kRuleHealth = "rule_health";
// Whether the verdict is a rule's and not the statistics'.
bool IsByRule(const Verdict& verdict);

// Whether more than errors_above of the requests in the newest window failed, of at least requests_min.
class ErrorsRule {
 public:
  ErrorsRule(const RuleConfig& config, const RateCounts& before);  // before: of the baseline
  // Of the new version alone, every second in order.
  void Observe(int64_t second, const RateCounts& counts);
  // Evidence of the newest second, where it is above the limit in it; its onset is when it began to be, without a
  // pause.
  const std::optional<Evidence>& fired() const { return fired_; }

 private:
  RuleConfig config_;
  RateCounts before_;
  int64_t window_seconds_;
  std::deque<std::pair<int64_t, RateCounts>> seconds_;  // of the window; a few thousand at most
  RateCounts sum_;
  int64_t above_since_ = kNoSecond;
  std::optional<Evidence> fired_;
};

// Whether the service has a fatal health check of that name: one whose failure may be evidence.
bool HasFatalCheck(const ServiceConfig& service, std::string_view check);
Evidence EvidenceOf(const FailedCheck& failed);
std::string CheckOf(const Evidence& of_health);  // the check's name

}  // namespace revertd
