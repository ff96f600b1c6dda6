// What happened and why, in words for a tired person: a pure function of the facts.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/deploy.h"
#include "base/trigger.h"
#include "base/verdict.h"
#include "store/executor_store.h"

namespace revertd {

struct ExplainFacts {
  std::optional<Deploy> deploy;   // the judged one; absent for a person's own rollback
  std::vector<Verdict> verdicts;  // of it, oldest first
  std::vector<Decision> decisions;
  std::optional<RollbackTrigger> trigger;
  std::vector<JournalRow> journal;  // of the trigger
  std::optional<Recovery> recovery;
  std::vector<std::string> services_untouched;  // without a trigger since the deploy
};

std::string ExplainText(const ExplainFacts& facts);

}  // namespace revertd
