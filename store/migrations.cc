#include "store/migrations.h"

#include <string>

namespace revertd {
namespace {

struct Found {
  int64_t application_id = 0;
  int64_t version = 0;
  int64_t tables = 0;
};

StatusOr<Found> Look(Database& database) {
  Found found;
  REVERTD_RETURN_IF_ERROR(database.Read(
      "reading its schema version",
      "SELECT (SELECT application_id FROM pragma_application_id), (SELECT user_version FROM pragma_user_version),"
      " (SELECT count(*) FROM sqlite_schema)",
      {}, [&](SqlRow& row) {
        found = {row.Integer(), row.Integer(), row.Integer()};
        return OkStatus();
      }));
  return found;
}

Status CheckOwnership(const Database& database, const Schema& schema, const Found& found) {
  const auto known = static_cast<int64_t>(schema.migrations.size());
  const bool is_empty = found.application_id == 0 && found.version == 0 && found.tables == 0;
  if (found.application_id != schema.application_id && !is_empty) {
    return FailedPrecondition(database.path() + " is not a " + std::string(schema.name) + " database of revertd");
  }
  if (found.version > known) {
    return FailedPrecondition(database.path() + " was written by a newer revertd (schema " +
                              std::to_string(found.version) + ", this one knows " + std::to_string(known) +
                              "); use that one");
  }
  return OkStatus();
}

}  // namespace

Status Migrate(Database& database, const Schema& schema) {
  StatusOr<Found> found = Look(database);
  if (!found.ok()) return found.status();
  REVERTD_RETURN_IF_ERROR(CheckOwnership(database, schema, *found));
  for (auto version = static_cast<size_t>(found->version); version < schema.migrations.size(); ++version) {
    const std::string next = std::to_string(version + 1);
    const std::string doing = "migrating it to schema " + next;
    // A pragma takes no bound value; both are our own numbers.
    const std::string script = std::string(schema.migrations[version]) + "PRAGMA user_version=" + next +
                               ";PRAGMA application_id=" + std::to_string(schema.application_id);
    REVERTD_RETURN_IF_ERROR(database.Transact(doing, [&] { return database.RunScript(doing, script); }));
  }
  return OkStatus();
}

Status CheckVersion(Database& database, const Schema& schema) {
  StatusOr<Found> found = Look(database);
  if (!found.ok()) return found.status();
  REVERTD_RETURN_IF_ERROR(CheckOwnership(database, schema, *found));
  if (found->version == 0) {
    return Unavailable(database.path() + " holds nothing yet; its owner has not finished starting");
  }
  if (found->version < static_cast<int64_t>(schema.migrations.size())) {
    return Unavailable(database.path() + " has the older schema " + std::to_string(found->version) +
                       "; start its owner once to migrate it");
  }
  return OkStatus();
}

}  // namespace revertd
