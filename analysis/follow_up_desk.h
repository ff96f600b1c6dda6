// FollowUpDesk: each release whose own watch ended without blame is judged again an hour, four and twelve hours after
// its finish (detect.follow_ups), on all its signals, over as long as `observe`; what is found then takes back an
// earlier "healthy".
//
// One thread, the analysis thread. Invariants: 1. arming needs no row of its own: what is armed follows from the deploy
// and from which follow-ups were told, so that a restart arms the same ones, and each is told once; 2. one that fell
// into a time when nobody looked, or when a later deploy was under way that came to nothing, is late, not lost: it is
// judged over the first `observe` seconds that are seen again, and of this deploy alone; 3. what is told, and of which
// second, depends on the seconds up to it, never on how they were batched; 4. nothing is blamed hours later without a
// control that stayed as it was; 5. a decision that may still change is asked for until it stands, also after a
// restart, and so is one of the deploy's own watch that a release held, or that is of what a release meant to undo and
// did not. docs/statistics.md, "Follow-ups".
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "analysis/deploy_registry.h"
#include "analysis/open_watch.h"
#include "analysis/trigger_desk.h"
#include "base/sinks.h"
#include "config/config.h"

namespace revertd {

// Of alpha, spent beside it by all follow-ups of a deploy together: 3e-4 at the usual 1e-3.
inline constexpr double kFollowUpAlphaShare = 0.3;
// What is later than that, after a long outage or where its duration is new in the configuration, is told to be too
// late: it would say little of the hour that was asked for.
inline constexpr int64_t kFollowUpLateSecondsMax = int64_t{12} * 3600;
// Each folds `observe` seconds at once: more in a second would hold up those who watch their deploys.
inline constexpr int kFollowUpsPerSecond = 4;

// Reasons of an inconclusive one: it was not looked at; errors are as ever, but of latency, which the log tells, nobody
// knows how it was before the deploy (a restart forgets it).
inline constexpr std::string_view kFollowUpTooLate = "follow_up_too_late";
inline constexpr std::string_view kLatencyUnknown = "latency_unknown";

class FollowUpDesk {
 public:
  // What surrounds a deploy at a second (deploy_watch.h).
  using Around = std::function<Surroundings(const OpenWatch& watch, int64_t second)>;

  // All must outlive it.
  FollowUpDesk(const Config& config, const DeployRegistry& registry, TriggerDesk* decisions, AnalysisSink* sink);

  // The newest second when this process began to seal; before anything is taken. What a restart left to do is done
  // from there on, although seconds before it are gone through once more.
  void StartAt(int64_t second) { started_ = second; }
  // A watch is over, live or as a restart finds it, at `second`, and so far `decisions` was done about it. Arms what
  // has not been told. What a release answers for, or meant to undo, is asked again until it does so no more and a
  // decision stands: it may end, or be killed, long after the watch.
  void Take(DeployRecord* record, int64_t second, const DecisionTrack& decisions);
  // The next second at whose end one is due, or asks again for a decision.
  std::optional<int64_t> NextDue() const;
  // Every second through `second` is in the services' series.
  void SealedThrough(int64_t second, const WatchSources& sources, const Around& around);

  struct Armed {
    DeployRecord* record = nullptr;
    DurationNs after_ns = 0;
    int64_t due_second = 0;  // exclusive end of what it looks at

    int64_t asked_for_second() const { return record->first_second() + after_ns / kSecondNs; }
  };
  const std::vector<Armed>& armed() const { return armed_; }  // by time

 private:
  struct Called {  // it was bad, and what is done about it may still change
    DeployRecord* record = nullptr;
    DecisionTrack decisions;
  };
  bool IsLeftToRelease(const DeployRecord& record, const DecisionTrack& decisions) const;
  void TakeUpFromBeforeRestart(DeployRecord* record);
  void KeepAsking(DeployRecord* record, const DecisionTrack& decisions);
  void Arm(const Armed& armed, int64_t second);
  int64_t FirstFree(int64_t due_second) const;
  void TellTooLate(const Armed& armed, int64_t second);
  bool IsOver(const DeployRecord& record, int64_t second) const;
  int64_t SeenAloneFrom(const Armed& armed, const SeriesByService& series) const;
  bool RunOrPutOff(const Armed& armed, int64_t second, const WatchSources& sources, const Around& around);
  void Run(const Armed& armed, const WatchSources& sources, const Around& around);
  void TakeBack(DeployRecord* record, const Verdict& verdict);
  void AskAgain(int64_t second);
  void Release(DeployRecord* record);

  const Config& config_;
  const DeployRegistry& registry_;
  TriggerDesk* decisions_;
  AnalysisSink* sink_;
  const int64_t length_;
  int64_t started_ = kNoSecond;
  std::vector<Armed> armed_;
  std::vector<Called> called_;
};

}  // namespace revertd
