// The charges of StateStore: which release answers for a service.
#include "store/database.h"
#include "store/state_store.h"

namespace revertd {

Status StateStore::WriteCharge(const Charge& charge) {
  constexpr std::string_view kDoing = "writing a release's charge";
  const std::string_view service = charge.service;
  if (charge.until_ns == 0) {
    return database_->Write(kDoing, "DELETE FROM charges WHERE service = ?", {service}).status();
  }
  return database_
      ->Write(kDoing, "INSERT OR REPLACE INTO charges (service, release, until_ns) VALUES (?, ?, ?)",
              {service, std::string_view(charge.release), charge.until_ns})
      .status();
}

StatusOr<std::optional<Charge>> StateStore::ReadCharge(std::string_view service) const {
  std::optional<Charge> charge;
  REVERTD_RETURN_IF_ERROR(database_->Read("reading a release's charge",
                                          "SELECT service, release, until_ns FROM charges WHERE service = ?", {service},
                                          [&](SqlRow& row) {
                                            charge.emplace();
                                            charge->service = row.Text();
                                            charge->release = row.Text();
                                            charge->until_ns = row.Integer();
                                            return OkStatus();
                                          }));
  return charge;
}

}  // namespace revertd
