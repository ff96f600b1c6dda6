// The releases of ExecutorStore: which were begun, and how they ended. Each change stands in the audit trail too, a
// begin with the whole file: the trail alone tells what was to be done, and the table cannot be edited unseen.
#include "base/json_writer.h"
#include "store/database.h"
#include "store/executor_store.h"

namespace revertd {
namespace {

constexpr std::string_view kReleaseColumns = "SELECT id, environment, file, begun_ns, ended_ns, outcome FROM releases ";

StatusOr<std::vector<ReleaseRecord>> ReadReleasesWhere(Database& database, std::string_view where,
                                                       const std::vector<SqlValue>& values) {
  std::vector<ReleaseRecord> releases;
  REVERTD_RETURN_IF_ERROR(
      database.Read("reading releases", std::string(kReleaseColumns) + std::string(where), values, [&](SqlRow& row) {
        ReleaseRecord release;
        release.id = row.Text();
        release.environment = row.Text();
        release.file = row.Text();
        release.begun_ns = row.Integer();
        release.ended_ns = row.Integer();
        release.outcome = row.Text();
        releases.push_back(std::move(release));
        return OkStatus();
      }));
  return releases;
}

}  // namespace

Status ExecutorStore::BeginRelease(const ReleaseRecord& release) {
  constexpr std::string_view kDoing = "beginning a release";
  return database_->Transact(kDoing, [&]() -> Status {
    const auto added = database_->Write(kDoing,
                                        "INSERT INTO releases (id, environment, file, begun_ns, ended_ns, outcome)"
                                        " VALUES (?, ?, ?, ?, 0, '') ON CONFLICT DO NOTHING",
                                        {std::string_view(release.id), std::string_view(release.environment),
                                         std::string_view(release.file), release.begun_ns});
    if (!added.ok()) return added.status();
    if (*added == 0) {
      return FailedPrecondition(database_->path() + ": release \"" + release.id + "\" was begun already");
    }
    JsonWriter json;
    json.BeginObject().Field("environment", release.environment).Field("file", release.file).EndObject();
    return Audit("release_begun", release.id, json.text(), release.begun_ns);
  });
}

Status ExecutorStore::EndRelease(std::string_view id, TimeNs at_ns, std::string_view outcome) {
  constexpr std::string_view kDoing = "ending a release";
  return database_->Transact(kDoing, [&]() -> Status {
    const auto release = ReadRelease(id);
    if (!release.ok()) return release.status();
    const std::string name = database_->path() + ": release \"" + std::string(id) + "\"";
    if (!release->has_value()) return NotFound(name + " cannot end: it was never begun");
    if ((*release)->ended_ns != 0) {
      if ((*release)->outcome == outcome) return OkStatus();
      return FailedPrecondition(name + " ended already: " + (*release)->outcome);
    }
    REVERTD_RETURN_IF_ERROR(
        database_->Write(kDoing, "UPDATE releases SET ended_ns = ?, outcome = ? WHERE id = ?", {at_ns, outcome, id})
            .status());
    JsonWriter json;
    return Audit("release_ended", id, json.BeginObject().Field("outcome", outcome).EndObject().text(), at_ns);
  });
}

// The order in which they were begun, whatever the clock did in between.
StatusOr<std::vector<ReleaseRecord>> ExecutorStore::ReadReleases() const {
  return ReadReleasesWhere(*database_, "ORDER BY rowid", {});
}

StatusOr<std::optional<ReleaseRecord>> ExecutorStore::ReadRelease(std::string_view id) const {
  auto releases = ReadReleasesWhere(*database_, "WHERE id = ?", {id});
  if (!releases.ok()) return releases.status();
  if (releases->empty()) return std::optional<ReleaseRecord>();
  return std::optional<ReleaseRecord>(std::move(releases->front()));
}

}  // namespace revertd
