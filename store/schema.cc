#include "store/schema.h"

namespace revertd {
namespace {

constexpr std::string_view kState1 = R"sql(
CREATE TABLE deploys (
  id TEXT PRIMARY KEY NOT NULL,
  service TEXT NOT NULL,
  repo TEXT NOT NULL,
  base TEXT NOT NULL,
  head TEXT NOT NULL,
  start_ns INTEGER NOT NULL,
  finish_ns INTEGER NOT NULL,
  kind TEXT NOT NULL,
  trigger_id TEXT NOT NULL
) STRICT;
CREATE INDEX deploys_by_start ON deploys (start_ns);
CREATE INDEX deploys_by_head ON deploys (service, head, start_ns);

-- One row an age class that counted something; a second without requests keeps its class 0. The second leads the key,
-- so new rows append and pruning cuts off the front.
CREATE TABLE seconds (
  second INTEGER NOT NULL,
  service TEXT NOT NULL,
  age_class INTEGER NOT NULL,
  requests INTEGER NOT NULL,
  errors INTEGER NOT NULL,
  PRIMARY KEY (second, service, age_class)
) STRICT, WITHOUT ROWID;

CREATE TABLE blocks (
  start_second INTEGER NOT NULL,
  service TEXT NOT NULL,
  requests INTEGER NOT NULL,
  errors INTEGER NOT NULL,
  PRIMARY KEY (start_second, service)
) STRICT, WITHOUT ROWID;

CREATE TABLE verdicts (
  id INTEGER PRIMARY KEY,
  deploy_id TEXT NOT NULL,
  service TEXT NOT NULL,
  state TEXT NOT NULL,
  reason TEXT NOT NULL,
  calibrated INTEGER NOT NULL,
  power REAL,
  at_ns INTEGER NOT NULL,
  UNIQUE (deploy_id, at_ns, state, reason)
) STRICT;

CREATE TABLE decisions (
  id INTEGER PRIMARY KEY,
  deploy_id TEXT NOT NULL,
  service TEXT NOT NULL,
  kind TEXT NOT NULL,
  reason TEXT NOT NULL,
  trigger_id TEXT NOT NULL,
  at_ns INTEGER NOT NULL,
  UNIQUE (deploy_id, at_ns, kind, reason, trigger_id)
) STRICT;

CREATE TABLE triggers (
  id TEXT PRIMARY KEY NOT NULL,
  deploy_id TEXT NOT NULL,
  service TEXT NOT NULL,
  repo TEXT NOT NULL,
  base TEXT NOT NULL,
  head TEXT NOT NULL,
  state TEXT NOT NULL,
  reason TEXT NOT NULL,
  created_ns INTEGER NOT NULL
) STRICT;

-- A person's word on a trigger, in the order given.
CREATE TABLE trigger_changes (
  id INTEGER PRIMARY KEY,
  trigger_id TEXT NOT NULL REFERENCES triggers (id),
  state TEXT NOT NULL,
  reason TEXT NOT NULL
) STRICT;
CREATE INDEX trigger_changes_by_trigger ON trigger_changes (trigger_id);

-- Evidence belongs to a verdict (any number, in its order) or to a trigger (one).
CREATE TABLE evidence (
  id INTEGER PRIMARY KEY,
  verdict_id INTEGER REFERENCES verdicts (id),
  trigger_id TEXT REFERENCES triggers (id),
  signal TEXT NOT NULL,
  e_value REAL,
  e_value_needed REAL,
  before REAL,
  before_null REAL,
  after REAL,
  effect REAL,
  after_low REAL,
  after_high REAL,
  n_before INTEGER NOT NULL,
  n_after INTEGER NOT NULL,
  x_before INTEGER NOT NULL,
  x_after INTEGER NOT NULL,
  onset_ns INTEGER NOT NULL,
  control TEXT NOT NULL,
  control_e_value REAL,
  control_before REAL,
  control_after REAL,
  control_n_after INTEGER NOT NULL,
  CHECK ((verdict_id IS NULL) <> (trigger_id IS NULL))
) STRICT;
CREATE INDEX evidence_by_verdict ON evidence (verdict_id);
CREATE UNIQUE INDEX evidence_by_trigger ON evidence (trigger_id);

CREATE TABLE recoveries (
  id INTEGER PRIMARY KEY,
  trigger_id TEXT NOT NULL,
  deploy_id TEXT NOT NULL,
  service TEXT NOT NULL,
  state TEXT NOT NULL,
  e_value REAL,
  rate_bad REAL,
  rate_now REAL,
  n_now INTEGER NOT NULL,
  at_ns INTEGER NOT NULL,
  UNIQUE (trigger_id, deploy_id, at_ns, state)
) STRICT;

CREATE TABLE reverts_prepared (
  id INTEGER PRIMARY KEY,
  trigger_id TEXT NOT NULL,
  sha TEXT NOT NULL,
  UNIQUE (trigger_id, sha)
) STRICT;

CREATE TABLE status (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  json TEXT NOT NULL
) STRICT;

-- AUTOINCREMENT: an id is never given twice, so Done can never remove another message than the one that was read.
-- Other processes write here: what the sidecar could not read is refused to its sender, or it would block the line.
CREATE TABLE inbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL CHECK (kind IN ('deploy_start', 'deploy_finish', 'revert_prepared', 'trigger_approve',
                                     'trigger_dismiss', 'revert_asked')),
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
  trigger_id TEXT NOT NULL,
  trigger_deploy_id TEXT NOT NULL,
  trigger_service TEXT NOT NULL,
  trigger_repo TEXT NOT NULL,
  trigger_base TEXT NOT NULL,
  trigger_head TEXT NOT NULL,
  trigger_state TEXT NOT NULL CHECK (trigger_state IN ('pending', 'proposed', 'dismissed')),
  trigger_reason TEXT NOT NULL,
  trigger_created_ns INTEGER NOT NULL
) STRICT;
)sql";

