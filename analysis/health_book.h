// HealthBook: what health checks found of late, and whether a check that a deploy found well fails since then: the one
// rule by which checks are evidence (docs/health.md).
//
// One thread, the analysis thread. Bounded: kRunsKept runs of equal answers a check, however often it is asked, and as
// many checks as are configured. A deterministic rule, outside the false rollback rate: whoever configures a fatal
// check says that its failure is a fault.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/health.h"
#include "base/window.h"

namespace revertd {

// When a check counts against a deploy.
struct HealthRule {
  int64_t before_second = 0;  // the deploy's start: what was found last before it must have been ok
  int64_t from_second = 0;    // its finish and the time to settle down: what is found earlier does not count
  int64_t fatals_needed = 3;  // at most HealthBook::kSecondsKept
};

// A check that failed so often in a row and fails still, and the newest failure.
struct FailedCheck {
  std::string check;
  std::string reason;
  int64_t failures = 0;      // in a row, since from_second
  int64_t first_second = 0;  // of the row, but not before from_second: the same for as long as it lasts
  int64_t last_second = 0;
};

class HealthBook {
 public:
  // Of one check. A flood of them says nothing but that it flaps.
  static constexpr size_t kRunsKept = 128;
  // Of one row of failures, the newest: as many as health.fatals_needed may ask for.
  static constexpr size_t kSecondsKept = 100;
  // What was found so long before a deploy says nothing of how it found the service.
  static constexpr int64_t kOkBeforeSecondsMax = int64_t{2} * 3600;
  // A clock that is slewed, or answers of two threads, go back less; one that was set back goes back more.
  static constexpr int64_t kSlewSecondsMax = 2;

  // It is asked; until its next answer nobody knows how it is now.
  void Await(std::string_view service, std::string_view check);
  // In the order asked. Where our clock was set back, what the check said before is forgotten: it can be compared with
  // nothing that comes.
  void Take(const HealthResult& result);

  // The check whose row of failures is the oldest, as seen through `second`. Unknown answers break no row and make
  // none, and so do those that time alone brings about (base/health.h).
  std::optional<FailedCheck> Failed(std::string_view service, const HealthRule& rule, int64_t second) const;
  // Whether a fatal check of the service fails, or where one is named that one, as seen through `second`: what others
  // suffer from may be this.
  bool IsFailing(std::string_view service, int64_t second, std::string_view check = {}) const;
  // Whether a check that was awaited has not been answered yet.
  bool IsAwaited(std::string_view service) const;
  // How many other services have a check that fails by the newest answer, and was ok before `before_second`.
  int64_t OthersFailing(std::string_view service, int64_t before_second) const;
  // Whether all checks of other services were asked at `second` or later.
  bool OthersAsked(std::string_view service, int64_t second) const;

 private:
  struct Run {  // answers of one level, one after the other
    HealthLevel level = HealthLevel::kOk;
    int64_t first_second = 0;
    int64_t last_second = 0;
    int64_t answers = 0;
    std::deque<int64_t> seconds = {};  // of failures, the newest
    std::string reason = {};           // the newest
  };
  struct Check {
    bool is_awaited = false;
    int64_t asked_second = kNoSecond;  // newest
    std::deque<Run> runs;              // ascending
  };
  using Checks = std::map<std::string, Check, std::less<>>;
  const Checks& ChecksOf(std::string_view service) const;
  static const Run* RunAt(const Check& check, int64_t second);
  static bool WasOk(const Check& check, int64_t before_second);
  static std::optional<FailedCheck> FailedOf(const Check& check, const HealthRule& rule, int64_t second);

  std::map<std::string, Checks, std::less<>> by_service_;
};

}  // namespace revertd
