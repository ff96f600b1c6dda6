// LateDesk: the late watches (late_watch.h): each release whose own watch ended without blame, until twelve hours after
// its finish or until its service's next deploy. While that one is under way nothing is seen of this one alone; where
// it is abandoned the watch goes on.
//
// One thread, the analysis thread. Invariants: 1. what is told of a deploy, and of which second, depends on the history
// blocks and on the deploys known by then, never on batches nor on restarts: a watch is folded again from the kept
// blocks; 2. it is told once, as `ambiguous` with the reason kLateErrors, and nothing acts on it; 3. at most one watch
// a service, BytesPerService(), beside one that ends within a block.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "analysis/attribution.h"
#include "analysis/deploy_registry.h"
#include "analysis/late_watch.h"
#include "analysis/trigger_desk.h"
#include "base/sinks.h"
#include "config/config.h"

namespace revertd {

// Of the verdict that replaces the one with which the deploy's own watch ended.
inline constexpr std::string_view kLateErrors = "late_errors";

class LateDesk {
 public:
  // All must outlive it.
  LateDesk(const Config& config, const SeriesByService& series, const DeployRegistry& registry, TriggerDesk* decisions,
           AnalysisSink* sink);
  static uint64_t BytesPerService();

  // A watch is over, live or as a restart finds it, at `second`. Takes the deploy if there is something to watch for.
  void Take(DeployRecord* record, int64_t second);
  // The first second from `second` on at whose end a block is complete, where one is waited for.
  std::optional<int64_t> NextDue(int64_t second) const;
  // Every second through `second` is in the services' series.
  void SealedThrough(int64_t second);

 private:
  struct Late {
    DeployRecord* record = nullptr;
    const Series* series = nullptr;
    std::optional<LateWatch> watch;  // nullopt: told, and its decision may still change
    DecisionTrack decisions;
    int64_t next_second = 0;  // blocks that start from here on are not folded yet
  };

  void ForgetBefore(const DeployRecord& record);
  std::optional<LateWatch> WatchOf(const DeployRecord& record, const Series& series) const;
  // Whether a block that ends there is too late, or the deploy came to nothing.
  bool IsOver(const DeployRecord& record, int64_t end) const;
  // Folds what ended at `through` or before; whether there is nothing more to wait for.
  bool Step(int64_t through, Late* late);
  void Fold(int64_t through, Late* late);
  void Call(Late* late);

  const Config& config_;
  const SeriesByService& series_;
  const DeployRegistry& registry_;
  TriggerDesk* decisions_;
  AnalysisSink* sink_;
  std::vector<Late> late_;
  int64_t through_ = kNoSecond;  // blocks that end here or before have been looked at
};

}  // namespace revertd
