// The two schemas. Times are nanoseconds since the Unix epoch, seconds are Unix seconds, enums are their names (so that
// a person with a sqlite3 shell can read them). An absent text is ''; a real that is not a number is NULL.
#pragma once

#include <string_view>

#include "store/migrations.h"

namespace revertd {

const Schema& StateSchema();
const Schema& ExecutorSchema();

// The tenth migration of state.db, which has a file of its own.
std::string_view StateMigrationOfCharges();

}  // namespace revertd
