#include "daemon/sentry/sentry_door.h"

#include <algorithm>
#include <utility>

#include "base/digest.h"
#include "daemon/sentry/sentry_reply.h"
#include "ingest/sentry/content_coding.h"
#include "ingest/sentry/sentry_auth.h"

namespace revertd {
namespace {

constexpr size_t kEventIdDigits = 32;

SentryAuth AuthOf(const HttpCall& call, std::string_view envelope_dsn) {
  return SentryAuthOf(call.Header("x-sentry-auth"), call.Header("authorization"), call.Query("sentry_key"),
                      call.Query("sentry_client"), envelope_dsn);
}

// As Sentry answers; SDKs know no others.
int StatusOf(SentryAnswer answer) {
  switch (answer) {
    case SentryAnswer::kTaken: return 200;
    case SentryAnswer::kKeyMissing: return 401;
    case SentryAnswer::kKeyWrong: return 403;
    case SentryAnswer::kUnknownProject: return 404;
    case SentryAnswer::kTooLarge: return 413;
    case SentryAnswer::kQueueFull: return 429;
    case SentryAnswer::kUnreadable:
    case SentryAnswer::kCount: break;
  }
  return 400;
}

// Of a body that was not decoded or not read.
SentryAnswer AnswerOf(const Status& status) {
  return status.code() == absl::StatusCode::kFailedPrecondition ? SentryAnswer::kTooLarge : SentryAnswer::kUnreadable;
}

std::string IdMadeOf(std::string_view text) { return Sha256Hex(text).substr(0, kEventIdDigits); }

// As Sentry gives an id to an event that has none. Made of the body, it is the same where the event is sent again.
void GiveIds(std::string_view body, SentryReport* report) {
  std::string made_id = report->events.size() == 1 ? report->event_id : std::string();
  for (ErrorEvent& event : report->events) {
    if (!event.event_id.empty()) continue;
    if (made_id.empty()) made_id = IdMadeOf(body);
    event.event_id = made_id;
    made_id = IdMadeOf(made_id);  // of the next one
  }
  if (!report->event_id.empty()) return;
  if (!report->events.empty()) report->event_id = report->events.front().event_id;
  if (report->events.empty() && !report->transactions.empty()) report->event_id = IdMadeOf(body);
}

// Sessions have no id that is told each time: they are known by the bytes that they came in.
std::string SessionsIdOf(std::string_view body, std::string_view project) {
  return "sessions of " + std::string(project) + " " + Sha256Hex(body);
}

}  // namespace

SentryDoor::SentryDoor(const SentryConfig& config, SentryIntake* intake, SentryTee* tee, const Clock* clock)
    : config_(config), intake_(intake), tee_(tee), clock_(clock) {}

SentryReadOptions SentryDoor::ReadOptions() const {
  return {.service_tag = config_.service_tag,
          .received_ns = clock_->Now(),
          .decoded_bytes_max = static_cast<size_t>(config_.decoded_bytes_max)};
}

HttpReply SentryDoor::Refuse(SentryAnswer answer, std::string_view words) {
  Answered(answer);
  return SentryRefusal(StatusOf(answer), words);
}

std::optional<HttpReply> SentryDoor::WhyNotProved(std::string_view project, std::string_view key) {
  if (key.empty()) return Refuse(SentryAnswer::kKeyMissing, "missing authorization information: the DSN's public key");
  const std::string_view ours = services().KeyOf(project);
  if (ours.empty() || EqualInConstantTime(ours, key)) return std::nullopt;
  return Refuse(SentryAnswer::kKeyWrong, "event submission rejected: the key is not this project's");
}

HttpReply SentryDoor::Take(SentryEndpoint endpoint, std::string_view project, const HttpCall& call) {
  if (!services().TakesProject(project)) {
    return Refuse(SentryAnswer::kUnknownProject, "no such project: none is configured, and no service is called so");
  }
  // Who tells a key at all is proved before anything is decoded for them.
  SentryAuth auth = AuthOf(call, "");
  const bool may_stand_inside = auth.key.empty() && endpoint == SentryEndpoint::kEnvelope;
  if (!may_stand_inside) {
    if (auto refusal = WhyNotProved(project, auth.key)) return *std::move(refusal);
  }
  const auto body =
      DecodeBody(call.Header("content-encoding"), call.body, static_cast<size_t>(config_.decoded_bytes_max));
  if (!body.ok()) return Refuse(AnswerOf(body.status()), MessageOf(body.status()));
  if (may_stand_inside) {
    auth = AuthOf(call, EnvelopeDsn(*body));
    if (auto refusal = WhyNotProved(project, auth.key)) return *std::move(refusal);
  }
  if (tee_ != nullptr) tee_->Offer(project, endpoint, call, auth.client, *body);
  auto report = endpoint == SentryEndpoint::kEnvelope ? ReadEnvelope(*body, project, ReadOptions())
                                                      : ReadStoreBody(*body, project, ReadOptions());
  if (!report.ok()) return Refuse(AnswerOf(report.status()), MessageOf(report.status()));
  GiveIds(*body, &*report);
  return TakeReport(*std::move(report), project, *body);
}

HttpReply SentryDoor::TakeReport(SentryReport report, std::string_view project, std::string_view body) {
  const std::string sessions_id = report.sessions.empty() ? std::string() : SessionsIdOf(body, project);
  if (!TakeNew(std::move(report.events), std::move(report.sessions), sessions_id)) {
    Answered(SentryAnswer::kQueueFull);
    return SentryWait(kWait);
  }
  Count(report, project);
  Answered(SentryAnswer::kTaken);
  return SentryTaken(report.event_id);
}

bool SentryDoor::TakeNew(std::vector<ErrorEvent> events, std::vector<SessionCounts> sessions,
                         const std::string& sessions_id) {
  const TimeNs now = clock_->Now();
  uint64_t repeated = 0;
  std::vector<std::string> ids;
  std::vector<ErrorEvent> fresh;
  for (ErrorEvent& event : events) {
    if (recent_.Has(event.event_id)) {
      ++repeated;
      continue;
    }
    // What a clock that is ahead tells of happened by now.
    if (event.at_ns == 0 || event.at_ns > now) event.at_ns = now;
    ids.push_back(event.event_id);
    fresh.push_back(std::move(event));
  }
  if (recent_.Has(sessions_id)) {
    repeated += sessions.size();
    sessions.clear();
  }
  for (SessionCounts& counts : sessions) counts.at_ns = std::min(counts.at_ns, now);
  ids.push_back(sessions_id);
  if (!intake_->Take(std::move(fresh), std::move(sessions))) return false;
  CountSome(counters().repeated, repeated);
  for (const std::string& id : ids) recent_.Add(id);
  return true;
}

void SentryDoor::Count(const SentryReport& report, std::string_view project) {
  for (size_t i = 0; i < report.items.size(); ++i) CountSome(counters().items[i], report.items[i]);
  CountSome(counters().sdk_discarded, report.sdk_discarded);
  for (const TransactionTime& time : report.transactions) {
    if (!transactions_.Record(project, time.name, time.duration_ns)) CountOne(counters().transactions_left_out);
  }
}

bool SentryDoor::TakeHookEvent(const ErrorEvent& event) { return TakeNew({event}, {}, ""); }

}  // namespace revertd
