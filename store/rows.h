// The values of base's types as columns, in the order of the schema. For the two stores alone. A Take* function is the
// mirror of the *Values function above it; text that is no name of an enum answers Internal.
#pragma once

#include <string_view>
#include <vector>

#include "base/deploy.h"
#include "base/error_event.h"
#include "base/event.h"
#include "base/status.h"
#include "base/trigger.h"
#include "base/verdict.h"
#include "store/database.h"
#include "store/state_store.h"

namespace revertd {

// The values point into their argument, which must outlive them.
using SqlValues = std::vector<SqlValue>;

// id service repo base head start_ns finish_ns kind trigger_id finish_guessed
SqlValues DeployValues(const Deploy& deploy);
StatusOr<Deploy> TakeDeploy(SqlRow& row);

// signal e_value ... control_n_after: the columns of `evidence` after its keys.
SqlValues EvidenceValues(const Evidence& evidence);
Evidence TakeEvidence(SqlRow& row);

// deploy_id service state reason calibrated power at_ns; evidence and errors apart.
SqlValues VerdictValues(const Verdict& verdict);
StatusOr<Verdict> TakeVerdict(SqlRow& row);

// fingerprint type culprit title release event_id is_new events first_seen_ns e_value e_value_needed
SqlValues NamedErrorValues(const NamedError& error);
NamedError TakeNamedError(SqlRow& row);

// service fingerprint origin type culprit title level first_seen_ns last_seen_ns events event_id sample; releases and
// environments apart.
SqlValues ErrorGroupValues(const ErrorGroupRecord& group);
StatusOr<ErrorGroupRecord> TakeErrorGroup(SqlRow& row);

// deploy_id service kind reason trigger_id at_ns
SqlValues DecisionValues(const Decision& decision);
StatusOr<Decision> TakeDecision(SqlRow& row);

// id deploy_id service repo base head state reason created_ns; evidence apart.
SqlValues TriggerValues(const RollbackTrigger& trigger);
StatusOr<RollbackTrigger> TakeTrigger(SqlRow& row);

// trigger_id deploy_id service state e_value rate_bad rate_now n_now at_ns
SqlValues RecoveryValues(const Recovery& recovery);
StatusOr<Recovery> TakeRecovery(SqlRow& row);

// at_ns kind service deploy_id trigger_id repo commit_sha key text; the id apart.
SqlValues EventValues(const Event& event);
Event TakeEvent(SqlRow& row);

// kind subject_trigger_id text, then a deploy, a trigger and an event; when taken, the id stands before them.
SqlValues InboxValues(const InboxMessage& message);
StatusOr<InboxMessage> TakeInboxMessage(SqlRow& row);

}  // namespace revertd