// A service's minutes lie together, for they are read together; names apart, for there are 20,000 minutes of each.
constexpr std::string_view kState2 = R"sql(
CREATE TABLE minute_services (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE minutes (
  service_id INTEGER NOT NULL REFERENCES minute_services (id),
  start_second INTEGER NOT NULL,
  totals BLOB NOT NULL,
  PRIMARY KEY (service_id, start_second)
) STRICT, WITHOUT ROWID;
)sql";

// How far followed files were read (FilePosition), in the order that they are read again.
constexpr std::string_view kState3 = R"sql(
CREATE TABLE file_positions (
  id INTEGER PRIMARY KEY,
  path TEXT NOT NULL,
  device INTEGER NOT NULL,
  inode INTEGER NOT NULL,
  offset INTEGER NOT NULL,
  head_bytes INTEGER NOT NULL,
  head_hash INTEGER NOT NULL
) STRICT;
)sql";

// What shadow deploys showed. The start leads the key, so that pruning cuts off the front.
constexpr std::string_view kState4 = R"sql(
CREATE TABLE shadows (
  start_second INTEGER NOT NULL,
  service TEXT NOT NULL,
  result BLOB NOT NULL,
  PRIMARY KEY (start_second, service)
) STRICT, WITHOUT ROWID;
)sql";

// Of a latency signal: how slow its events are at least.
constexpr std::string_view kState5 = R"sql(
ALTER TABLE evidence ADD COLUMN slower_than_ns INTEGER NOT NULL DEFAULT 0;
)sql";

// Of one route alone, of one version beside the other.
constexpr std::string_view kState6 = R"sql(
ALTER TABLE evidence ADD COLUMN route TEXT NOT NULL DEFAULT '';
ALTER TABLE evidence ADD COLUMN cohort TEXT NOT NULL DEFAULT '';
)sql";

// What happened, for those who watch and for records; and abandoned deploys and such events in the inbox, which is made
// anew because SQLite cannot change a CHECK. Its ids go on where they were: one that was given is not given again; its
// new columns have defaults, for an executor of its own that is older than the sidecar writes there too. An empty text
// is none, and most events have few of them: the indexes hold what there is. cursors: how far the sidecar has read what
// others write. notes: what a part of it must know again after a restart, as that part encoded it.
constexpr std::string_view kState7 = R"sql(
ALTER TABLE deploys ADD COLUMN finish_guessed INTEGER NOT NULL DEFAULT 0;

CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ns INTEGER NOT NULL,
  kind TEXT NOT NULL,
  service TEXT NOT NULL,
  deploy_id TEXT NOT NULL,
  trigger_id TEXT NOT NULL,
  repo TEXT NOT NULL,
  commit_sha TEXT NOT NULL,
  key TEXT NOT NULL,
  text TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX events_by_key ON events (key) WHERE key <> '';
CREATE INDEX events_by_deploy ON events (deploy_id) WHERE deploy_id <> '';
CREATE INDEX events_by_trigger ON events (trigger_id) WHERE trigger_id <> '';
CREATE INDEX events_by_commit ON events (commit_sha) WHERE commit_sha <> '';
CREATE INDEX events_by_time ON events (at_ns);

