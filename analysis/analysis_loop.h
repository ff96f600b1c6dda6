// AnalysisLoop: windows and deploys in, verdicts, decisions and recoveries out. The clock is the log's own.
//
// One thread, the analysis thread, calls everything. Invariants: 1. what is told at a second depends on the seconds up
// to it, never on how they were batched (batches of up to ten minutes) nor on whether a deploy was registered before
// or up to 30 minutes after its traffic; 2. a state told before a restart is not told again; 3. no clock is read.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/error_book.h"
#include "analysis/follow_up_desk.h"
#include "analysis/gate.h"
#include "analysis/health_book.h"
#include "analysis/late_desk.h"
#include "analysis/open_watch.h"
#include "base/error_event.h"
#include "base/health.h"
#include "base/service_table.h"
#include "base/sinks.h"
#include "base/window.h"
#include "config/config.h"

namespace revertd {

class AnalysisLoop {
 public:
  using ReadGateFacts = std::function<GateFacts(const Deploy& deploy)>;  // asked only when a decision is due
  // All must outlive the loop. `rollups`, where given, are fed each window before its second is sealed here; without
  // them only errors are judged.
  AnalysisLoop(const Config& config, const ServiceTable& services, ReadGateFacts facts, AnalysisSink* sink,
               const Rollups* rollups = nullptr);
  AnalysisLoop(const AnalysisLoop&) = delete;  // watches point into it
  AnalysisLoop& operator=(const AnalysisLoop&) = delete;

  // What is known from before a restart, in any order, before the first window. No sink call is made for it.
  void RestoreHistory(std::string_view service, const std::vector<HistoryBlock>& blocks,
                      const std::vector<SecondCounts>& seconds);
  void RestoreShadow(std::string_view service, const ShadowResult& result);  // ascending for each service
  void RestoreDeploy(const Deploy& deploy, const std::optional<Verdict>& last_verdict,
                     const std::optional<Decision>& last_decision);
  void RestoreFollowUp(std::string_view deploy_id, DurationNs after_ns);  // it was told; after its deploy
  void RestoreTrigger(const RollbackTrigger& trigger);
  void RestoreRecovery(const Recovery& recovery);
  void RestoreRevertPrepared(std::string_view trigger_id, std::string_view sha);
  // What was kept of error events: before the deploys, and before the first event.
  void RestoreErrorGroup(const ErrorGroupRecord& group) { errors_.Restore(group); }
  void RestoreErrorBlock(const ErrorBlock& block) { errors_.Restore(block); }
  void RestoreSessionBlock(const SessionBlock& block) { errors_.Restore(block); }

  // Facts as they come. OnDeploy registers a start (finish_ns = 0) or a whole deploy; the same service and head within
  // 10 minutes is one deploy (the first id stays); answers the deploy as registered. OnDeployFinish: NotFound for an
  // unknown id.
  StatusOr<Deploy> OnDeploy(Deploy deploy);
  Status OnDeployFinish(std::string_view id, TimeNs finish_ns);
  // It was begun and did not come to be, so nobody is judged for it: what is watched of it ends as inconclusive,
  // "abandoned", no trigger is made of it, and baselines leave out the time from its start to `at_ns`, when part of the
  // fleet may have run it. It has no finish from then on; told again it is no change, and a second try is another
  // deploy. Answers the deploy. FailedPrecondition where it came to be: judged regressed, a revert with a word on its
  // recovery, or observed to the end by `at_ns`.
  StatusOr<Deploy> OnDeployAbandon(std::string_view id, TimeNs at_ns);
  StatusOr<Deploy> OnHeadAbandon(std::string_view service, std::string_view head, TimeNs at_ns);  // its newest deploy
  void OnRevertPrepared(std::string_view trigger_id, std::string_view sha);
  void OnTrigger(const RollbackTrigger& trigger);  // a person's own rollback, for its recovery
  // The fatal checks of the configuration are asked: until its own are answered no deploy of a service is healthy.
  void AwaitHealth();
  void OnHealth(const HealthResult& result) { health_.Take(result); }  // of one check in the order asked
  // Nobody listened to error trackers before this second of the wall clock: before the first event, and what is
  // restored.
  void ListenToErrorsFrom(int64_t second) { errors_.ListenFrom(second); }
  // What an error tracker was told, of a service that is named, before its second is sealed: what comes later counts in
  // the oldest second that is not (error_book.h).
  void OnErrorEvent(const ErrorEvent& event) { errors_.Take(event); }
  void OnSessions(const SessionCounts& sessions) { errors_.Take(sessions); }
  // What is seen cannot be trusted (a silent source, a clock that jumps, a full disk): until it can, nothing is called
  // healthy. A fact of the wall clock: what is told of it is not part of invariant 1.
  void SetBlind(bool is_blind) { is_blind_ = is_blind; }

