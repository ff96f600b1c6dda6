// The tenth migration of state.db: the releases that answer for a service, and their words in the inbox, which is made
// anew because SQLite cannot change a CHECK. Its ids go on where they were: one that was given is not given again.
#include "store/schema.h"

namespace revertd {
namespace {

constexpr std::string_view kState10 = R"sql(
CREATE TABLE charges (
  service TEXT PRIMARY KEY NOT NULL,
  release TEXT NOT NULL,
  until_ns INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE inbox_of_10 (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL CHECK (kind IN ('deploy_start', 'deploy_finish', 'deploy_abandon', 'revert_prepared',
                                     'trigger_approve', 'trigger_dismiss', 'revert_asked', 'event', 'release_charge')),
  subject_trigger_id TEXT NOT NULL,
  text TEXT NOT NULL,
  deploy_id TEXT NOT NULL,
  deploy_service TEXT NOT NULL,
  deploy_repo TEXT NOT NULL,
  deploy_base TEXT NOT NULL,
  deploy_head TEXT NOT NULL,
  deploy_start_ns INTEGER NOT NULL,
  deploy_finish_ns INTEGER NOT NULL,
  deploy_kind TEXT NOT NULL CHECK (deploy_kind IN ('release', 'revert')),
  deploy_trigger_id TEXT NOT NULL,
  deploy_finish_guessed INTEGER NOT NULL DEFAULT 0,
  trigger_id TEXT NOT NULL,
  trigger_deploy_id TEXT NOT NULL,
  trigger_service TEXT NOT NULL,
  trigger_repo TEXT NOT NULL,
  trigger_base TEXT NOT NULL,
  trigger_head TEXT NOT NULL,
  trigger_state TEXT NOT NULL CHECK (trigger_state IN ('pending', 'proposed', 'dismissed', 'in_release')),
  trigger_reason TEXT NOT NULL,
  trigger_created_ns INTEGER NOT NULL,
  event_at_ns INTEGER NOT NULL DEFAULT 0,
  event_kind TEXT NOT NULL DEFAULT '',
  event_service TEXT NOT NULL DEFAULT '',
  event_deploy_id TEXT NOT NULL DEFAULT '',
  event_trigger_id TEXT NOT NULL DEFAULT '',
  event_repo TEXT NOT NULL DEFAULT '',
  event_commit_sha TEXT NOT NULL DEFAULT '',
  event_key TEXT NOT NULL DEFAULT '',
  event_text TEXT NOT NULL DEFAULT ''
) STRICT;
INSERT INTO inbox_of_10 SELECT * FROM inbox ORDER BY id;
DELETE FROM sqlite_sequence WHERE name = 'inbox_of_10';
INSERT INTO sqlite_sequence (name, seq) SELECT 'inbox_of_10', seq FROM sqlite_sequence WHERE name = 'inbox';
DROP TABLE inbox;
ALTER TABLE inbox_of_10 RENAME TO inbox;
)sql";

}  // namespace

std::string_view StateMigrationOfCharges() { return kState10; }

}  // namespace revertd
