// Where analysis tells what it found. Declared here so that analysis need not know the store or the process around
// it; implemented in store/ and daemon/, wired in daemon/app.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/deploy.h"
#include "base/status.h"
#include "base/trigger.h"
#include "base/verdict.h"
#include "base/window.h"

namespace revertd {

// A service's history block (docs/statistics.md, baseline): requests and errors of all ages in one block of time.
inline constexpr int64_t kHistoryBlockSeconds = 40;
struct HistoryBlock {
  int64_t start_second = 0;  // a multiple of kHistoryBlockSeconds
  int64_t requests = 0;
  int64_t errors = 0;
};

// What detection keeps of one sealed second of one service.
struct SecondCounts {
  int64_t second = 0;
  AgeCounts by_age;
};

// Called by the analysis thread alone. OnTrigger must not return ok before the trigger is durable: the executor is
// woken after it. A failed status is analysis's to repeat: it calls again with the same facts.
class AnalysisSink {
 public:
  virtual ~AnalysisSink() = default;
  virtual void OnSecond(std::string_view service, const SecondCounts& counts) = 0;
  virtual void OnHistoryBlock(std::string_view service, const HistoryBlock& block) = 0;
  virtual void OnDeploy(const Deploy& deploy) = 0;  // new or changed
  virtual void OnVerdict(const Verdict& verdict) = 0;
  virtual void OnDecision(const Decision& decision) = 0;
  virtual Status OnTrigger(const RollbackTrigger& trigger) = 0;
  virtual void OnRecovery(const Recovery& recovery) = 0;
};

}  // namespace revertd
