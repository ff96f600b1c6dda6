#include "actions/release/guard_judge.h"

#include <algorithm>

namespace revertd {
namespace {

std::optional<VerdictState> StateOf(const WindowFacts& facts) {
  if (!facts.asks_verdict || !facts.verdict) return std::nullopt;
  return facts.verdict->state;
}

// What keeps a window open although nothing is broken; nullopt: nothing does.
std::optional<TaskWaiting> WhyNotHealthy(const WindowFacts& facts) {
  for (const ConditionFacts& condition : facts.conditions) {
    if (condition.exit_code != 0) return TaskWaiting{"condition_unknown", condition.name + " " + condition.words};
  }
  if (!facts.health_unknown.empty()) return TaskWaiting{"health_unknown", facts.health_unknown};
  if (!facts.asks_verdict) return std::nullopt;
  if (!facts.deploy_is_known) return TaskWaiting{"deploy_not_seen", "the sidecar has not taken the deploy yet"};
  if (!facts.verdict) return TaskWaiting{"watching", "no verdict yet"};
  if (facts.verdict->state == VerdictState::kHealthy) return std::nullopt;
  return TaskWaiting{std::string(NameOf(facts.verdict->state)), facts.verdict->reason};
}

}  // namespace

std::string EvidenceLine(const Verdict& verdict) {
  if (verdict.evidence.empty()) return verdict.reason;
  const Evidence& first = verdict.evidence.front();
  std::string line = SubjectOf(first) + " " + RateText(first, first.before) + " -> " + RateText(first, first.after);
  line += ", " + std::to_string(first.x_after) + " of " + std::to_string(first.n_after);
  return line + (verdict.reason.empty() ? "" : " (" + verdict.reason + ")");
}

std::optional<Finished> BrokenBy(const WindowFacts& facts) {
  if (StateOf(facts) == VerdictState::kRegressed) return Finished{"regressed", EvidenceLine(*facts.verdict)};
  if (!facts.unhealthy.empty()) return Finished{"unhealthy", facts.unhealthy};
  for (const ConditionFacts& condition : facts.conditions) {
    if (condition.exit_code == 1) return Finished{"condition_failed", condition.name + " " + condition.words};
  }
  return std::nullopt;
}

TaskAnswer JudgeGuard(const GuardWindow& window, const WindowFacts& facts, TimeNs deployed_ns, bool waved_on,
                      TimeNs now) {
  if (auto broken = BrokenBy(facts)) return *std::move(broken);
  if (waved_on) return Finished{std::string(kDone), "a person said that it goes on"};
  // Two suspects, or an outage that all share: no machine's case, however much time is left.
  if (StateOf(facts) == VerdictState::kAmbiguous) {
    return TaskWaiting{"ambiguous", EvidenceLine(*facts.verdict), 0, true};
  }
  const TimeNs end = deployed_ns + window.max;
  std::optional<TaskWaiting> waiting = WhyNotHealthy(facts);
  if (!waiting) {
    if (now >= deployed_ns + window.min) return Finished{std::string(kDone), facts.asks_verdict ? "healthy" : ""};
    return TaskWaiting{"guard_window", "healthy so far", deployed_ns + window.min};
  }
  waiting->until_ns = end;
  // Nothing is decided by the clock before production was asked, as after a start long past the end; a person's word is
  // not held up by it.
  if (now < end || (!facts.is_answered && window.at_max != AtMax::kHold)) return *std::move(waiting);
  const std::string detail = waiting->why + (waiting->detail.empty() ? "" : ": " + waiting->detail);
  switch (window.at_max) {
    case AtMax::kProceed: return Finished{std::string(kDone), "undecided when the window ended: " + detail};
    case AtMax::kReverse: return Finished{"undecided", detail};
    case AtMax::kHold: break;
  }
  return TaskWaiting{"undecided", detail, 0, true};
}

}  // namespace revertd
