#include "store/executor_store.h"

#include "base/json_writer.h"
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

AuditRow TakeAuditRow(SqlRow& row) {
  AuditRow audit;
  audit.seq = row.Integer();
  audit.at_ns = row.Integer();
  audit.kind = row.Text();
  audit.subject = row.Text();
  audit.text = row.Text();
  audit.hash = row.Text();
  return audit;
}

}  // namespace

ExecutorStore::ExecutorStore(std::unique_ptr<Database> database) : database_(std::move(database)) {}
ExecutorStore::~ExecutorStore() = default;

StatusOr<std::unique_ptr<ExecutorStore>> ExecutorStore::Open(const std::string& path, Access access) {
  const bool is_owner = access == Access::kOwner;
  const auto mode = is_owner                          ? Database::Access::kOwner
                    : access == Access::kCommandsOnly ? Database::Access::kReadWrite
                                                      : Database::Access::kReadOnly;
  StatusOr<std::unique_ptr<Database>> database = Database::Open(path, mode);
  if (!database.ok()) return database.status();
  REVERTD_RETURN_IF_ERROR(is_owner ? Migrate(**database, ExecutorSchema())
                                   : CheckVersion(**database, ExecutorSchema()));
  return std::unique_ptr<ExecutorStore>(new ExecutorStore(*std::move(database)));
}

Status ExecutorStore::Begin(std::string_view trigger_id, std::string_view step, TimeNs at_ns) {
  constexpr std::string_view kDoing = "beginning a step in the journal";
  return database_->Transact(kDoing, [&]() -> Status {
    const auto changed = database_->Write(kDoing,
                                          "INSERT INTO journal (trigger_id, step, begun_ns, finished_ns, outcome, "
                                          "detail) VALUES (?, ?, ?, 0, '', '') ON CONFLICT DO NOTHING",
                                          {trigger_id, step, at_ns});
    if (!changed.ok() || *changed == 0) return changed.status();
    JsonWriter json;
    return Audit("step_begun", trigger_id, json.BeginObject().Field("step", step).EndObject().text(), at_ns);
  });
}

Status ExecutorStore::Finish(std::string_view trigger_id, std::string_view step, TimeNs at_ns, std::string_view outcome,
                             std::string_view detail) {
  constexpr std::string_view kDoing = "finishing a step in the journal";
  return database_->Transact(kDoing, [&]() -> Status {
    const auto changed = database_->Write(
        kDoing, "UPDATE journal SET finished_ns = ?, outcome = ?, detail = ? WHERE trigger_id = ? AND step = ?",
        {at_ns, outcome, detail, trigger_id, step});
    if (!changed.ok()) return changed.status();
    if (*changed == 0) {
      return FailedPrecondition(database_->path() + ": step \"" + std::string(step) + "\" of trigger \"" +
                                std::string(trigger_id) + "\" cannot finish: it was never begun");
    }
    JsonWriter json;
    json.BeginObject().Field("step", step).Field("outcome", outcome).Field("detail", detail);
    return Audit("step_finished", trigger_id, json.EndObject().text(), at_ns);
  });
}

Status ExecutorStore::Reopen(std::string_view trigger_id, std::string_view step, TimeNs at_ns, std::string_view why) {
  constexpr std::string_view kDoing = "reopening a step in the journal";
  return database_->Transact(kDoing, [&]() -> Status {
    const auto row = ReadStep(trigger_id, step);
    if (!row.ok()) return row.status();
    if (!row->has_value() || (*row)->finished_ns == 0) {
      return FailedPrecondition(database_->path() + ": step \"" + std::string(step) + "\" of trigger \"" +
                                std::string(trigger_id) + "\" cannot begin again: it is not finished");
    }
    REVERTD_RETURN_IF_ERROR(
        database_
            ->Write(kDoing,
                    "UPDATE journal SET begun_ns = ?, finished_ns = 0, outcome = '', detail = '' WHERE trigger_id = ?"
                    " AND step = ?",
                    {at_ns, trigger_id, step})
            .status());
    JsonWriter json;
    json.BeginObject().Field("step", step).Field("why", why).Field("ended_with", (*row)->outcome).EndObject();
    return Audit("step_reopened", trigger_id, json.text(), at_ns);
  });
}

Status ExecutorStore::Together(const std::function<Status()>& body) { return database_->Transact("writing", body); }

Status ExecutorStore::Audit(std::string_view kind, std::string_view subject, std::string_view text, TimeNs at_ns) {
  constexpr std::string_view kDoing = "writing the audit trail";
  return database_->Transact(kDoing, [&]() -> Status {
    StatusOr<AuditHead> head = ReadAuditHead();
    if (!head.ok()) return head.status();
    AuditRow row{head->seq + 1, at_ns, std::string(kind), std::string(subject), std::string(text), ""};
    row.hash = AuditHash(head->hash, row);
    return database_
        ->Write(kDoing, "INSERT INTO audit (seq, at_ns, kind, subject, text, hash) VALUES (?, ?, ?, ?, ?, ?)",
                {row.seq, row.at_ns, std::string_view(row.kind), std::string_view(row.subject),
                 std::string_view(row.text), std::string_view(row.hash)})
        .status();
  });
}

StatusOr<AuditHead> ExecutorStore::ReadAuditHead() const {
  AuditHead head{0, FirstAuditHash()};
  REVERTD_RETURN_IF_ERROR(database_->Read(
      "reading the audit trail", "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1", {}, [&](SqlRow& row) {
        head.seq = row.Integer();
        head.hash = row.Text();
        return OkStatus();
      }));
  return head;
}

StatusOr<std::optional<AuditHead>> ExecutorStore::FindAudit(std::string_view kind, std::string_view subject) const {
  std::optional<AuditHead> found;
  REVERTD_RETURN_IF_ERROR(database_->Read(
      "reading the audit trail", "SELECT seq, hash FROM audit WHERE subject = ? AND kind = ? ORDER BY seq LIMIT 1",
      {subject, kind}, [&](SqlRow& row) {
        found.emplace();
        found->seq = row.Integer();
        found->hash = row.Text();
        return OkStatus();
      }));
  return found;
}

Status ExecutorStore::ReadAudit(const std::function<Status(const AuditRow&)>& accept) const {
  return database_->Read("reading the audit trail",
                         "SELECT seq, at_ns, kind, subject, text, hash FROM audit ORDER BY seq", {},
                         [&](SqlRow& row) { return accept(TakeAuditRow(row)); });
}

StatusOr<std::vector<AuditRow>> ExecutorStore::ReadAuditAfter(int64_t seq, int limit) const {
  std::vector<AuditRow> rows;
  REVERTD_RETURN_IF_ERROR(
      database_->Read("reading the audit trail",
                      "SELECT seq, at_ns, kind, subject, text, hash FROM audit WHERE seq > ? ORDER BY seq LIMIT ?",
                      {seq, int64_t{limit}}, [&](SqlRow& row) {
                        rows.push_back(TakeAuditRow(row));
                        return OkStatus();
                      }));
  return rows;
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
