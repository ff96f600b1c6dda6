// Where analysis and ingest tell what they found. Declared here so that they need not know the store or the process
// around them; implemented in store/ and daemon/, wired in daemon/sidecar.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/deploy.h"
#include "base/error_event.h"
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

// How far a followed file was read. A file is known again by its first bytes, which a rename, a copy and a reused inode
// number do not change or change: head_hash is of the first head_bytes; where there are none yet, by device and inode.
struct FilePosition {
  std::string path;  // of the source; after a rotation the file itself has another name
  uint64_t device = 0;
  uint64_t inode = 0;
  int64_t offset = 0;  // of a line's first byte
  int64_t head_bytes = 0;
  uint64_t head_hash = 0;
};

// Called by the ingest thread. Every line of `second` and before stands in front of the positions: read from there
// again after a restart and leave out what is not after the newest second that is kept, and each line is counted once.
class PositionSink {
 public:
  virtual ~PositionSink() = default;
  virtual void OnSealed(int64_t second, std::vector<FilePosition> positions) = 0;
};

// Called by the analysis thread alone. OnTrigger must not return ok before the trigger is durable: the executor is
// woken after it. A failed status is analysis's to repeat: it calls again with the same facts.
class AnalysisSink {
 public:
  virtual ~AnalysisSink() = default;
  virtual void OnSecond(std::string_view service, const SecondCounts& counts) = 0;
  virtual void OnHistoryBlock(std::string_view service, const HistoryBlock& block) = 0;
  // What a shadow deploy on the service's traffic showed (analysis/shadow_deploy.h), encoded. For those that keep it.
  virtual void OnShadow(std::string_view /*service*/, int64_t /*start_second*/, std::string_view /*result*/) {}
  // A group of errors that is new or has changed, and what its blocks and those of sessions counted: for those that
  // keep it.
  virtual void OnErrorGroup(const ErrorGroupRecord& /*group*/) {}
  virtual void OnErrorBlock(const ErrorBlock& /*block*/) {}
  virtual void OnSessionBlock(const SessionBlock& /*block*/) {}
  virtual void OnDeploy(const Deploy& deploy) = 0;  // new or changed
  virtual void OnVerdict(const Verdict& verdict) = 0;
  virtual void OnFollowUp(const FollowUp& /*follow_up*/) {}  // after the verdict that it takes back, if any
  virtual void OnDecision(const Decision& decision) = 0;
  virtual Status OnTrigger(const RollbackTrigger& trigger) = 0;
  virtual void OnRecovery(const Recovery& recovery) = 0;
};

// For those that listen to a part of it: what is not overridden is heard by nobody, and a trigger goes nowhere.
class PartialSink : public AnalysisSink {
 public:
  void OnSecond(std::string_view /*service*/, const SecondCounts& /*counts*/) override {}
  void OnHistoryBlock(std::string_view /*service*/, const HistoryBlock& /*block*/) override {}
  void OnDeploy(const Deploy& /*deploy*/) override {}
  void OnVerdict(const Verdict& /*verdict*/) override {}
  void OnDecision(const Decision& /*decision*/) override {}
  Status OnTrigger(const RollbackTrigger& /*trigger*/) override { return OkStatus(); }
  void OnRecovery(const Recovery& /*recovery*/) override {}
};

}  // namespace revertd
