// SentryDoor: what SDKs of an error tracker send over HTTP, as Sentry would take it: proved by the DSN's key, decoded,
// read, counted, handed to analysis, and sent on where that is asked for.
//
// An event is known by its id, or by the body of a request that tells none, and sessions by their request's body: what
// an SDK sends again, or a webhook tells once more, counts once.
//
// Thread contract: the HTTP server's thread alone. While the queue is full callers are asked to wait (429).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error_event.h"
#include "config/config.h"
#include "daemon/http/http_call.h"
#include "daemon/sentry/recent_ids.h"
#include "daemon/sentry/sentry_intake.h"
#include "daemon/sentry/sentry_tee.h"
#include "daemon/sentry/transaction_table.h"
#include "ingest/sentry/sentry_body.h"

namespace revertd {

class SentryDoor {
 public:
  static constexpr size_t kRecentIdsMax = 10'000;
  // Analysis takes all that waits every second: who comes again by then finds room, if there is any to be had.
  static constexpr DurationNs kWait = 10 * kSecondNs;

  // All that is passed outlives the door; `tee` may be null. Needs config.sentry.
  SentryDoor(const SentryConfig& config, SentryIntake* intake, SentryTee* tee, const Clock* clock);

  size_t body_bytes_max() const { return static_cast<size_t>(config_.body_bytes_max); }
  // A request to /api/PROJECT/ENDPOINT/, its body as it came.
  HttpReply Take(SentryEndpoint endpoint, std::string_view project, const HttpCall& call);
  // Of a webhook; false: the queue is full.
  bool TakeHookEvent(const ErrorEvent& event);

  SentryReadOptions ReadOptions() const;
  const ErrorServices& services() const { return intake_->services(); }
  SentryCounters& counters() const { return intake_->counters(); }
  const TransactionTable& transactions() const { return transactions_; }

 private:
  HttpReply Refuse(SentryAnswer answer, std::string_view words);
  void Answered(SentryAnswer answer) { CountOne(counters().requests[static_cast<size_t>(answer)]); }
  // nullopt: it may be taken.
  std::optional<HttpReply> WhyNotProved(std::string_view project, std::string_view key);
  HttpReply TakeReport(SentryReport report, std::string_view project, std::string_view body);
  // Nothing is kept of what finds no room. `sessions_id`: by which they are known when they come again; empty: none.
  bool TakeNew(std::vector<ErrorEvent> events, std::vector<SessionCounts> sessions, const std::string& sessions_id);
  void Count(const SentryReport& report, std::string_view project);

  const SentryConfig& config_;
  SentryIntake* const intake_;
  SentryTee* const tee_;
  const Clock* const clock_;
  RecentIds recent_{kRecentIdsMax};
  TransactionTable transactions_;
};

}  // namespace revertd