  // Windows in order of time, then the second through which everything is sealed: watches are evaluated second by
  // second up to it.
  void OnWindow(const Window& window);
  void SealedThrough(int64_t second);
  // Everything ends (replay's end of stream): open watches get their last verdict.
  void Finish();

  struct Watch {
    Deploy deploy;
    Verdict verdict;  // with the evidence of now
  };
  std::vector<Watch> OpenWatches() const;  // releases, also those that have not finished
  const std::vector<FollowUpDesk::Armed>& ArmedFollowUps() const { return follow_ups_.armed(); }  // by time
  // What of the error events told is evidence of nothing.
  ErrorBook::Counters error_counters() const { return errors_.counters(); }
  // Seconds of routes and cohorts that found no place among those that are remembered.
  uint64_t parts_overflow() const;
  // What a deploy of `service` would be judged against whose baseline ends at `second`, the newest one at the latest.
  Baseline BaselineAt(std::string_view service, int64_t second) const;

 private:
  // The largest LogBlame of all open watches, and the largest of another service than that one's.
  struct Rivals {
    double LargestBeside(std::string_view service) const { return service == first_service ? second : first; }
    std::string_view first_service;
    double first;
    double second;
  };

  WatchSources Sources();
  Series& SeriesOf(ServiceId service);
  void CountParts(const Window& window);
  bool AdoptPreparedRevert(Deploy* deploy) const;
  void WatchAnew(DeployRecord* record);
  void StartClock(int64_t second);
  StatusOr<Deploy> Abandon(DeployRecord* record, TimeNs at_ns);
  void OpenDue(int64_t second);
  void Open(DeployRecord* record);
  void TakeUpFromBeforeRestart(OpenWatch* watch);
  void CatchUp(OpenWatch* watch, int64_t second);
  void StepAll(int64_t second);
  void FollowUp(int64_t second);
  void Judge(OpenWatch* watch, int64_t second, const Rivals& rivals);
  std::optional<bool> FailsStill(const OpenWatch& watch, int64_t second) const;
  Surroundings AroundAt(const OpenWatch& watch, int64_t second, const Rivals& rivals);
  double LargestRival(std::string_view service, const Rivals& rivals) const;
  std::string_view MovedCallee(const OpenWatch& watch, int64_t second) const;
  bool EndIfDue(OpenWatch* watch, int64_t second, std::string_view reason);
  Rivals RivalsNow() const;
  void TellVerdict(OpenWatch* watch);
  void TellRecovery(OpenWatch* watch);
  int64_t NextDue() const;

  const Config& config_;
  const ServiceTable& services_;
  AnalysisSink* sink_;
  const Rollups* rollups_;
  CallGraph graph_;
  DeployRegistry registry_;
  TriggerDesk desk_;
  SeriesByService series_;
  PartsByService parts_;
  SignalsMemo memo_;  // of the call at hand
  ErrorBook errors_;
  std::vector<PartCounts> part_counts_;  // of the window at hand
  ShadowDesk shadows_;
  LateDesk late_;
  FollowUpDesk follow_ups_;
  HealthBook health_;
  std::optional<Evidence> failed_check_;  // of the watch at hand
  bool is_blind_ = false;
  std::vector<Series*> series_by_id_;
  std::vector<DeployRecord*> waiting_;                              // registered, no watch opened yet
  std::vector<OpenWatch> open_;                                     // in the order of opening
  std::map<std::string, std::string, std::less<>> prepared_;        // revision of a revert -> trigger; a few a day
  std::map<std::string, Recovery, std::less<>> restored_recovery_;  // by deploy
  int64_t clock_ = kNoSecond;                                       // the next second to evaluate
  int64_t sealed_ = kNoSecond;
  int64_t reach_ = kNoSecond;  // a watch that starts before it can no longer be folded from kept seconds
};

}  // namespace revertd
