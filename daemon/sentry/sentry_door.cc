#include "daemon/sentry/sentry_door.h"

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

}  // namespace

SentryDoor::SentryDoor(const SentryConfig& config, SentryIntake* intake, SentryTee* tee, const Clock* clock)
    : config_(config), intake_(intake), tee_(tee), clock_(clock) {}

SentryReadOptions SentryDoor::ReadOptions() const {
  return {.service_tag = config_.service_tag, .received_ns = clock_->Now()};
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
  if (!body.ok()) {
    const bool is_unreadable = body.status().code() == absl::StatusCode::kInvalidArgument;
    return Refuse(is_unreadable ? SentryAnswer::kUnreadable : SentryAnswer::kTooLarge, MessageOf(body.status()));
  }
  if (may_stand_inside) {
    auth = AuthOf(call, EnvelopeDsn(*body));
    if (auto refusal = WhyNotProved(project, auth.key)) return *std::move(refusal);
  }
  if (tee_ != nullptr) tee_->Offer(project, endpoint, call, auth.client, *body);
  auto report = endpoint == SentryEndpoint::kEnvelope ? ReadEnvelope(*body, project, ReadOptions())
                                                      : ReadStoreBody(*body, project, ReadOptions());
  if (!report.ok()) return Refuse(SentryAnswer::kUnreadable, MessageOf(report.status()));
  // Sentry gives an id to an event that has none. Made of the body, it is the same where the event is sent again.
  const std::string made_id =
      endpoint == SentryEndpoint::kStore ? Sha256Hex(*body).substr(0, kEventIdDigits) : std::string();
  return TakeReport(*std::move(report), project, made_id);
}

HttpReply SentryDoor::TakeReport(SentryReport report, std::string_view project, std::string_view otherwise_id) {
  const std::string id = report.event_id.empty() ? std::string(otherwise_id) : report.event_id;
  if (!TakeNew(std::move(report.events), std::move(report.sessions))) {
    Answered(SentryAnswer::kQueueFull);
    return SentryWait(kWait);
  }
  Count(report, project);
  Answered(SentryAnswer::kTaken);
  return SentryTaken(id);
}

bool SentryDoor::TakeNew(std::vector<ErrorEvent> events, std::vector<SessionCounts> sessions) {
  const TimeNs now = clock_->Now();
  uint64_t repeated = 0;
  std::vector<std::string> ids;
  std::vector<ErrorEvent> fresh;
  for (ErrorEvent& event : events) {
    if (recent_.Has(event.event_id)) {
      ++repeated;
      continue;
    }
    if (event.at_ns == 0) event.at_ns = now;
    ids.push_back(event.event_id);
    fresh.push_back(std::move(event));
  }
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

bool SentryDoor::TakeHookEvent(const ErrorEvent& event) { return TakeNew({event}, {}); }

}  // namespace revertd
