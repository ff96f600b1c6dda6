// What every door of post-mortem records does, `revertd incident` and the HTTP API: it checks what a person says and
// makes the command that it leaves the executor. NotFound: there is no such record; FailedPrecondition: it is closed,
// or cannot be closed yet; InvalidArgument: no question or no answer.
//
// Thread contract: that of the store given.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "store/executor_store.h"

namespace revertd {

StatusOr<Incident> FindIncident(const ExecutorStore& store, const std::string& id);

struct IncidentAnswer {
  std::string id;
  std::string question;
  std::string text;
  std::string author;
};
StatusOr<ExecutorCommand> AnswerCommand(const ExecutorStore& store, const IncidentAnswer& answer);

// Questions that neither the record nor an answer on its way to the executor answers; FailedPrecondition: it is closed.
StatusOr<std::vector<std::string>> QuestionsStillOpen(const ExecutorStore& store, const std::string& id);
// Of a record whose questions are all answered; the executor asks again.
ExecutorCommand CloseCommand(const std::string& id, const std::string& author);

}  // namespace revertd
