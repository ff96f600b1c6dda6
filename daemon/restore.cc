#include "daemon/restore.h"

#include <optional>
#include <utility>
#include <vector>

namespace revertd {
namespace {

// Deploys older than this neither are under watch nor shape a baseline any more.
constexpr DurationNs kDeploysBack = 14 * 24 * kHourNs;

template <typename T>
std::optional<T> Last(std::vector<T> rows) {
  return rows.empty() ? std::nullopt : std::optional<T>(std::move(rows.back()));
}

Status RestoreDeploys(const StateStore& store, TimeNs now, AnalysisLoop* analysis) {
  const auto deploys = store.ReadDeploys(now - kDeploysBack);
  if (!deploys.ok()) return deploys.status();
  for (const Deploy& deploy : *deploys) {
    auto verdicts = store.ReadVerdicts(deploy.id);
    if (!verdicts.ok()) return verdicts.status();
    auto decisions = store.ReadDecisions(deploy.id);
    if (!decisions.ok()) return decisions.status();
    analysis->RestoreDeploy(deploy, Last(*std::move(verdicts)), Last(*std::move(decisions)));
    const auto follow_ups = store.ReadFollowUps(deploy.id);
    if (!follow_ups.ok()) return follow_ups.status();
    for (const FollowUp& follow_up : *follow_ups) analysis->RestoreFollowUp(deploy.id, follow_up.after_ns);
  }
  return OkStatus();
}

Status RestoreTriggers(const StateStore& store, AnalysisLoop* analysis) {
  const auto triggers = store.ReadTriggers();
  if (!triggers.ok()) return triggers.status();
  for (const RollbackTrigger& trigger : *triggers) {
    analysis->RestoreTrigger(trigger);
    const auto recovery = store.ReadRecovery(trigger.id);
    if (!recovery.ok()) return recovery.status();
    if (recovery->has_value()) analysis->RestoreRecovery(**recovery);
  }
  const auto prepared = store.ReadRevertsPrepared();
  if (!prepared.ok()) return prepared.status();
  for (const auto& [trigger_id, sha] : *prepared) analysis->RestoreRevertPrepared(trigger_id, sha);
  return OkStatus();
}

// What is known of errors comes before the deploys that are judged by it.
Status RestoreErrors(const StateStore& store, TimeNs now, AnalysisLoop* analysis) {
  const int64_t blocks_from = FloorToSecond(now) - kErrorHistorySecondsKept;
  REVERTD_RETURN_IF_ERROR(store.ReadEveryErrorGroup(
      now - kErrorGroupKept, [analysis](const ErrorGroupRecord& group) { analysis->RestoreErrorGroup(group); }));
  REVERTD_RETURN_IF_ERROR(
      store.ReadErrorBlocks(blocks_from, [analysis](const ErrorBlock& block) { analysis->RestoreErrorBlock(block); }));
  return store.ReadSessionBlocks(blocks_from,
                                 [analysis](const SessionBlock& block) { analysis->RestoreSessionBlock(block); });
}

}  // namespace

Status RestoreDecided(const StateStore& store, TimeNs now, AnalysisLoop* analysis) {
  REVERTD_RETURN_IF_ERROR(RestoreTriggers(store, analysis));
  return RestoreDeploys(store, now, analysis);
}

Status RestoreAnalysis(const StateStore& store, TimeNs now, AnalysisLoop* analysis) {
  const auto history = store.ReadHistory(now);
  if (!history.ok()) return history.status();
  for (const ServiceHistory& service : *history) {
    analysis->RestoreHistory(service.service, service.blocks, service.seconds);
  }
  REVERTD_RETURN_IF_ERROR(store.ReadShadows([analysis](const StoredShadow& shadow) {
    if (const auto result = DecodeShadow(shadow.start_second, shadow.result)) {
      analysis->RestoreShadow(shadow.service, *result);
    }
  }));
  REVERTD_RETURN_IF_ERROR(RestoreErrors(store, now, analysis));
  return RestoreDecided(store, now, analysis);
}

Status RestoreRollups(const StateStore& store, Rollups* rollups) {
  const auto newest = store.ReadNewestMinutes();
  if (!newest.ok()) return newest.status();
  for (const StoredMinute& minute : *newest) rollups->RestoreMinute(minute.service, minute.start_second, minute.bytes);
  return OkStatus();
}

}  // namespace revertd
