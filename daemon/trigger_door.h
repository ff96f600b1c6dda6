// What every door of triggers does, `revertd trigger` and the HTTP API: it finds the trigger, checks that a word on it
// still means something, and makes the message that carries it. NotFound: there is no such trigger; FailedPrecondition:
// it waits for no word.
//
// Thread contract: that of the store given.
#pragma once

#include <string>

#include "base/status.h"
#include "base/trigger.h"
#include "store/state_store.h"

namespace revertd {

StatusOr<RollbackTrigger> FindTrigger(const StateStore& store, const std::string& id);
// `text`: by whom.
StatusOr<InboxMessage> ApproveMessage(const StateStore& store, const std::string& id, const std::string& text);
// `text`: why.
StatusOr<InboxMessage> DismissMessage(const StateStore& store, const std::string& id, const std::string& text);

}  // namespace revertd
