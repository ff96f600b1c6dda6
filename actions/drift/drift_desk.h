// DriftDesk: the executor's hourly scan for drift, and the telling of it.
//
// What was told and is not over stands in the audit trail: a row "drift" when a finding is new, a row "drift_over" when
// a later scan looked again and did not find it; both are kept and shown by the sidecar as events like every row, and
// written together with the messages to people. A cursor says from where on rows must be read after a restart.
// Invariants: 1. a finding is told once, and once that it is over, also over restarts; 2. one that could not be looked
// at again (DriftReport::unseen) is not over; 3. one with a told_after is told where a scan that began so much later
// still finds it, and there is such a scan; a restart begins that anew; 4. no call waits for a remote: the scan runs on
// a thread of its own, with databases and git of its own, which destruction tells to stop and waits for.
//
// Thread contract: the executor's thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <optional>
#include <string>

#include "actions/drift/drift_finding.h"
#include "actions/notice.h"
#include "actions/notices.h"
#include "actions/notifier.h"
#include "base/clock.h"
#include "base/status.h"
#include "store/executor_store.h"

namespace revertd {

// One that was told. since_second: when it was found first; with the key it names this occurrence of it.
struct StandingDrift {
  DriftFinding finding;  // without facts
  int64_t since_second = 0;
  int64_t seq = 0;  // of its row
};

// "drift_found", or where it is over "drift_over", which resolves.
Notice NoticeOf(const DriftFinding& finding, int64_t since_second, bool is_over, const NoticeContext& context);

class DriftDesk {
 public:
  // The executor has a start, and perhaps rollbacks that were under way, behind it by then.
  static constexpr DurationNs kFirstAfter = 3 * kMinuteNs;
  static constexpr DurationNs kRetryWait = kMinuteNs;  // where what was found could not be written
  // At once; more than people read. `revertd drift scan` prints them all.
  static constexpr size_t kStandingMax = 200;

  // Runs on a thread of its own and stops early once `stop` is true. nullptr: there is nothing to look for.
  using Scan = std::function<DriftReport(const std::atomic<bool>& stop)>;

  // All outlive it.
  DriftDesk(DurationNs every, Scan scan, ExecutorStore* journal, Notifier* notifier, const Clock* clock)
      : every_(every), scan_(std::move(scan)), journal_(journal), notifier_(notifier), clock_(clock) {}
  ~DriftDesk();
  DriftDesk(const DriftDesk&) = delete;
  DriftDesk& operator=(const DriftDesk&) = delete;

  // Never waits. A failed status is the journal's, and its report is taken up again by a later call; or says that there
  // is more than is told.
  Status RunOnce();

  bool is_scanning() const { return scanning_.valid(); }

 private:
  using Standing = std::map<std::string, StandingDrift, std::less<>>;  // by key
  struct Report {
    DriftReport report;
    TimeNs at_ns = 0;
    // Monotonic, of the scan.
    TimeNs begun_ns = 0;
    TimeNs ended_ns = 0;
  };
  struct Waiting {
    TimeNs due_ns = 0;  // monotonic: a scan that begins then, or later, confirms it
    std::string area;
  };
  using WaitingByKey = std::map<std::string, Waiting, std::less<>>;
  Status Load();
  void Restore(const AuditRow& row);
  Status Take(const Report& taken);
  WaitingByKey WaitingAfter(const Report& taken) const;
  void ScanWhenDue(TimeNs begun_ns);
  Status Write(std::string_view kind, const DriftFinding& finding, int64_t since_second, TimeNs at_ns, int64_t* seq);
  Status WriteCursor(const Standing& standing);

  const DurationNs every_;
  const Scan scan_;
  ExecutorStore* const journal_;
  Notifier* const notifier_;
  const Clock* const clock_;
  std::atomic<bool> stop_{false};
  std::optional<TimeNs> next_scan_ns_;  // monotonic, as are the two below
  TimeNs next_take_ns_ = 0;
  TimeNs scan_begun_ns_ = 0;
  std::optional<Standing> standing_;  // once loaded
  std::optional<Report> pending_;     // what was found and is not written
  WaitingByKey waiting_;              // found, and to be found again before it is told
  std::future<DriftReport> scanning_;
};

}  // namespace revertd