CREATE TABLE cursors (
  name TEXT PRIMARY KEY NOT NULL,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE notes (
  name TEXT PRIMARY KEY NOT NULL,
  bytes BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE inbox_of_7 (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL CHECK (kind IN ('deploy_start', 'deploy_finish', 'deploy_abandon', 'revert_prepared',
                                     'trigger_approve', 'trigger_dismiss', 'revert_asked', 'event')),
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
  trigger_state TEXT NOT NULL CHECK (trigger_state IN ('pending', 'proposed', 'dismissed')),
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
INSERT INTO inbox_of_7 (id, kind, subject_trigger_id, text, deploy_id, deploy_service, deploy_repo, deploy_base,
                        deploy_head, deploy_start_ns, deploy_finish_ns, deploy_kind, deploy_trigger_id, trigger_id,
                        trigger_deploy_id, trigger_service, trigger_repo, trigger_base, trigger_head, trigger_state,
                        trigger_reason, trigger_created_ns)
  SELECT * FROM inbox ORDER BY id;
DELETE FROM sqlite_sequence WHERE name = 'inbox_of_7';
INSERT INTO sqlite_sequence (name, seq) SELECT 'inbox_of_7', seq FROM sqlite_sequence WHERE name = 'inbox';
DROP TABLE inbox;
ALTER TABLE inbox_of_7 RENAME TO inbox;
)sql";

// A deploy's follow-ups that were told: how a restart knows which are still to come.
constexpr std::string_view kState8 = R"sql(
CREATE TABLE follow_ups (
  deploy_id TEXT NOT NULL,
  after_ns INTEGER NOT NULL,
  due_ns INTEGER NOT NULL,
  state TEXT NOT NULL,
  reason TEXT NOT NULL,
  calibrated INTEGER NOT NULL,
  power REAL NOT NULL,
  at_ns INTEGER NOT NULL,
  service TEXT NOT NULL,
  PRIMARY KEY (deploy_id, after_ns)
) STRICT, WITHOUT ROWID;
)sql";

// What error trackers tell: groups of errors with what is known of them, how many events of each, and how many
// sessions, came in a block of time; and the errors that a verdict names. A fingerprint has 64 bits, kept as those of a
// signed number. The start of a block leads the key, so that pruning cuts off the front.
constexpr std::string_view kState9 = R"sql(
ALTER TABLE evidence ADD COLUMN error_group TEXT NOT NULL DEFAULT '';
ALTER TABLE evidence ADD COLUMN per_second INTEGER NOT NULL DEFAULT 0;

CREATE TABLE error_groups (
  id INTEGER PRIMARY KEY,
  service TEXT NOT NULL,
  fingerprint INTEGER NOT NULL,
  origin INTEGER NOT NULL,
  type TEXT NOT NULL,
  culprit TEXT NOT NULL,
  title TEXT NOT NULL,
  level TEXT NOT NULL,
  first_seen_ns INTEGER NOT NULL,
  last_seen_ns INTEGER NOT NULL,
  events INTEGER NOT NULL,
  event_id TEXT NOT NULL,
  sample TEXT NOT NULL,
  UNIQUE (service, fingerprint)
) STRICT;
CREATE INDEX error_groups_by_time ON error_groups (last_seen_ns);
CREATE INDEX error_groups_of_service ON error_groups (service, last_seen_ns);

CREATE TABLE error_group_names (
  group_id INTEGER NOT NULL REFERENCES error_groups (id) ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK (kind IN ('release', 'environment')),
  place INTEGER NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY (group_id, kind, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE error_blocks (
  start_second INTEGER NOT NULL,
  service TEXT NOT NULL,
  fingerprint INTEGER NOT NULL,
  events INTEGER NOT NULL,
  PRIMARY KEY (start_second, service, fingerprint)
) STRICT, WITHOUT ROWID;

CREATE TABLE session_blocks (
  start_second INTEGER NOT NULL,
  service TEXT NOT NULL,
  sessions INTEGER NOT NULL,
  crashed INTEGER NOT NULL,
  PRIMARY KEY (start_second, service)
) STRICT, WITHOUT ROWID;

CREATE TABLE verdict_errors (
  verdict_id INTEGER NOT NULL REFERENCES verdicts (id) ON DELETE CASCADE,
  place INTEGER NOT NULL,
  fingerprint INTEGER NOT NULL,
  type TEXT NOT NULL,
  culprit TEXT NOT NULL,
  title TEXT NOT NULL,
  release TEXT NOT NULL,
  event_id TEXT NOT NULL,
  is_new INTEGER NOT NULL,
  events INTEGER NOT NULL,
  first_seen_ns INTEGER NOT NULL,
  e_value REAL,
  e_value_needed REAL,
  PRIMARY KEY (verdict_id, place)
) STRICT, WITHOUT ROWID;
)sql";

// "rvst" in ASCII.
constexpr int64_t kStateApplicationId = 0x72767374;

}  // namespace

const Schema& StateSchema() {
  static const Schema schema = {
      "state",
      kStateApplicationId,
      {kState1, kState2, kState3, kState4, kState5, kState6, kState7, kState8, kState9, StateMigrationOfCharges()}};
  return schema;
}

}  // namespace revertd
