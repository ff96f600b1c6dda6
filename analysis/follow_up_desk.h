// FollowUpDesk: each release whose own watch ended without blame is judged again an hour, four and twelve hours after
// its finish (detect.follow_ups), on all its signals, over as long as `observe`; what is found then takes back an
// earlier "healthy".
//
// One thread, the analysis thread. Invariants: 1. arming needs no row of its own: what is armed follows from the deploy
// and from which follow-ups were told, so that a restart arms the same ones, and each is told once; 2. one that fell
// into a time when nobody looked is late, not lost: it is judged over the first `observe` seconds that are seen
// again; 3. what is told, and of which second, depends on the seconds up to it, never on how they were batched; 4.
// nothing is blamed hours later without a control that stayed as it was. docs/statistics.md, "Follow-ups".
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "analysis/deploy_registry.h"
#include "analysis/open_watch.h"
#include "analysis/trigger_desk.h"
#include "base/sinks.h"
#include "config/config.h"

namespace revertd {

// Of alpha, spent beside it by all follow-ups of a deploy together: 3e-4 at the usual 1e-3.
inline constexpr double kFollowUpAlphaShare = 0.3;

class FollowUpDesk {
 public:
  // What surrounds a deploy at a second (deploy_watch.h).
  using Around = std::function<Surroundings(const OpenWatch& watch, int64_t second)>;

  // All must outlive it.
  FollowUpDesk(const Config& config, const DeployRegistry& registry, TriggerDesk* decisions, AnalysisSink* sink);

  // A watch is over, live or as a restart finds it, at `second`. Arms what has not been told.
  void Take(DeployRecord* record, int64_t second);
  // The next second at whose end one is due, or asks again for a decision.
  std::optional<int64_t> NextDue() const;
  // Every second through `second` is in the services' series.
  void SealedThrough(int64_t second, const WatchSources& sources, const Around& around);

  struct Armed {
    DeployRecord* record = nullptr;
    DurationNs after_ns = 0;
    int64_t due_second = 0;  // exclusive end of what it looks at
  };
  const std::vector<Armed>& armed() const { return armed_; }  // by time

 private:
  struct Called {  // it was bad, and what is done about it may still change
    DeployRecord* record = nullptr;
    DecisionTrack decisions;
  };
  bool IsOver(const DeployRecord& record, int64_t second) const;
  void Run(const Armed& armed, const WatchSources& sources, const Around& around);
  void TakeBack(DeployRecord* record, const Verdict& verdict);
  void Release(DeployRecord* record);

  const Config& config_;
  const DeployRegistry& registry_;
  TriggerDesk* decisions_;
  AnalysisSink* sink_;
  const int64_t length_;
  std::vector<Armed> armed_;
  std::vector<Called> called_;
};

}  // namespace revertd
