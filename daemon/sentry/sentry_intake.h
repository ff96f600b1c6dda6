// SentryIntake: the one way in for error events and sessions, from wherever they come: it names their service, leaves
// out what nobody knows the service of, counts all of it, and puts the rest in the inbox for analysis.
//
// Thread contract: any thread. The configuration outlives it.
#pragma once

#include <functional>
#include <vector>

#include "base/error_event.h"
#include "config/config.h"
#include "daemon/sentry/error_inbox.h"
#include "daemon/sentry/error_services.h"
#include "daemon/sentry/sentry_counters.h"
#include "ingest/error_sink.h"

namespace revertd {

class SentryIntake final : public ErrorSink {
 public:
  // Needs config.sentry. `wait_for_room` is called by a source that finds the inbox full: what is read from a file must
  // not be lost for being read fast. Where there is room no sooner than it returns, the event is a counted drop.
  explicit SentryIntake(const Config& config, std::function<void()> wait_for_room = {});

  const ErrorServices& services() const { return services_; }
  ErrorInbox& inbox() { return inbox_; }
  SentryCounters& counters() { return counters_; }

  // false: the inbox is full, and nothing was taken or counted but that.
  bool Take(std::vector<ErrorEvent> events, std::vector<SessionCounts> sessions);

  // ErrorSink: of a source's lines.
  bool OnErrorEvent(ErrorEvent event) override;
  void OnRefusedLine() override { CountOne(counters_.lines_refused); }

 private:
  const ErrorServices services_;
  const std::function<void()> wait_for_room_;
  ErrorInbox inbox_;
  SentryCounters counters_;
};

}  // namespace revertd
