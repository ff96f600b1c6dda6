// The schema of executor.db.
#include "store/schema.h"

namespace revertd {
namespace {

constexpr std::string_view kExecutor1 = R"sql(
CREATE TABLE journal (
  id INTEGER PRIMARY KEY,
  trigger_id TEXT NOT NULL,
  step TEXT NOT NULL,
  begun_ns INTEGER NOT NULL,
  finished_ns INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  detail TEXT NOT NULL,
  UNIQUE (trigger_id, step)
) STRICT;
CREATE INDEX journal_by_outcome ON journal (step, outcome, finished_ns);
)sql";

// audit: store/audit.h. deliveries: what is told, or was, to whom. incidents: one for each rollback. commands: the one
// table that other processes write. cursors: how far the executor has read what others write.
constexpr std::string_view kExecutor2 = R"sql(
CREATE TABLE audit (
  seq INTEGER PRIMARY KEY,
  at_ns INTEGER NOT NULL,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  text TEXT NOT NULL,
  hash TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_subject ON audit (subject, kind);
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
CREATE TRIGGER audit_is_never_cut BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;

CREATE TABLE deliveries (
  id INTEGER PRIMARY KEY,
  channel TEXT NOT NULL,
  key TEXT NOT NULL,
  event TEXT NOT NULL,
  notice TEXT NOT NULL,
  created_ns INTEGER NOT NULL,
  tries INTEGER NOT NULL,
  next_ns INTEGER NOT NULL,
  ended_ns INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  UNIQUE (channel, key, event)
) STRICT;
CREATE INDEX deliveries_due ON deliveries (ended_ns, next_ns);

CREATE TABLE incidents (
  trigger_id TEXT PRIMARY KEY NOT NULL,
  service TEXT NOT NULL,
  owner TEXT NOT NULL,
  opened_ns INTEGER NOT NULL,
  due_ns INTEGER NOT NULL,
  closed_ns INTEGER NOT NULL,
  record TEXT NOT NULL
) STRICT;
CREATE TABLE incident_answers (
  trigger_id TEXT NOT NULL REFERENCES incidents (trigger_id),
  question TEXT NOT NULL,
  answer TEXT NOT NULL,
  at_ns INTEGER NOT NULL,
  PRIMARY KEY (trigger_id, question)
) STRICT, WITHOUT ROWID;

CREATE TABLE commands (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL CHECK (kind IN ('incident_answer', 'incident_close')),
  subject TEXT NOT NULL,
  name TEXT NOT NULL,
  text TEXT NOT NULL,
  author TEXT NOT NULL
) STRICT;

CREATE TABLE cursors (
  name TEXT PRIMARY KEY NOT NULL,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)sql";

// Messages of a key, of a channel, and whether a channel itself asked to wait until `next_ns`; channels that cannot be
// reached, with why.
constexpr std::string_view kExecutor3 = R"sql(
CREATE INDEX deliveries_by_key ON deliveries (key);
CREATE INDEX deliveries_by_channel ON deliveries (channel, ended_ns);
ALTER TABLE deliveries ADD COLUMN asked_to_wait INTEGER NOT NULL DEFAULT 0;

CREATE TABLE unreached_channels (
  channel TEXT PRIMARY KEY NOT NULL,
  why TEXT NOT NULL
) STRICT, WITHOUT ROWID;
)sql";

// Releases; and what people say to one, in `commands`, which is made anew because SQLite cannot change a CHECK. Its ids
// go on where they were: one that was given is not given again.
constexpr std::string_view kExecutor4 = R"sql(
CREATE TABLE releases (
  id TEXT PRIMARY KEY NOT NULL,
  environment TEXT NOT NULL,
  file TEXT NOT NULL,
  begun_ns INTEGER NOT NULL,
  ended_ns INTEGER NOT NULL,
  outcome TEXT NOT NULL
) STRICT;

CREATE TABLE commands_of_4 (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL CHECK (kind IN ('incident_answer', 'incident_close', 'release_approve', 'release_abort')),
  subject TEXT NOT NULL,
  name TEXT NOT NULL,
  text TEXT NOT NULL,
  author TEXT NOT NULL
) STRICT;
INSERT INTO commands_of_4 SELECT * FROM commands ORDER BY id;
DELETE FROM sqlite_sequence WHERE name = 'commands_of_4';
INSERT INTO sqlite_sequence (name, seq) SELECT 'commands_of_4', seq FROM sqlite_sequence WHERE name = 'commands';
DROP TABLE commands;
ALTER TABLE commands_of_4 RENAME TO commands;
)sql";

// "rvex" in ASCII.
constexpr int64_t kExecutorApplicationId = 0x72766578;

}  // namespace

const Schema& ExecutorSchema() {
  static const Schema schema = {"executor", kExecutorApplicationId, {kExecutor1, kExecutor2, kExecutor3, kExecutor4}};
  return schema;
}

}  // namespace revertd
