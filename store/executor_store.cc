#include "store/executor_store.h"

#include "store/database.h"
#include "store/migrations.h"
#include "store/schema.h"

namespace revertd {
namespace {

JournalRow TakeJournalRow(SqlRow& row) {
  JournalRow journal;
  journal.trigger_id = row.Text();
  journal.step = row.Text();
  journal.begun_ns = row.Integer();
  journal.finished_ns = row.Integer();
  journal.outcome = row.Text();
  journal.detail = row.Text();
  return journal;
}

}  // namespace

ExecutorStore::ExecutorStore(std::unique_ptr<Database> database) : database_(std::move(database)) {}
ExecutorStore::~ExecutorStore() = default;

StatusOr<std::unique_ptr<ExecutorStore>> ExecutorStore::Open(const std::string& path, Access access) {
  const bool is_owner = access == Access::kOwner;
  StatusOr<std::unique_ptr<Database>> database =
      Database::Open(path, is_owner ? Database::Access::kOwner : Database::Access::kReadOnly);
  if (!database.ok()) return database.status();
  REVERTD_RETURN_IF_ERROR(is_owner ? Migrate(**database, ExecutorSchema())
                                   : CheckVersion(**database, ExecutorSchema()));
  return std::unique_ptr<ExecutorStore>(new ExecutorStore(*std::move(database)));
}

Status ExecutorStore::Begin(std::string_view trigger_id, std::string_view step, TimeNs at_ns) {
  return database_
      ->Write("beginning a step in the journal",
              "INSERT INTO journal (trigger_id, step, begun_ns, finished_ns, outcome, detail)"
              " VALUES (?, ?, ?, 0, '', '') ON CONFLICT DO NOTHING",
              {trigger_id, step, at_ns})
      .status();
}

Status ExecutorStore::Finish(std::string_view trigger_id, std::string_view step, TimeNs at_ns, std::string_view outcome,
                             std::string_view detail) {
  const auto changed =
      database_->Write("finishing a step in the journal",
                       "UPDATE journal SET finished_ns = ?, outcome = ?, detail = ? WHERE trigger_id = ? AND step = ?",
                       {at_ns, outcome, detail, trigger_id, step});
  if (!changed.ok() || *changed != 0) return changed.status();
  return FailedPrecondition(database_->path() + ": step \"" + std::string(step) + "\" of trigger \"" +
                            std::string(trigger_id) + "\" cannot finish: it was never begun");
}

StatusOr<std::vector<JournalRow>> ExecutorStore::ReadJournal(std::string_view trigger_id) const {
  std::vector<JournalRow> rows;
  REVERTD_RETURN_IF_ERROR(database_->Read("reading the journal",
                                          "SELECT trigger_id, step, begun_ns, finished_ns, outcome, detail FROM journal"
                                          " WHERE trigger_id = ? ORDER BY id",
                                          {trigger_id}, [&](SqlRow& row) {
                                            rows.push_back(TakeJournalRow(row));
                                            return OkStatus();
                                          }));
  return rows;
}

StatusOr<std::optional<JournalRow>> ExecutorStore::ReadStep(std::string_view trigger_id, std::string_view step) const {
  std::optional<JournalRow> found;
  REVERTD_RETURN_IF_ERROR(database_->Read("reading the journal",
                                          "SELECT trigger_id, step, begun_ns, finished_ns, outcome, detail FROM journal"
                                          " WHERE trigger_id = ? AND step = ?",
                                          {trigger_id, step}, [&](SqlRow& row) {
                                            found = TakeJournalRow(row);
                                            return OkStatus();
                                          }));
  return found;
}

StatusOr<std::vector<std::string>> ExecutorStore::ReadTriggerIds() const {
  std::vector<std::string> ids;
  REVERTD_RETURN_IF_ERROR(database_->Read("reading the journal",
                                          "SELECT trigger_id FROM journal GROUP BY trigger_id ORDER BY min(id)", {},
                                          [&](SqlRow& row) {
                                            ids.push_back(row.Text());
                                            return OkStatus();
                                          }));
  return ids;
}

StatusOr<int64_t> ExecutorStore::CountFinished(std::string_view step, std::string_view outcome, TimeNs since_ns) const {
  int64_t count = 0;
  REVERTD_RETURN_IF_ERROR(database_->Read("counting in the journal",
                                          "SELECT count(*) FROM journal WHERE step = ? AND outcome = ?"
                                          " AND finished_ns >= ? AND finished_ns <> 0",
                                          {step, outcome, since_ns}, [&](SqlRow& row) {
                                            count = row.Integer();
                                            return OkStatus();
                                          }));
  return count;
}

}  // namespace revertd
