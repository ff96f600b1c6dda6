// What happened and why, in words for a tired person: a pure function of the facts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/deploy.h"
#include "base/trigger.h"
#include "base/verdict.h"
#include "daemon/sparkline.h"
#include "store/executor_store.h"

namespace revertd {

// What a door was told: a push, a review, a test's result.
struct ToldMoment {
  TimeNs at_ns = 0;
  std::string kind;
  std::string state;
  std::string title;
  std::string author;
  std::string url;
};

// An error that the verdict names, as the store keeps it: what went wrong, then where, in a line each.
struct ErrorSampleText {
  uint64_t fingerprint = 0;
  std::vector<std::string> lines = {};
};

struct ExplainFacts {
  std::optional<Deploy> deploy;   // the judged one; absent for a person's own rollback
  std::vector<Verdict> verdicts;  // of it, oldest first
  std::vector<Decision> decisions;
  std::optional<RollbackTrigger> trigger;
  std::vector<JournalRow> journal;  // of the trigger
  std::optional<Recovery> recovery;
  std::vector<std::string> services_untouched;  // without a trigger since the deploy
  MinuteRates minutes_before;                   // of the first evidence's kind, up to the deploy's finish
  MinuteRates minutes_after;
  std::vector<ToldMoment> told = {};          // of the deploy's revision, oldest first
  std::vector<ErrorSampleText> samples = {};  // of the errors that ErrorsOf answers
};

// The evidence that is told of: the trigger's, else the newest verdict's; nullptr: none yet.
const Evidence* EvidenceOf(const ExplainFacts& facts);

// The errors that are told of: those of the newest verdict that names any; nullptr: none.
const std::vector<NamedError>* ErrorsOf(const ExplainFacts& facts);
// Of them, the sample of so many of the first is shown.
inline constexpr size_t kSamplesMax = 3;

// Of the moments told, so many of the newest are shown: what led to a deploy fits on a screen.
inline constexpr size_t kToldMax = 20;

std::string ExplainText(const ExplainFacts& facts);

}  // namespace revertd
