// The tables that records of rollbacks and of deploys share: what happened when, and on which evidence.
//
// Pure, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/deploy.h"
#include "base/verdict.h"

namespace revertd {

struct RecordMoment {
  TimeNs at_ns = 0;
  std::string what;  // Markdown of one line
};

// The start and the finish of a deploy, each change of its verdict, each decision.
std::vector<RecordMoment> DeployMoments(const std::optional<Deploy>& deploy, const std::vector<Verdict>& verdicts,
                                        const std::vector<Decision>& decisions);

// In order of time; of the same instant in the order given. Empty where there is none.
std::string TimelineTable(std::vector<RecordMoment> moments);

// A row for each. Empty where there is none.
std::string EvidenceTable(const std::vector<Evidence>& evidence);

// The errors that a verdict names, a row for each. Empty where there is none.
std::string ErrorsTable(const std::vector<NamedError>& errors);

}  // namespace revertd
