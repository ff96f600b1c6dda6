// The errors of StateStore: the groups that error trackers told of, their blocks and those of sessions, and the errors
// that verdicts name.
#include "store/database.h"
#include "store/rows.h"
#include "store/state_store.h"

namespace revertd {
namespace {

constexpr std::string_view kRelease = "release";
constexpr std::string_view kEnvironment = "environment";

// A group told again takes the place of what was known of it. One told without a sample leaves the sample that is kept,
// and the id of the event that it is: whoever tells after a restart has none.
constexpr std::string_view kWriteGroup =
    "INSERT INTO error_groups (service, fingerprint, origin, type, culprit, title, level, first_seen_ns, last_seen_ns,"
    " events, event_id, sample) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)"
    " ON CONFLICT (service, fingerprint) DO UPDATE SET origin = excluded.origin, type = excluded.type,"
    " culprit = excluded.culprit, title = excluded.title, level = excluded.level,"
    " first_seen_ns = excluded.first_seen_ns, last_seen_ns = excluded.last_seen_ns, events = excluded.events,"
    " event_id = iif(excluded.sample = '' AND sample <> '', event_id, excluded.event_id),"
    " sample = iif(excluded.sample = '', sample, excluded.sample)";

// One row for each name of each group, or one without a name. `groups` selects from error_groups.
std::string GroupsWithNames(std::string_view groups, bool with_sample, std::string_view order) {
  return "SELECT g.id, n.kind, n.name, g.service, g.fingerprint, g.origin, g.type, g.culprit, g.title, g.level,"
         " g.first_seen_ns, g.last_seen_ns, g.events, g.event_id, " +
         std::string(with_sample ? "g.sample" : "''") + " FROM (" + std::string(groups) +
         ") g LEFT JOIN error_group_names n ON n.group_id = g.id ORDER BY " + std::string(order) +
         ", g.id, n.kind, n.place";
}

// Gives each group once, with all its names.
Status ReadGroups(Database& database, const std::string& sql, const SqlValues& values,
                  const std::function<void(ErrorGroupRecord)>& accept) {
  std::optional<ErrorGroupRecord> group;
  int64_t newest = 0;
  REVERTD_RETURN_IF_ERROR(database.Read("reading error groups", sql, values, [&](SqlRow& row) {
    const int64_t id = row.Integer();
    const std::string kind = row.Text();
    std::string name = row.Text();
    if (!group || id != newest) {
      StatusOr<ErrorGroupRecord> taken = TakeErrorGroup(row);
      if (!taken.ok()) return Annotate(taken.status(), database.path());
      if (group) accept(*std::move(group));
      group = *std::move(taken);
      newest = id;
    }
    if (kind == kRelease) group->releases.push_back(std::move(name));
    if (kind == kEnvironment) group->environments.push_back(std::move(name));
    return OkStatus();
  }));
  if (group) accept(*std::move(group));
  return OkStatus();
}

Status WriteNames(Database& database, std::string_view doing, const ErrorGroupRecord& group, std::string_view kind,
                  const std::vector<std::string>& names) {
  for (size_t place = 0; place < names.size(); ++place) {
    REVERTD_RETURN_IF_ERROR(database
                                .Write(doing,
                                       "INSERT INTO error_group_names SELECT id, ?, ?, ? FROM error_groups"
                                       " WHERE service = ? AND fingerprint = ?",
                                       {kind, static_cast<int64_t>(place), std::string_view(names[place]),
                                        std::string_view(group.service), static_cast<int64_t>(group.fingerprint)})
                                .status());
  }
  return OkStatus();
}

}  // namespace

Status StateStore::WriteErrorGroup(const ErrorGroupRecord& group) {
  constexpr std::string_view kDoing = "writing an error group";
  return database_->Transact(kDoing, [&] {
    REVERTD_RETURN_IF_ERROR(database_->Write(kDoing, kWriteGroup, ErrorGroupValues(group)).status());
    REVERTD_RETURN_IF_ERROR(database_
                                ->Write(kDoing,
                                        "DELETE FROM error_group_names WHERE group_id ="
                                        " (SELECT id FROM error_groups WHERE service = ? AND fingerprint = ?)",
                                        {group.service, static_cast<int64_t>(group.fingerprint)})
                                .status());
    REVERTD_RETURN_IF_ERROR(WriteNames(*database_, kDoing, group, kRelease, group.releases));
    return WriteNames(*database_, kDoing, group, kEnvironment, group.environments);
  });
}

Status StateStore::WriteErrorHistory(const std::vector<ErrorBlock>& errors, const std::vector<SessionBlock>& sessions) {
  if (errors.empty() && sessions.empty()) return OkStatus();
  constexpr std::string_view kDoing = "writing the history of errors";
  return database_->Transact(kDoing, [&] {
    for (const ErrorBlock& block : errors) {
      REVERTD_RETURN_IF_ERROR(
          database_
              ->Write(kDoing, "INSERT OR REPLACE INTO error_blocks VALUES (?,?,?,?)",
                      {block.start_second, block.service, static_cast<int64_t>(block.fingerprint), block.events})
              .status());
    }
    for (const SessionBlock& block : sessions) {
      REVERTD_RETURN_IF_ERROR(database_
                                  ->Write(kDoing, "INSERT OR REPLACE INTO session_blocks VALUES (?,?,?,?)",
                                          {block.start_second, block.service, block.sessions, block.crashed})
                                  .status());
    }
    return OkStatus();
  });
}

Status StateStore::WriteVerdictErrors(std::string_view doing, int64_t verdict_id,
                                      const std::vector<NamedError>& errors) {
  for (size_t place = 0; place < errors.size(); ++place) {
    SqlValues values = {verdict_id, static_cast<int64_t>(place)};
    const SqlValues facts = NamedErrorValues(errors[place]);
    values.insert(values.end(), facts.begin(), facts.end());
    REVERTD_RETURN_IF_ERROR(
        database_->Write(doing, "INSERT INTO verdict_errors VALUES (?,?, ?,?,?,?,?,?,?,?,?,?,?)", values).status());
  }
  return OkStatus();
}

StatusOr<std::vector<ErrorGroupRecord>> StateStore::ReadErrorGroups(std::string_view service, TimeNs since_ns) const {
  constexpr std::string_view kOfAll = "SELECT * FROM error_groups WHERE last_seen_ns >= ?2";
  constexpr std::string_view kOfOne = "SELECT * FROM error_groups WHERE service = ?1 AND last_seen_ns >= ?2";
  const std::string newest =
      std::string(service.empty() ? kOfAll : kOfOne) + " ORDER BY last_seen_ns DESC, id LIMIT ?3";
  std::vector<ErrorGroupRecord> groups;
  REVERTD_RETURN_IF_ERROR(ReadGroups(*database_, GroupsWithNames(newest, /*with_sample=*/false, "g.last_seen_ns DESC"),
                                     {service, since_ns, int64_t{kErrorGroupsReadMax}},
                                     [&](ErrorGroupRecord group) { groups.push_back(std::move(group)); }));
  return groups;
}

Status StateStore::ReadEveryErrorGroup(TimeNs since_ns,
                                       const std::function<void(const ErrorGroupRecord&)>& accept) const {
  return ReadGroups(*database_,
                    GroupsWithNames("SELECT * FROM error_groups WHERE last_seen_ns >= ?", /*with_sample=*/false,
                                    "g.last_seen_ns DESC"),
                    {since_ns}, accept);
}

StatusOr<std::optional<ErrorGroupRecord>> StateStore::ReadErrorGroup(std::string_view service,
                                                                     uint64_t fingerprint) const {
  std::optional<ErrorGroupRecord> found;
  REVERTD_RETURN_IF_ERROR(ReadGroups(*database_,
                                     GroupsWithNames("SELECT * FROM error_groups WHERE service = ? AND fingerprint = ?",
                                                     /*with_sample=*/true, "g.id"),
                                     {service, static_cast<int64_t>(fingerprint)},
                                     [&](ErrorGroupRecord group) { found = std::move(group); }));
  return found;
}

Status StateStore::ReadErrorBlocks(int64_t since_second, const std::function<void(const ErrorBlock&)>& accept) const {
  return database_->Read("reading the history of errors",
                         "SELECT start_second, service, fingerprint, events FROM error_blocks WHERE start_second >= ?"
                         " ORDER BY start_second, service, fingerprint",
                         {since_second}, [&](SqlRow& row) {
                           ErrorBlock block;
                           block.start_second = row.Integer();
                           block.service = row.Text();
                           block.fingerprint = static_cast<uint64_t>(row.Integer());
                           block.events = row.Integer();
                           accept(block);
                           return OkStatus();
                         });
}

Status StateStore::ReadSessionBlocks(int64_t since_second,
                                     const std::function<void(const SessionBlock&)>& accept) const {
  return database_->Read("reading the history of sessions",
                         "SELECT start_second, service, sessions, crashed FROM session_blocks WHERE start_second >= ?"
                         " ORDER BY start_second, service",
                         {since_second}, [&](SqlRow& row) {
                           SessionBlock block;
                           block.start_second = row.Integer();
                           block.service = row.Text();
                           block.sessions = row.Integer();
                           block.crashed = row.Integer();
                           accept(block);
                           return OkStatus();
                         });
}

// In a statement of its own, after the verdicts': one told in between has no place there yet, and one that is there was
// written whole, and never changes.
Status StateStore::ReadVerdictErrors(std::string_view deploy_id,
                                     const std::function<void(int64_t verdict_id, NamedError error)>& accept) const {
  return database_->Read("reading a verdict's errors",
                         "SELECT e.verdict_id, e.fingerprint, e.type, e.culprit, e.title, e.release, e.event_id,"
                         " e.is_new, e.events, e.first_seen_ns, e.e_value, e.e_value_needed"
                         " FROM verdicts v JOIN verdict_errors e ON e.verdict_id = v.id WHERE v.deploy_id = ?"
                         " ORDER BY e.verdict_id, e.place",
                         {deploy_id}, [&](SqlRow& row) {
                           const int64_t verdict_id = row.Integer();
                           accept(verdict_id, TakeNamedError(row));
                           return OkStatus();
                         });
}

Status StateStore::PruneErrors(std::string_view doing, TimeNs now_ns) {
  const int64_t blocks_from = FloorToSecond(now_ns) - kErrorHistorySecondsKept;
  REVERTD_RETURN_IF_ERROR(
      database_->Write(doing, "DELETE FROM error_groups WHERE last_seen_ns < ?", {now_ns - kErrorGroupKept}).status());
  REVERTD_RETURN_IF_ERROR(
      database_->Write(doing, "DELETE FROM error_blocks WHERE start_second < ?", {blocks_from}).status());
  return database_->Write(doing, "DELETE FROM session_blocks WHERE start_second < ?", {blocks_from}).status();
}

}  // namespace revertd
