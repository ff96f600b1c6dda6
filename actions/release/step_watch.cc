#include "actions/release/step_watch.h"

#include <chrono>
#include <utility>

#include "actions/health_probe.h"

namespace revertd {
namespace {

struct FoundVerdict {
  bool deploy_is_known = false;
  std::optional<Verdict> verdict;
};

// Which of two verdicts says more against the step.
int WeightOf(VerdictState state) {
  return state == VerdictState::kRegressed ? 2 : state == VerdictState::kAmbiguous ? 1 : 0;
}

// The worst of all deploys since; of equals the newest.
StatusOr<FoundVerdict> FindVerdict(const StateStore& state, const ReleaseStep& step, const Promotion& promotion) {
  const TimeNs since = promotion.start_ns - StepWatch::kToldEarlier;
  const auto deploys = state.ReadDeploys(since);
  if (!deploys.ok()) return deploys.status();
  FoundVerdict found;
  for (const Deploy& deploy : *deploys) {
    if (deploy.service != step.service || deploy.kind != DeployKind::kRelease || deploy.start_ns < since) continue;
    found.deploy_is_known = true;
    auto verdicts = state.ReadVerdicts(deploy.id);
    if (!verdicts.ok()) return verdicts.status();
    const int weight = verdicts->empty() ? 0 : WeightOf(verdicts->back().state);
    if (found.verdict && WeightOf(found.verdict->state) > weight) continue;
    found.verdict = verdicts->empty() ? std::nullopt : std::optional<Verdict>(std::move(verdicts->back()));
  }
  return found;
}

}  // namespace

StatusOr<Evidence> ReadEvidence(const StateStore& state, const ReleaseStep& step, const Promotion& promotion) {
  auto found = FindVerdict(state, step, promotion);
  if (!found.ok()) return found.status();
  if (!found->verdict || found->verdict->state != VerdictState::kRegressed) return Evidence{};
  return found->verdict->evidence.empty() ? Evidence{} : std::move(found->verdict->evidence.front());
}

AskHealth AskHealthForReal() {
  return [](const std::string& service, const HealthCheckConfig& check, TimeNs now) {
    auto probe = HealthProbe::Make(service, check, nullptr);
    if (probe.ok()) return (*probe)->Ask(now);
    return HealthResult{.service = service,
                        .check = check.name,
                        .level = HealthLevel::kUnknown,
                        .reason = "cannot_be_asked",
                        .detail = std::string(MessageOf(probe.status())),
                        .at_ns = now};
  };
}

StepWatch::StepWatch(const ReleaseTools& tools, AskHealth ask_health, const ReleaseStep& step,
                     const Promotion& promotion, TimeNs deployed_ns)
    : tools_(tools),
      ask_health_(std::move(ask_health)),
      step_(step),
      promotion_(promotion),
      deployed_ns_(deployed_ns),
      asks_verdict_(step.guard.verdict && !step.service.empty()) {
  if (const ServiceConfig* service = tools_.config->FindService(step_.service)) {
    for (const HealthCheckConfig& check : service->health.checks) {
      if (check.fatal) checks_.push_back({.config = &check});
    }
  }
  for (const ReleaseCondition& condition : step_.conditions) {
    conditions_.push_back({.config = &condition, .facts = {.name = condition.name}});
  }
}

StepWatch::~StepWatch() {
  for (Check& check : checks_) {
    if (check.asked.valid()) check.asked.wait();
  }
}

StatusOr<WindowFacts> StepWatch::Look() {
  const TimeNs now = tools_.clock->Now();
  WindowFacts facts;
  facts.asks_verdict = asks_verdict_;
  if (asks_verdict_ && IsDue(now, next_read_ns_, kReadEvery)) {
    auto found = FindVerdict(*tools_.state, step_, promotion_);
    if (!found.ok()) return found.status();
    deploy_is_known_ = found->deploy_is_known;
    verdict_ = std::move(found->verdict);
    next_read_ns_ = now + kReadEvery;
  }
  facts.deploy_is_known = deploy_is_known_;
  facts.verdict = verdict_;
  AskChecks(now, &facts);
  AskConditions(now, &facts);
  return facts;
}

void StepWatch::AskChecks(TimeNs now, WindowFacts* facts) {
  const bool counts = now >= deployed_ns_ + tools_.config->detect.stabilise;
  const int64_t needed = step_.service.empty() ? 0 : tools_.config->FindService(step_.service)->health.fatals_needed;
  for (Check& check : checks_) {
    if (check.asked.valid() && check.asked.wait_for(std::chrono::seconds(0)) == std::future_status::ready) {
      check.last = check.asked.get();
      const bool failed = check.last->level == HealthLevel::kFatal;
      check.failures = failed && counts ? check.failures + 1 : 0;
    }
    if (!check.asked.valid() && IsDue(now, check.next_ns, check.config->every)) {
      check.next_ns = now + check.config->every;
      check.asked = std::async(std::launch::async, ask_health_, step_.service, *check.config, now);
    }
    const std::string words =
        check.config->name + (check.last ? " " + check.last->reason + " " + check.last->detail : "");
    const bool well = check.last && (check.last->level == HealthLevel::kOk || check.last->level == HealthLevel::kWarn);
    if (check.failures >= needed && check.failures > 0 && facts->unhealthy.empty()) facts->unhealthy = words;
    if (!well && facts->health_unknown.empty()) facts->health_unknown = words;
    if (!check.last) facts->is_answered = false;
  }
}

void StepWatch::AskConditions(TimeNs now, WindowFacts* facts) {
  const CommandWords words = WordsOf(*tools_.file, step_, promotion_);
  for (Condition& condition : conditions_) {
    // The watch's own: what was asked before the step was undone says nothing of it now.
    const std::string key =
        step_.name + " condition " + condition.config->name + " since " + std::to_string(deployed_ns_);
    if (tools_.commands->IsRunning(key) || IsDue(now, condition.next_ns, condition.config->every)) {
      if (!tools_.commands->IsRunning(key)) condition.next_ns = now + condition.config->every;
      if (const auto result = tools_.commands->Run(key, condition.config->command, words)) {
        const bool answered = result->ok() && !(*result)->timed_out;
        condition.facts.exit_code = answered ? std::optional<int>((*result)->exit_code) : std::nullopt;
        condition.facts.words = result->ok() ? Outcome(**result) : std::string(MessageOf(result->status()));
      }
    }
    if (condition.facts.words.empty()) facts->is_answered = false;
    facts->conditions.push_back(condition.facts);
  }
}

}  // namespace revertd
