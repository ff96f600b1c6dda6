// HealthQuestion: one configured check with the one who asks it; and all of them asked once, for `revertd health`.
//
// Thread contract: a question is asked by one thread at a time, whichever; questions know nothing of each other.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/health.h"
#include "base/status.h"
#include "config/config.h"

namespace revertd {

// Servers that hang hold up so many others at most; each is a thread, asleep most of the time.
inline constexpr size_t kHealthWorkersMax = 8;

struct HealthQuestion {
  std::string service;
  std::string check;
  DurationNs every = 0;
  std::function<HealthResult(TimeNs now)> ask = {};  // bounded by the check's timeout
};

// Every check of the configuration, in its order; of one service alone where it is named. InvalidArgument: a check that
// cannot be asked as it is written.
StatusOr<std::vector<HealthQuestion>> OpenHealthQuestions(const Config& config, std::string_view service = "");

// Asks each once, kHealthWorkersMax at the same time; their results in the questions' order.
std::vector<HealthResult> AskAll(const std::vector<HealthQuestion>& questions, const Clock& clock);

}  // namespace revertd
