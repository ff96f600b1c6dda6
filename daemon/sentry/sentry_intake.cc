#include "daemon/sentry/sentry_intake.h"

#include <array>
#include <utility>

namespace revertd {

SentryIntake::SentryIntake(const Config& config, std::function<void()> wait_for_room)
    : services_(config),
      wait_for_room_(std::move(wait_for_room)),
      inbox_(static_cast<size_t>(config.sentry->queue_events_max)) {}

bool SentryIntake::Take(std::vector<ErrorEvent> events, std::vector<SessionCounts> sessions) {
  std::array<uint64_t, kErrorLevelCount> levels{};
  uint64_t below_evidence = 0;
  uint64_t unnamed = 0;
  uint64_t other_environment = 0;
  const auto is_judged = [&](const std::string& service, const std::string& environment) {
    unnamed += service.empty() ? 1U : 0U;
    const bool is_other = !services_.TakesEnvironment(service, environment);
    other_environment += is_other ? 1U : 0U;
    return !service.empty() && !is_other;
  };
  uint64_t begun = 0;
  std::vector<ErrorEvent> kept_events;
  for (ErrorEvent& event : events) {
    ++levels[static_cast<size_t>(event.level)];
    event.service =
        services_.ServiceOf({.project = event.project, .server_name = event.server_name, .tag = event.service_tag});
    below_evidence += event.level < kEvidenceLevel ? 1U : 0U;
    if (is_judged(event.service, event.environment)) kept_events.push_back(std::move(event));
  }
  std::vector<SessionCounts> kept_sessions;
  for (SessionCounts& counts : sessions) {
    begun += static_cast<uint64_t>(counts.sessions);
    counts.service = services_.ServiceOf({.project = counts.project});
    if (is_judged(counts.service, counts.environment)) kept_sessions.push_back(std::move(counts));
  }
  const size_t kept = kept_events.size() + kept_sessions.size();
  if (kept > 0 && !inbox_.Post(std::move(kept_events), std::move(kept_sessions))) {
    CountSome(counters_.queue_refused, kept);
    return false;
  }
  for (size_t i = 0; i < levels.size(); ++i) CountSome(counters_.events[i], levels[i]);
  CountSome(counters_.below_evidence, below_evidence);
  CountSome(counters_.unnamed, unnamed);
  CountSome(counters_.other_environment, other_environment);
  CountSome(counters_.sessions, begun);
  return true;
}

bool SentryIntake::OnErrorEvent(ErrorEvent event) {
  if (wait_for_room_ && inbox_.is_full()) wait_for_room_();
  std::vector<ErrorEvent> events;
  events.push_back(std::move(event));
  if (!Take(std::move(events), {})) return false;
  CountOne(counters_.lines);
  return true;
}

}  // namespace revertd
