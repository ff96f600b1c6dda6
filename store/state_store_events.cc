// The events of StateStore: what happened, as it was told; and how far the sidecar is with what others tell.
#include <algorithm>

#include "store/database.h"
#include "store/rows.h"
#include "store/state_store.h"

namespace revertd {
namespace {

// Rows deleted in one transaction: a few milliseconds, in which whoever wants to leave a message waits.
constexpr int64_t kPrunedAtOnce = 1000;
// Of an abbreviated revision; what is shorter, or is no SHA, is taken at its word.
constexpr size_t kRevisionDigitsMin = 7;

constexpr std::string_view kColumns =
    "SELECT id, at_ns, kind, service, deploy_id, trigger_id, repo, commit_sha, key, text FROM events ";

StatusOr<std::vector<Event>> ReadEvents(Database& database, std::string_view rest, const SqlValues& values) {
  std::vector<Event> events;
  REVERTD_RETURN_IF_ERROR(
      database.Read("reading events", std::string(kColumns) + std::string(rest), values, [&](SqlRow& row) {
        const int64_t id = row.Integer();
        events.push_back(TakeEvent(row));
        events.back().id = id;
        return OkStatus();
      }));
  return events;
}

// Read newest first, because of the limit.
StatusOr<std::vector<Event>> OldestFirst(StatusOr<std::vector<Event>> events) {
  if (events.ok()) std::reverse(events->begin(), events->end());
  return events;
}

// The last text that a commit of this revision may have: an abbreviated one stands for all that begin with it, and no
// digit comes after 'f'.
std::string LastOfRevision(const std::string& revision) {
  const bool is_sha =
      revision.size() >= kRevisionDigitsMin && revision.find_first_not_of("0123456789abcdef") == std::string::npos;
  return is_sha ? revision + "g" : revision;
}

}  // namespace

Status StateStore::WriteEvents(const std::vector<Event>& events) {
  if (events.empty()) return OkStatus();
  constexpr std::string_view kDoing = "writing events";
  return database_->Transact(kDoing, [&] {
    for (const Event& event : events) {
      REVERTD_RETURN_IF_ERROR(database_
                                  ->Write(kDoing,
                                          "INSERT INTO events (at_ns, kind, service, deploy_id, trigger_id, repo,"
                                          " commit_sha, key, text) VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING",
                                          EventValues(event))
                                  .status());
    }
    return OkStatus();
  });
}

StatusOr<std::vector<Event>> StateStore::ReadEventsAfter(int64_t id, int limit) const {
  return ReadEvents(*database_, "WHERE id > ? ORDER BY id LIMIT ?", {id, int64_t{limit}});
}

Status StateStore::ReadEventsOfKind(std::string_view kind, const std::function<void(const Event&)>& accept) const {
  const std::string sql = std::string(kColumns) + "WHERE kind = ? ORDER BY id";
  return database_->Read("reading events", sql, {kind}, [&](SqlRow& row) {
    const int64_t id = row.Integer();
    Event event = TakeEvent(row);
    event.id = id;
    accept(event);
    return OkStatus();
  });
}

StatusOr<int64_t> StateStore::ReadNewestEventId() const {
  int64_t newest = 0;
  REVERTD_RETURN_IF_ERROR(
      database_->Read("reading events", "SELECT id FROM events ORDER BY id DESC LIMIT 1", {}, [&](SqlRow& row) {
        newest = row.Integer();
        return OkStatus();
      }));
  return newest;
}

// The conditions that no text is empty say nothing new; SQLite uses an index that leaves out the empty ones only where
// it reads them.
StatusOr<std::vector<Event>> StateStore::ReadEventsOfDeploy(const Deploy& deploy) const {
  const std::string last = LastOfRevision(deploy.head);
  return OldestFirst(ReadEvents(*database_,
                                "WHERE id IN (SELECT id FROM events WHERE deploy_id = ?1 AND deploy_id <> ''"
                                " UNION SELECT id FROM events WHERE trigger_id = ?2 AND trigger_id <> ''"
                                " UNION SELECT id FROM events WHERE commit_sha BETWEEN ?3 AND ?4 AND commit_sha <> ''"
                                " AND deploy_id = '') ORDER BY at_ns DESC, id DESC LIMIT ?5",
                                {deploy.id, deploy.trigger_id, deploy.head, last, int64_t{kEventsReadMax}}));
}

StatusOr<std::vector<Event>> StateStore::ReadEventsOfTrigger(std::string_view trigger_id) const {
  return OldestFirst(ReadEvents(*database_,
                                "WHERE trigger_id = ? AND trigger_id <> '' ORDER BY at_ns DESC, id DESC LIMIT ?",
                                {trigger_id, int64_t{kEventsReadMax}}));
}

StatusOr<bool> StateStore::HasEvent(std::string_view key) const {
  bool has = false;
  REVERTD_RETURN_IF_ERROR(
      database_->Read("reading events", "SELECT 1 FROM events WHERE key = ? AND key <> ''", {key}, [&](SqlRow& row) {
        has = row.Integer() == 1;
        return OkStatus();
      }));
  return has;
}

// Ids have no gaps worth counting: what lies so far behind the newest one is beyond the newest so many rows.
Status StateStore::PruneEvents(TimeNs now_ns) {
  constexpr std::string_view kDoing = "pruning events";
  const StatusOr<int64_t> newest = ReadNewestEventId();
  if (!newest.ok()) return newest.status();
  const std::pair<std::string_view, int64_t> cuts[] = {
      {"DELETE FROM events WHERE id IN (SELECT id FROM events WHERE id <= ? ORDER BY id LIMIT ?)",
       *newest - kEventsKeptMax},
      {"DELETE FROM events WHERE id IN (SELECT id FROM events WHERE at_ns < ? ORDER BY at_ns LIMIT ?)",
       now_ns - kHistoryBlocksKeptSeconds * kSecondNs}};
  for (const auto& [sql, before] : cuts) {
    StatusOr<int64_t> deleted = kPrunedAtOnce;
    while (deleted.ok() && *deleted == kPrunedAtOnce) deleted = database_->Write(kDoing, sql, {before, kPrunedAtOnce});
    if (!deleted.ok()) return deleted.status();
  }
  return OkStatus();
}

Status StateStore::WriteCursor(std::string_view name, int64_t value) {
  return database_->Write("writing a cursor", "INSERT OR REPLACE INTO cursors VALUES (?,?)", {name, value}).status();
}

Status StateStore::WriteNote(std::string_view name, std::string_view bytes) {
  return database_->Write("writing a note", "INSERT OR REPLACE INTO notes VALUES (?,?)", {name, SqlBlob{bytes}})
      .status();
}

StatusOr<std::optional<std::string>> StateStore::ReadNote(std::string_view name) const {
  std::optional<std::string> bytes;
  REVERTD_RETURN_IF_ERROR(
      database_->Read("reading a note", "SELECT bytes FROM notes WHERE name = ?", {name}, [&](SqlRow& row) {
        bytes = row.Blob();
        return OkStatus();
      }));
  return bytes;
}

StatusOr<int64_t> StateStore::ReadCursor(std::string_view name) const {
  int64_t value = 0;
  REVERTD_RETURN_IF_ERROR(
      database_->Read("reading a cursor", "SELECT value FROM cursors WHERE name = ?", {name}, [&](SqlRow& row) {
        value = row.Integer();
        return OkStatus();
      }));
  return value;
}

}  // namespace revertd
