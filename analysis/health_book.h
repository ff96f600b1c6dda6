// HealthBook: what health checks found of late, and whether a check that a deploy found well has failed ever since:
// the one rule by which checks are evidence (docs/health.md).
//
// One thread, the analysis thread. Bounded: kResultsKept a check, and as many checks as are configured. A deterministic
// rule, outside the false rollback rate: whoever configures a fatal check says that its failure is a fault.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/health.h"

namespace revertd {

// When a check counts against a deploy.
struct HealthRule {
  int64_t before_second = 0;  // the deploy's start: what was found last before it must have been ok
  int64_t from_second = 0;    // its finish and the time to settle down: what is found earlier does not count
  int64_t fatals_needed = 3;
};

// A check that failed so often in a row, and the newest failure.
struct FailedCheck {
  std::string check;
  std::string reason;
  int64_t failures = 0;      // in a row, since from_second
  int64_t first_second = 0;  // of the first of them
  int64_t last_second = 0;
};

class HealthBook {
 public:
  // Of one check, newest: with a question a second, four minutes.
  static constexpr size_t kResultsKept = 256;
  // What was found so long before a deploy says nothing of how it found the service.
  static constexpr int64_t kOkBeforeSecondsMax = int64_t{2} * 3600;

  // In the order asked. What is older than the newest of its check is passed over.
  void Take(const HealthResult& result);
  // The check that failed first, as seen through `second`. Unknown results break no row and make none.
  std::optional<FailedCheck> Failed(std::string_view service, const HealthRule& rule, int64_t second) const;
  // Whether a fatal check of the service fails now: what others suffer from may be this.
  bool IsFailing(std::string_view service, int64_t second) const;
  // How many others do.
  int64_t OthersFailing(std::string_view service, int64_t second) const;

 private:
  struct Result {
    int64_t second = 0;
    HealthLevel level = HealthLevel::kUnknown;
    std::string reason;
  };
  struct Check {
    std::deque<Result> results;          // ascending
    std::optional<Result> forgotten_ok;  // the newest result that no longer stands there, where it was ok
  };
  static std::optional<FailedCheck> FailedOf(const Check& check, const HealthRule& rule, int64_t second);
  static bool WasOk(const Check& check, int64_t before_second);

  std::map<std::string, std::map<std::string, Check, std::less<>>, std::less<>> by_service_;
};

}  // namespace revertd
