// StepWatch: looks at one promoted step: the detector's verdict, the service's health checks, the step's conditions.
//
// Thread contract: the runner's. Health checks and conditions are asked beside it; none of them is waited for, but at
// destruction, at most a check's timeout.
#pragma once

#include <functional>
#include <future>
#include <optional>
#include <string>
#include <vector>

#include "actions/release/guard_judge.h"
#include "actions/release/release_tools.h"
#include "base/health.h"

namespace revertd {

// Asks one check of a service once, and waits for its answer. Called on other threads.
using AskHealth = std::function<HealthResult(const std::string& service, const HealthCheckConfig& check, TimeNs now)>;
// Over the network.
AskHealth AskHealthForReal();

// Of the verdict that regressed; without a signal: there is none.
StatusOr<Evidence> ReadEvidence(const StateStore& state, const ReleaseStep& step, const Promotion& promotion);

class StepWatch {
 public:
  // The verdict's rows are read so often at most.
  static constexpr DurationNs kReadEvery = kSecondNs;

  // What other doors told of a deploy may be as much earlier than our own word.
  static constexpr DurationNs kToldEarlier = kMinuteNs;

  // Every deploy of the service since the promotion is looked at, whoever told of it: while a release answers for the
  // service, nobody else does. deployed_ns: when production began to run it; failures of health checks count from
  // detect.stabilise later on.
  StepWatch(const ReleaseTools& tools, AskHealth ask_health, const ReleaseStep& step, const Promotion& promotion,
            TimeNs deployed_ns);
  ~StepWatch();
  StepWatch(const StepWatch&) = delete;
  StepWatch& operator=(const StepWatch&) = delete;

  StatusOr<WindowFacts> Look();
  TimeNs deployed_ns() const { return deployed_ns_; }
  // Of the last Look; nullptr: there is none.
  const Verdict* verdict() const { return verdict_ ? &*verdict_ : nullptr; }

 private:
  struct Check {
    const HealthCheckConfig* config;
    std::future<HealthResult> asked = {};
    std::optional<HealthResult> last = {};
    TimeNs next_ns = 0;
    int64_t failures = 0;  // one after the other
  };
  struct Condition {
    const ReleaseCondition* config;
    ConditionFacts facts;
    TimeNs next_ns = 0;
  };
  void AskChecks(TimeNs now, WindowFacts* facts);
  void AskConditions(TimeNs now, WindowFacts* facts);

  const ReleaseTools& tools_;
  const AskHealth ask_health_;
  const ReleaseStep& step_;
  const Promotion promotion_;
  const TimeNs deployed_ns_;
  const bool asks_verdict_;
  std::vector<Check> checks_;
  std::vector<Condition> conditions_;
  bool deploy_is_known_ = false;
  std::optional<Verdict> verdict_;
  TimeNs next_read_ns_ = 0;
};

}  // namespace revertd
