// DeployRegistry: every deploy that is known, by service and in order of start, and what became of it.
//
// One thread, the analysis thread. Records keep their address until Register drops an old closed one.
// Invariants: 1. a service and a head revision within kSameDeployWindow is one deploy, whoever told of it, and keeps
// the first id; 2. at most kDeploysKeptPerService records a service; 3. an abandoned deploy has no finish and never
// gets one: what is told of the same revision later is another deploy, a second try.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/series.h"
#include "analysis/signal.h"
#include "base/deploy.h"
#include "base/status.h"
#include "base/verdict.h"

namespace revertd {

inline constexpr DurationNs kSameDeployWindow = 10 * kMinuteNs;
inline constexpr size_t kDeploysKeptPerService = 512;  // 14 days of a deploy every 40 minutes
// A service is no control while it is deployed nor this long afterwards.
inline constexpr int64_t kNoControlAfterDeploySeconds = int64_t{15} * 60;

// Of the verdict on a deploy that was begun and did not come to be. It is how a restart knows of it.
inline constexpr std::string_view kAbandoned = "abandoned";

// Whether two names of a revision mean the same one: equal, or one abbreviates the other to at least 7 digits.
bool SameRevision(std::string_view a, std::string_view b);

struct DeployRecord {
  enum class Phase { kWaiting, kOpen, kClosed };

  Deploy deploy;
  Phase phase = Phase::kWaiting;
  VerdictState state = VerdictState::kWatching;       // of a release
  RecoveryState recovery = RecoveryState::kWatching;  // of a revert
  std::optional<Verdict> told_verdict;                // the last one told, also before a restart
  std::optional<Decision> told_decision;
  bool recovery_told = false;
  bool watched_late = false;                     // closed, but the late desk still holds it,
  bool followed_up = false;                      // or the desk of follow-ups
  std::vector<DurationNs> follow_ups_done = {};  // those that were told

  bool abandoned() const { return told_verdict && told_verdict->reason == kAbandoned; }
  TimeNs abandoned_ns() const { return told_verdict->at_ns; }  // of one that is
  bool only_asks() const { return told_verdict && OnlyAsks(*told_verdict); }
  int64_t first_second() const { return CeilToSecond(deploy.finish_ns); }  // first one of the new version alone
  int64_t baseline_end() const;                                            // exclusive; the baseline lies before it
};

class DeployRegistry {
 public:
  explicit DeployRegistry(int64_t observe_seconds) : observe_seconds_(observe_seconds) {}

  struct Registered {
    DeployRecord* record = nullptr;
    bool changed = false;    // new, or something about it is new
    bool corrected = false;  // its guessed finish was replaced: what was seen since then is judged anew
  };
  StatusOr<Registered> Register(Deploy deploy);
  DeployRecord* Find(std::string_view id);
  // The newest deploy of the service with this head; nullptr if unknown.
  DeployRecord* FindHead(std::string_view service, std::string_view head);

  // What whoever gave up a rollout of this head means, which began at `told_ns` or before: the newest one that is under
  // way, or whose finish is a guess. One that was seen to serve is not taken back by a second try. An empty head: that
  // of a deploy without one. nullptr: none.
  DeployRecord* FindGivenUp(std::string_view service, std::string_view head, TimeNs told_ns);
  // A guessed finish is replaced by what is known. false: there was none, or it has been judged by it already.
  static bool CorrectFinish(DeployRecord* record, TimeNs finish_ns);

  // Where the watch of this deploy ends: after the observation, or where a later deploy of its service starts.
  int64_t WatchEnd(const DeployRecord& record) const;
  bool Superseded(const DeployRecord& record, int64_t second) const;
  // A later deploy of its service has taken its place by then for good: one that has begun only may still be abandoned,
  // as it may during its observation.
  bool Replaced(const DeployRecord& record, int64_t second) const;
  // The first second in [from, to] from which on it serves alone until `to`. While a later deploy is under way part of
  // the fleet runs that one, abandoned in the end or not.
  int64_t AloneFrom(const DeployRecord& record, int64_t from, int64_t to) const;
  // FailedPrecondition where it came to be, InvalidArgument where it would end before it began.
  Status MayBeAbandoned(const DeployRecord& record, TimeNs at_ns) const;
  // Intervals of `service` that no baseline may use: deploys under way and what they brought unless proved good.
  std::vector<SecondInterval> LeftOut(std::string_view service) const;
  // Of its service, not abandoned: what served before it; nullptr: it is the first.
  const DeployRecord* Previous(const DeployRecord& record) const;
  bool MayBeControl(std::string_view service, int64_t second) const;

 private:
  using Records = std::vector<std::unique_ptr<DeployRecord>>;  // ascending start

  std::span<const std::unique_ptr<DeployRecord>> Later(const DeployRecord& record) const;  // of its service
  const DeployRecord* Next(const DeployRecord& record) const;                              // the next that was begun
  const DeployRecord* Successor(const DeployRecord& record) const;  // the next that was not abandoned
  int64_t UnderWayUntil(const DeployRecord& record) const;
  SecondInterval LeftOutBy(const DeployRecord& record) const;
  DeployRecord* FindSame(const Deploy& deploy);

  int64_t observe_seconds_;
  std::map<std::string, Records, std::less<>> by_service_;
};

}  // namespace revertd
