// Schema versions of a database file: PRAGMA application_id says whose file it is, PRAGMA user_version how far it was
// migrated. Each migration is one transaction together with its version, so a kill leaves a whole version behind.
// Called by the stores' Open.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "store/database.h"

namespace revertd {

struct Schema {
  std::string_view name;       // "state", for messages
  int64_t application_id = 0;  // positive, 31 bits
  // migrations[i] leads from version i to i + 1. Shipped ones are never edited: a change is one more at the end.
  std::vector<std::string_view> migrations;
};

// Brings an owner's database to the newest version. A newer one than we know, or another program's, is refused.
Status Migrate(Database& database, const Schema& schema);
// For those who may not migrate: exactly the version we know, or an error that says what to do.
Status CheckVersion(Database& database, const Schema& schema);

}  // namespace revertd
