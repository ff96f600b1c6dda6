// The reading half of StateStore. One statement a call, so every answer is of one moment; a verdict's errors are read
// in another, and never change.
#include <algorithm>
#include <limits>
#include <map>

#include "store/database.h"
#include "store/rows.h"
#include "store/state_store.h"

namespace revertd {
namespace {

constexpr std::string_view kEvidenceColumns =
    "signal, e_value, e_value_needed, before, before_null, after, effect, after_low, after_high, n_before, n_after,"
    " x_before, x_after, onset_ns, control, control_e_value, control_before, control_after, control_n_after, "
    "slower_than_ns, route, cohort, error_group, per_second";

// All rows of a query, each read by `take`.
template <typename T>
StatusOr<std::vector<T>> ReadAll(Database& database, std::string_view doing, const std::string& sql,
                                 const SqlValues& values, StatusOr<T> (*take)(SqlRow&)) {
  std::vector<T> all;
  REVERTD_RETURN_IF_ERROR(database.Read(doing, sql, values, [&](SqlRow& row) {
    StatusOr<T> one = take(row);
    if (!one.ok()) return Annotate(one.status(), database.path());
    all.push_back(*std::move(one));
    return OkStatus();
  }));
  return all;
}

template <typename T>
StatusOr<std::optional<T>> FirstOf(StatusOr<std::vector<T>> all) {
  if (!all.ok()) return all.status();
  if (all->empty()) return std::optional<T>();
  return std::optional<T>(std::move(all->front()));
}

StatusOr<RollbackTrigger> TakeTriggerWithEvidence(SqlRow& row) {
  StatusOr<RollbackTrigger> trigger = TakeTrigger(row);
  if (trigger.ok()) trigger->evidence = TakeEvidence(row);
  return trigger;
}

std::string TriggersWhere(std::string_view condition) {
  return "SELECT t.id, t.deploy_id, t.service, t.repo, t.base, t.head, t.state, t.reason, t.created_ns, " +
         std::string(kEvidenceColumns) + " FROM triggers t JOIN evidence e ON e.trigger_id = t.id " +
         std::string(condition) + " ORDER BY t.created_ns, t.rowid";
}

uint32_t CountOf(int64_t value) {
  if (value < 0) return 0;
  constexpr int64_t kMost = std::numeric_limits<uint32_t>::max();
  return static_cast<uint32_t>(value < kMost ? value : kMost);
}

// age_class requests errors
Status TakeAgeCounts(const Database& database, SqlRow& row, AgeCounts* counts) {
  const int64_t age = row.Integer();
  if (age < 0 || age >= static_cast<int64_t>(kAgeClasses)) {
    return Internal(database.path() + ": the history has the unknown age class " + std::to_string(age));
  }
  counts->requests[static_cast<size_t>(age)] = CountOf(row.Integer());
  counts->errors[static_cast<size_t>(age)] = CountOf(row.Integer());
  return OkStatus();
}

using HistoryByService = std::map<std::string, ServiceHistory>;

Status ReadAllSeconds(Database& database, int64_t since, HistoryByService& history) {
  return database.Read("reading the history",
                       "SELECT second, service, age_class, requests, errors FROM seconds WHERE second >= ?"
                       " ORDER BY second, service, age_class",
                       {since}, [&](SqlRow& row) {
                         const int64_t second = row.Integer();
                         std::vector<SecondCounts>& seconds = history[row.Text()].seconds;
                         if (seconds.empty() || seconds.back().second != second) seconds.push_back({second, {}});
                         return TakeAgeCounts(database, row, &seconds.back().by_age);
                       });
}

Status ReadAllBlocks(Database& database, int64_t since, HistoryByService& history) {
  return database.Read("reading the history",
                       "SELECT service, start_second, requests, errors FROM blocks WHERE start_second >= ?"
                       " ORDER BY start_second",
                       {since}, [&](SqlRow& row) {
                         std::vector<HistoryBlock>& blocks = history[row.Text()].blocks;
                         blocks.push_back({row.Integer(), row.Integer(), row.Integer()});
                         return OkStatus();
                       });
}

}  // namespace

StatusOr<std::vector<Deploy>> StateStore::ReadDeploys(TimeNs since_ns) const {
  return ReadAll(*database_, "reading deploys",
                 "SELECT * FROM deploys WHERE start_ns >= ?1 OR finish_ns >= ?1 ORDER BY start_ns, rowid", {since_ns},
                 TakeDeploy);
}

StatusOr<std::optional<Deploy>> StateStore::ReadDeploy(std::string_view id) const {
  return FirstOf(ReadAll(*database_, "reading a deploy", "SELECT * FROM deploys WHERE id = ?", {id}, TakeDeploy));
}

StatusOr<std::optional<Deploy>> StateStore::FindDeployOf(std::string_view service, std::string_view head) const {
  return FirstOf(ReadAll(*database_, "reading a deploy",
                         "SELECT * FROM deploys WHERE service = ? AND head = ? ORDER BY start_ns DESC, rowid DESC"
                         " LIMIT 1",
                         {service, head}, TakeDeploy));
}

StatusOr<std::vector<ServiceHistory>> StateStore::ReadHistory(TimeNs now_ns) const {
  const int64_t now = FloorToSecond(now_ns);
  HistoryByService by_service;
  REVERTD_RETURN_IF_ERROR(ReadAllSeconds(*database_, now - kHistorySecondsKept, by_service));
  REVERTD_RETURN_IF_ERROR(ReadAllBlocks(*database_, now - kHistoryBlocksKeptSeconds, by_service));
  std::vector<ServiceHistory> all;
  all.reserve(by_service.size());
  for (auto& [service, history] : by_service) {
    history.service = service;
    all.push_back(std::move(history));
  }
  return all;
}

StatusOr<std::vector<SecondCounts>> StateStore::ReadSeconds(std::string_view service, int64_t from, int64_t to) const {
  std::vector<SecondCounts> seconds;
  REVERTD_RETURN_IF_ERROR(database_->Read(
      "reading the history",
      "SELECT second, age_class, requests, errors FROM seconds WHERE second >= ? AND second < ? AND service = ?"
      " ORDER BY second, age_class",
      {from, to, service}, [&](SqlRow& row) {
        const int64_t second = row.Integer();
        if (seconds.empty() || seconds.back().second != second) seconds.push_back({second, {}});
        return TakeAgeCounts(*database_, row, &seconds.back().by_age);
      }));
  return seconds;
}

StatusOr<std::vector<HistoryBlock>> StateStore::ReadBlocks(std::string_view service, int64_t from, int64_t to) const {
  std::vector<HistoryBlock> blocks;
  REVERTD_RETURN_IF_ERROR(database_->Read(
      "reading the history",
      "SELECT start_second, requests, errors FROM blocks WHERE start_second >= ? AND start_second < ? AND service = ?"
      " ORDER BY start_second",
      {from, to, service}, [&](SqlRow& row) {
        blocks.push_back({row.Integer(), row.Integer(), row.Integer()});
        return OkStatus();
      }));
  return blocks;
}

StatusOr<std::optional<int64_t>> StateStore::ReadNewestSecond() const {
  return FirstOf(ReadAll<int64_t>(*database_, "reading history",
                                  "SELECT second FROM seconds ORDER BY second DESC LIMIT 1", {},
                                  [](SqlRow& row) -> StatusOr<int64_t> { return row.Integer(); }));
}

StatusOr<std::vector<FilePosition>> StateStore::ReadFilePositions() const {
  return ReadAll<FilePosition>(
      *database_, "reading file positions",
      "SELECT path, device, inode, offset, head_bytes, head_hash FROM file_positions ORDER BY id", {},
      [](SqlRow& row) -> StatusOr<FilePosition> {
        FilePosition position;
        position.path = row.Text();
        position.device = static_cast<uint64_t>(row.Integer());
        position.inode = static_cast<uint64_t>(row.Integer());
        position.offset = row.Integer();
        position.head_bytes = row.Integer();
        position.head_hash = static_cast<uint64_t>(row.Integer());
        return position;
      });
}

StatusOr<std::vector<Verdict>> StateStore::ReadVerdicts(std::string_view deploy_id) const {
  std::vector<Verdict> verdicts;
  std::vector<int64_t> ids;  // of their rows, rising
  const std::string sql =
      "SELECT v.id, e.id IS NOT NULL, v.deploy_id, v.service, v.state, v.reason, v.calibrated, v.power, v.at_ns, " +
      std::string(kEvidenceColumns) +
      " FROM verdicts v LEFT JOIN evidence e ON e.verdict_id = v.id WHERE v.deploy_id = ? ORDER BY v.id, e.id";
  REVERTD_RETURN_IF_ERROR(database_->Read("reading verdicts", sql, {deploy_id}, [&](SqlRow& row) {
    const int64_t id = row.Integer();
    const bool has_evidence = row.Integer() != 0;
    StatusOr<Verdict> verdict = TakeVerdict(row);
    if (!verdict.ok()) return Annotate(verdict.status(), database_->path());
    if (ids.empty() || id != ids.back()) {
      verdicts.push_back(*std::move(verdict));
      ids.push_back(id);
    }
    if (has_evidence) verdicts.back().evidence.push_back(TakeEvidence(row));
    return OkStatus();
  }));
  REVERTD_RETURN_IF_ERROR(ReadVerdictErrors(deploy_id, [&](int64_t id, NamedError error) {
    const auto at = std::lower_bound(ids.begin(), ids.end(), id);
    if (at == ids.end() || *at != id) return;
    verdicts[static_cast<size_t>(at - ids.begin())].errors.push_back(std::move(error));
  }));
  return verdicts;
}

StatusOr<std::vector<FollowUp>> StateStore::ReadFollowUps(std::string_view deploy_id) const {
  std::vector<FollowUp> follow_ups;
  REVERTD_RETURN_IF_ERROR(database_->Read(
      "reading follow-ups",
      "SELECT after_ns, due_ns, deploy_id, service, state, reason, calibrated, power, at_ns FROM follow_ups"
      " WHERE deploy_id = ? ORDER BY after_ns",
      {deploy_id}, [&](SqlRow& row) {
        FollowUp follow_up;
        follow_up.after_ns = row.Integer();
        follow_up.due_ns = row.Integer();
        auto verdict = TakeVerdict(row);
        if (!verdict.ok()) return verdict.status();
        follow_up.verdict = *std::move(verdict);
        follow_ups.push_back(std::move(follow_up));
        return OkStatus();
      }));
  return follow_ups;
}

StatusOr<std::vector<Decision>> StateStore::ReadDecisions(std::string_view deploy_id) const {
  return ReadAll(*database_, "reading decisions",
                 "SELECT deploy_id, service, kind, reason, trigger_id, at_ns FROM decisions WHERE deploy_id = ?"
                 " ORDER BY id",
                 {deploy_id}, TakeDecision);
}

StatusOr<std::vector<std::pair<int64_t, Decision>>> StateStore::ReadDecisionsAfter(int64_t row, int limit) const {
  using Numbered = std::pair<int64_t, Decision>;
  return ReadAll<Numbered>(*database_, "reading decisions",
                           "SELECT id, deploy_id, service, kind, reason, trigger_id, at_ns FROM decisions WHERE id > ?"
                           " ORDER BY id LIMIT ?",
                           {row, int64_t{limit}}, [](SqlRow& columns) -> StatusOr<Numbered> {
                             const int64_t id = columns.Integer();
                             StatusOr<Decision> decision = TakeDecision(columns);
                             if (!decision.ok()) return decision.status();
                             return Numbered(id, *std::move(decision));
                           });
}

StatusOr<std::vector<RollbackTrigger>> StateStore::ReadTriggers() const {
  return ReadAll(*database_, "reading triggers", TriggersWhere(""), {}, TakeTriggerWithEvidence);
}

StatusOr<std::vector<std::string>> StateStore::ReadTriggerIds(std::string_view repo, TriggerState state) const {
  return ReadAll<std::string>(*database_, "reading triggers",
                              "SELECT id FROM triggers WHERE repo = ? AND state = ? ORDER BY created_ns, rowid",
                              {repo, NameOf(state)}, [](SqlRow& row) -> StatusOr<std::string> { return row.Text(); });
}

StatusOr<int64_t> StateStore::CountTriggers(std::string_view reason, TimeNs since_ns) const {
  int64_t count = 0;
  REVERTD_RETURN_IF_ERROR(database_->Read("counting triggers",
                                          "SELECT count(*) FROM triggers WHERE reason = ? AND created_ns >= ?",
                                          {reason, since_ns}, [&](SqlRow& row) {
                                            count = row.Integer();
                                            return OkStatus();
                                          }));
  return count;
}

StatusOr<std::optional<RollbackTrigger>> StateStore::ReadTrigger(std::string_view id) const {
  return FirstOf(
      ReadAll(*database_, "reading a trigger", TriggersWhere("WHERE t.id = ?"), {id}, TakeTriggerWithEvidence));
}

StatusOr<std::vector<std::pair<TriggerState, std::string>>> StateStore::ReadTriggerChanges(std::string_view id) const {
  using Change = std::pair<TriggerState, std::string>;
  return ReadAll<Change>(*database_, "reading a trigger's changes",
                         "SELECT state, reason FROM trigger_changes WHERE trigger_id = ? ORDER BY id", {id},
                         [](SqlRow& row) -> StatusOr<Change> {
                           const std::string name = row.Text();
                           const std::optional<TriggerState> state = TriggerStateNamed(name);
                           if (!state) return Internal("a row has the unknown trigger state \"" + name + "\"");
                           return Change(*state, row.Text());
                         });
}

StatusOr<std::optional<Recovery>> StateStore::ReadRecovery(std::string_view trigger_id) const {
  return FirstOf(ReadAll(*database_, "reading a recovery",
                         "SELECT trigger_id, deploy_id, service, state, e_value, rate_bad, rate_now, n_now, at_ns"
                         " FROM recoveries WHERE trigger_id = ? ORDER BY id DESC LIMIT 1",
                         {trigger_id}, TakeRecovery));
}

StatusOr<std::vector<std::pair<std::string, std::string>>> StateStore::ReadRevertsPrepared() const {
  using Prepared = std::pair<std::string, std::string>;
  std::vector<Prepared> all;
  REVERTD_RETURN_IF_ERROR(database_->Read(
      "reading prepared reverts", "SELECT trigger_id, sha FROM reverts_prepared ORDER BY id", {}, [&](SqlRow& row) {
        std::string trigger_id = row.Text();
        all.emplace_back(std::move(trigger_id), row.Text());
        return OkStatus();
      }));
  return all;
}

StatusOr<std::optional<std::string>> StateStore::ReadStatus() const {
  std::optional<std::string> json;
  REVERTD_RETURN_IF_ERROR(database_->Read("reading the status", "SELECT json FROM status", {}, [&](SqlRow& row) {
    json = row.Text();
    return OkStatus();
  }));
  return json;
}

StatusOr<std::vector<InboxMessage>> StateStore::Peek(int limit) const {
  return ReadAll(*database_, "reading the inbox", "SELECT * FROM inbox ORDER BY id LIMIT ?", {int64_t{limit}},
                 TakeInboxMessage);
}

StatusOr<std::vector<InboxMessage>> StateStore::PeekCharges(int limit) const {
  return ReadAll(*database_, "reading the inbox",
                 "SELECT * FROM inbox WHERE kind = 'release_charge' ORDER BY id LIMIT ?", {int64_t{limit}},
                 TakeInboxMessage);
}

}  // namespace revertd
