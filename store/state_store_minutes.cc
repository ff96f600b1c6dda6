// The minutes of StateStore: roll-ups of 14 days, for baselines by hour of day and week; and shadow deploys.
#include "store/database.h"
#include "store/state_store.h"

namespace revertd {

Status StateStore::WriteMinuteRows(std::string_view doing, const std::vector<StoredMinute>& minutes) {
  for (const StoredMinute& minute : minutes) {
    const std::string_view name = minute.service;
    REVERTD_RETURN_IF_ERROR(
        database_->Write(doing, "INSERT INTO minute_services (name) VALUES (?) ON CONFLICT DO NOTHING", {name})
            .status());
    REVERTD_RETURN_IF_ERROR(
        database_
            ->Write(doing, "INSERT OR REPLACE INTO minutes SELECT id, ?, ? FROM minute_services WHERE name = ?",
                    {minute.start_second, SqlBlob{minute.bytes}, name})
            .status());
  }
  return OkStatus();
}

Status StateStore::ReadMinutes(std::string_view service, int64_t from, int64_t to,
                               const std::function<void(int64_t start_second, std::string_view bytes)>& accept) const {
  return database_->Read("reading minutes",
                         "SELECT start_second, totals FROM minutes WHERE service_id ="
                         " (SELECT id FROM minute_services WHERE name = ?) AND start_second >= ? AND start_second < ?"
                         " ORDER BY start_second",
                         {service, from, to}, [&](SqlRow& row) {
                           const int64_t start_second = row.Integer();
                           accept(start_second, row.Blob());
                           return OkStatus();
                         });
}

StatusOr<std::vector<StoredMinute>> StateStore::ReadNewestMinutes() const {
  std::vector<StoredMinute> newest;
  REVERTD_RETURN_IF_ERROR(database_->Read(
      "reading minutes",
      "SELECT name, start_second, totals FROM minute_services JOIN minutes ON service_id = id"
      " WHERE start_second = (SELECT max(m.start_second) FROM minutes m WHERE m.service_id = id) ORDER BY name",
      {}, [&](SqlRow& row) {
        StoredMinute minute;
        minute.service = row.Text();
        minute.start_second = row.Integer();
        minute.bytes = row.Blob();
        newest.push_back(std::move(minute));
        return OkStatus();
      }));
  return newest;
}

Status StateStore::ReadShadows(const std::function<void(const StoredShadow&)>& accept) const {
  return database_->Read("reading shadow deploys",
                         "SELECT service, start_second, result FROM shadows ORDER BY start_second, service", {},
                         [&](SqlRow& row) {
                           StoredShadow shadow;
                           shadow.service = row.Text();
                           shadow.start_second = row.Integer();
                           shadow.result = row.Blob();
                           accept(shadow);
                           return OkStatus();
                         });
}

// Service by service: each takes its oldest rows off the front of the key, where one condition over all of them would
// read the whole table.
Status StateStore::PruneMinutes(std::string_view doing, int64_t before) {
  std::vector<int64_t> ids;
  REVERTD_RETURN_IF_ERROR(database_->Read(doing, "SELECT id FROM minute_services", {}, [&](SqlRow& row) {
    ids.push_back(row.Integer());
    return OkStatus();
  }));
  for (const int64_t id : ids) {
    REVERTD_RETURN_IF_ERROR(
        database_->Write(doing, "DELETE FROM minutes WHERE service_id = ? AND start_second < ?", {id, before})
            .status());
  }
  return database_
      ->Write(doing, "DELETE FROM minute_services WHERE NOT EXISTS (SELECT 1 FROM minutes WHERE service_id = id)", {})
      .status();
}

}  // namespace revertd
