#include "store/state_store.h"

#include "base/check.h"
#include "store/database.h"
#include "store/migrations.h"
#include "store/rows.h"
#include "store/schema.h"

namespace revertd {
namespace {

constexpr std::string_view kInsertEvidence =
    "INSERT INTO evidence (verdict_id, trigger_id, signal, e_value, e_value_needed, before, before_null, after, effect,"
    " after_low, after_high, n_before, n_after, x_before, x_after, onset_ns, control, control_e_value, control_before,"
    " control_after, control_n_after, slower_than_ns, route, cohort, error_group, per_second)"
    " VALUES (nullif(?, 0), nullif(?, ''), ?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";

Status WriteEvidence(Database& database, std::string_view doing, int64_t verdict_id, std::string_view trigger_id,
                     const Evidence& evidence) {
  SqlValues values = {verdict_id, trigger_id};
  const SqlValues facts = EvidenceValues(evidence);
  values.insert(values.end(), facts.begin(), facts.end());
  return database.Write(doing, kInsertEvidence, values).status();
}

Status WriteSecond(Database& database, std::string_view doing, std::string_view service, const SecondCounts& counts) {
  REVERTD_RETURN_IF_ERROR(
      database.Write(doing, "DELETE FROM seconds WHERE second = ? AND service = ?", {counts.second, service}).status());
  for (size_t age = 0; age < kAgeClasses; ++age) {
    const int64_t requests = counts.by_age.requests[age];
    const int64_t errors = counts.by_age.errors[age];
    if (age != 0 && requests == 0 && errors == 0) continue;
    REVERTD_RETURN_IF_ERROR(database
                                .Write(doing, "INSERT INTO seconds VALUES (?,?,?,?,?)",
                                       {counts.second, service, static_cast<int64_t>(age), requests, errors})
                                .status());
  }
  return OkStatus();
}

Status WritePositions(Database& database, std::string_view doing, const std::vector<FilePosition>& positions) {
  REVERTD_RETURN_IF_ERROR(database.Write(doing, "DELETE FROM file_positions", {}).status());
  for (const FilePosition& position : positions) {
    REVERTD_RETURN_IF_ERROR(
        database
            .Write(
                doing,
                "INSERT INTO file_positions (path, device, inode, offset, head_bytes, head_hash) VALUES (?,?,?,?,?,?)",
                {position.path, static_cast<int64_t>(position.device), static_cast<int64_t>(position.inode),
                 position.offset, position.head_bytes, static_cast<int64_t>(position.head_hash)})
            .status());
  }
  return OkStatus();
}

}  // namespace

StateStore::StateStore(std::unique_ptr<Database> database) : database_(std::move(database)) {}
StateStore::~StateStore() = default;

StatusOr<std::unique_ptr<StateStore>> StateStore::Open(const std::string& path, Access access) {
  const auto file_access = access == Access::kOwner       ? Database::Access::kOwner
                           : access == Access::kInboxOnly ? Database::Access::kReadWrite
                                                          : Database::Access::kReadOnly;
  StatusOr<std::unique_ptr<Database>> database = Database::Open(path, file_access);
  if (!database.ok()) return database.status();
  REVERTD_RETURN_IF_ERROR(access == Access::kOwner ? Migrate(**database, StateSchema())
                                                   : CheckVersion(**database, StateSchema()));
  return std::unique_ptr<StateStore>(new StateStore(*std::move(database)));
}

Status StateStore::Together(const std::function<Status()>& writes) {
  return database_->Transact("writing what belongs together", writes);
}

Status StateStore::WriteDeploy(const Deploy& deploy) {
  return database_
      ->Write("writing a deploy", "INSERT OR REPLACE INTO deploys VALUES (?,?,?,?,?,?,?,?,?,?)", DeployValues(deploy))
      .status();
}

Status StateStore::WriteHistory(const std::vector<std::pair<std::string, SecondCounts>>& seconds,
                                const std::vector<std::pair<std::string, HistoryBlock>>& blocks,
                                const std::optional<std::vector<FilePosition>>& positions,
                                const std::vector<StoredMinute>& minutes) {
  if (seconds.empty() && blocks.empty() && !positions && minutes.empty()) return OkStatus();
  constexpr std::string_view kDoing = "writing the history";
  return database_->Transact(kDoing, [&] {
    for (const auto& [service, counts] : seconds) {
      REVERTD_RETURN_IF_ERROR(WriteSecond(*database_, kDoing, service, counts));
    }
    for (const auto& [service, block] : blocks) {
      REVERTD_RETURN_IF_ERROR(database_
                                  ->Write(kDoing, "INSERT OR REPLACE INTO blocks VALUES (?,?,?,?)",
                                          {block.start_second, service, block.requests, block.errors})
                                  .status());
    }
    REVERTD_RETURN_IF_ERROR(WriteMinuteRows(kDoing, minutes));
    return positions ? WritePositions(*database_, kDoing, *positions) : OkStatus();
  });
}

Status StateStore::WriteShadows(const std::vector<StoredShadow>& shadows) {
  if (shadows.empty()) return OkStatus();
  constexpr std::string_view kDoing = "writing shadow deploys";
  return database_->Transact(kDoing, [&] {
    for (const StoredShadow& shadow : shadows) {
      REVERTD_RETURN_IF_ERROR(database_
                                  ->Write(kDoing, "INSERT OR REPLACE INTO shadows VALUES (?,?,?)",
                                          {shadow.start_second, shadow.service, SqlBlob{shadow.result}})
                                  .status());
    }
    return OkStatus();
  });
}

Status StateStore::WriteVerdict(const Verdict& verdict) {
  constexpr std::string_view kDoing = "writing a verdict";
  return database_->Transact(kDoing, [&] {
    const auto added = database_->Write(
        kDoing,
        "INSERT INTO verdicts (deploy_id, service, state, reason, calibrated, power, at_ns) VALUES (?,?,?,?,?,?,?)"
        " ON CONFLICT DO NOTHING",
        VerdictValues(verdict));
    if (!added.ok() || *added == 0) return added.status();
    const int64_t id = database_->last_row_id();
    for (const Evidence& evidence : verdict.evidence) {
      REVERTD_RETURN_IF_ERROR(WriteEvidence(*database_, kDoing, id, "", evidence));
    }
    return WriteVerdictErrors(kDoing, id, verdict.errors);
  });
}

Status StateStore::WriteFollowUp(const FollowUp& follow_up) {
  const Verdict& verdict = follow_up.verdict;
  return database_
      ->Write("writing a follow-up", "INSERT OR IGNORE INTO follow_ups VALUES (?,?,?,?,?,?,?,?,?)",
              {verdict.deploy_id, follow_up.after_ns, follow_up.due_ns, NameOf(verdict.state), verdict.reason,
               int64_t{verdict.calibrated}, verdict.power, verdict.at_ns, verdict.service})
      .status();
}

Status StateStore::WriteDecision(const Decision& decision) {
  return database_
      ->Write("writing a decision",
              "INSERT INTO decisions (deploy_id, service, kind, reason, trigger_id, at_ns) VALUES (?,?,?,?,?,?)"
              " ON CONFLICT DO NOTHING",
              DecisionValues(decision))
      .status();
}

Status StateStore::WriteTrigger(const RollbackTrigger& trigger) {
  REVERTD_CHECK(!trigger.id.empty());
  constexpr std::string_view kDoing = "writing a trigger";
  return database_->Transact(kDoing, [&] {
    const auto written =
        database_->Write(kDoing,
                         "INSERT INTO triggers (id, deploy_id, service, repo, base, head, state, reason, created_ns)"
                         " VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT (id) DO UPDATE SET deploy_id = excluded.deploy_id,"
                         " service = excluded.service, repo = excluded.repo, base = excluded.base,"
                         " head = excluded.head, state = excluded.state, reason = excluded.reason,"
                         " created_ns = excluded.created_ns"
                         " WHERE triggers.state = 'in_release' AND excluded.state != 'in_release'",
                         TriggerValues(trigger));
    if (!written.ok() || *written == 0) return written.status();
    REVERTD_RETURN_IF_ERROR(
        database_->Write(kDoing, "DELETE FROM evidence WHERE trigger_id = ?", {trigger.id}).status());
    return WriteEvidence(*database_, kDoing, 0, trigger.id, trigger.evidence);
  });
}

Status StateStore::WriteTriggerState(std::string_view trigger_id, TriggerState state, std::string_view reason) {
  constexpr std::string_view kDoing = "writing a trigger's state";
  return database_->Transact(kDoing, [&] {
    const auto changed =
        database_->Write(kDoing, "UPDATE triggers SET state = ? WHERE id = ?", {NameOf(state), trigger_id});
    if (!changed.ok()) return changed.status();
    if (*changed == 0) {
      return NotFound("there is no trigger \"" + std::string(trigger_id) + "\" in " + database_->path());
    }
    // A redelivered message says what the newest row says already.
    return database_
        ->Write(kDoing,
                "INSERT INTO trigger_changes (trigger_id, state, reason) SELECT ?1, ?2, ?3 WHERE (?2, ?3) IS NOT"
                " (SELECT state, reason FROM trigger_changes WHERE trigger_id = ?1 ORDER BY id DESC LIMIT 1)",
                {trigger_id, NameOf(state), reason})
        .status();
  });
}

Status StateStore::WriteRecovery(const Recovery& recovery) {
  return database_
      ->Write("writing a recovery",
              "INSERT INTO recoveries (trigger_id, deploy_id, service, state, e_value, rate_bad, rate_now, n_now,"
              " at_ns) VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING",
              RecoveryValues(recovery))
      .status();
}

Status StateStore::WriteRevertPrepared(std::string_view trigger_id, std::string_view sha) {
  return database_
      ->Write("writing a prepared revert",
              "INSERT INTO reverts_prepared (trigger_id, sha) VALUES (?,?) ON CONFLICT DO NOTHING", {trigger_id, sha})
      .status();
}

Status StateStore::WriteStatus(std::string_view json) {
  return database_->Write("writing the status", "INSERT OR REPLACE INTO status VALUES (1, ?)", {json}).status();
}

Status StateStore::Prune(TimeNs now_ns) {
  constexpr std::string_view kDoing = "pruning the history";
  const int64_t now = FloorToSecond(now_ns);
  REVERTD_RETURN_IF_ERROR(database_->Transact(kDoing, [&] {
    REVERTD_RETURN_IF_ERROR(
        database_->Write(kDoing, "DELETE FROM seconds WHERE second < ?", {now - kHistorySecondsKept}).status());
    REVERTD_RETURN_IF_ERROR(
        database_->Write(kDoing, "DELETE FROM blocks WHERE start_second < ?", {now - kHistoryBlocksKeptSeconds})
            .status());
    REVERTD_RETURN_IF_ERROR(
        database_->Write(kDoing, "DELETE FROM shadows WHERE start_second < ?", {now - kHistoryBlocksKeptSeconds})
            .status());
    REVERTD_RETURN_IF_ERROR(PruneErrors(kDoing, now_ns));
    return PruneMinutes(kDoing, now - kHistoryBlocksKeptSeconds);
  }));
  return PruneEvents(now_ns);
}

Status StateStore::Post(const InboxMessage& message) {
  return database_
      ->Write("writing to the inbox",
              "INSERT INTO inbox (kind, subject_trigger_id, text, deploy_id, deploy_service, deploy_repo, deploy_base,"
              " deploy_head, deploy_start_ns, deploy_finish_ns, deploy_kind, deploy_trigger_id,"
              " deploy_finish_guessed, trigger_id,"
              " trigger_deploy_id, trigger_service, trigger_repo, trigger_base, trigger_head, trigger_state,"
              " trigger_reason, trigger_created_ns, event_at_ns, event_kind, event_service, event_deploy_id,"
              " event_trigger_id, event_repo, event_commit_sha, event_key, event_text)"
              " VALUES (?,?,?, ?,?,?,?,?,?,?,?,?,?, ?,?,?,?,?,?,?,?,?, ?,?,?,?,?,?,?,?,?)",
              InboxValues(message))
      .status();
}

Status StateStore::Done(int64_t message_id) {
  return database_->Write("emptying the inbox", "DELETE FROM inbox WHERE id = ?", {message_id}).status();
}

}  // namespace revertd
