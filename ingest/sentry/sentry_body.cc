#include "ingest/sentry/sentry_body.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/strings.h"
#include "ingest/sentry/base64.h"
#include "ingest/sentry/content_coding.h"
#include "ingest/sentry/envelope.h"
#include "ingest/sentry/error_of.h"
#include "ingest/sentry/event_fields.h"
#include "ingest/sentry/session_items.h"

namespace revertd {
namespace {

constexpr size_t kItemsMax = 100;              // of an envelope that are read; SDKs send one to three
constexpr uint64_t kItemsCountedMax = 10'000;  // behind them that are counted
constexpr int64_t kDiscardedMax = 1'000'000'000;

DurationNs ShiftOf(TimeNs sent_ns, TimeNs received_ns) {
  if (sent_ns == 0 || received_ns == 0) return 0;
  const DurationNs shift = received_ns - sent_ns;
  return std::max(shift, -shift) > kSentryClockTolerance ? shift : 0;
}

SentryItem ItemNamed(std::string_view type) {
  static constexpr std::array<std::pair<std::string_view, SentryItem>, 7> kTypes = {
      {{"event", SentryItem::kEvent},
       {"transaction", SentryItem::kTransaction},
       {"session", SentryItem::kSession},
       {"sessions", SentryItem::kSession},
       {"client_report", SentryItem::kClientReport},
       {"check_in", SentryItem::kCheckIn},
       {"attachment", SentryItem::kAttachment}}};
  for (const auto& [name, item] : kTypes) {
    if (name == type) return item;
  }
  return SentryItem::kOther;
}

uint64_t ReadDiscarded(JsonText* json) {
  int64_t sum = 0;
  json->ForEachField([&](std::string_view key, JsonValue& value) {
    if (key != "discarded_events") return;
    json->ForEachItem(value, [&](JsonValue& item) {
      json->ForEachField(item, [&](std::string_view name, JsonValue& field) {
        if (name == "quantity") sum += std::clamp<int64_t>(JsonText::Integer(field).value_or(0), 0, kDiscardedMax);
      });
      return sum < kDiscardedMax;
    });
  });
  return static_cast<uint64_t>(sum);
}

// Reads the items of one request into its report.
class ItemReader {
 public:
  ItemReader(std::string_view project, const SentryReadOptions& options, DurationNs shift_ns)
      : project_(project), options_(options), shift_ns_(shift_ns) {}

  SentryReport report;

  void Read(std::string_view type, std::string_view payload) {
    const SentryItem item = ItemNamed(type);
    const bool read = item == SentryItem::kEvent || item == SentryItem::kTransaction || item == SentryItem::kSession ||
                      item == SentryItem::kClientReport;
    if (!read) return Count(item);
    JsonText json(payload);
    switch (item) {
      case SentryItem::kSession: return ReadSessions(type, &json);
      case SentryItem::kClientReport: {
        const uint64_t discarded = ReadDiscarded(&json);
        if (Accept(item, json)) report.sdk_discarded += discarded;
        return;
      }
      default: return ReadEvent(item, &json);
    }
  }

  void Refuse(std::string_view what, std::string_view why) {
    Count(SentryItem::kRefused);
    if (report.refusals.size() == kSentryRefusalsMax) return;
    report.refusals.push_back(std::string(what) + (what.empty() ? "" : ": ") + std::string(why));
  }

  void Count(SentryItem item) { ++report.items[static_cast<size_t>(item)]; }

 private:
  bool Accept(SentryItem item, const JsonText& json) {
    if (json.status().ok()) {
      Count(item);
      return true;
    }
    Refuse(NameOf(item), MessageOf(json.status()));
    return false;
  }

  void ReadEvent(SentryItem item, JsonText* json) {
    const EventFields fields = ReadEventFields(json);
    // /store/ takes transactions too, and says so inside.
    if (fields.kind == "transaction") item = SentryItem::kTransaction;
    if (!Accept(item, *json)) return;
    if (report.event_id.empty()) report.event_id = EventIdOf(fields.event_id);
    if (item == SentryItem::kTransaction) {
      report.transactions.push_back(TransactionOf(fields, shift_ns_));
    } else {
      report.events.push_back(ErrorOf(fields, project_, options_.service_tag, shift_ns_));
    }
  }

  void ReadSessions(std::string_view type, JsonText* json) {
    std::vector<SessionCounts> counts = type == "sessions" ? ReadSessionSums(json) : ReadSessionUpdate(json);
    if (!Accept(SentryItem::kSession, *json)) return;
    for (SessionCounts& session : counts) {
      session.project = FieldText(project_, kErrorTextMax);
      session.at_ns = ShiftedTime(session.at_ns, shift_ns_);
      report.sessions.push_back(std::move(session));
    }
  }

  std::string_view project_;
  const SentryReadOptions& options_;
  DurationNs shift_ns_;
};

}  // namespace

StatusOr<SentryReport> ReadEnvelope(std::string_view body, std::string_view project, const SentryReadOptions& options) {
  EnvelopeReader envelope(body);
  REVERTD_RETURN_IF_ERROR(envelope.ReadHeader());
  ItemReader reader(project, options, ShiftOf(envelope.sent_at(), options.received_ns));
  reader.report.event_id = EventIdOf(envelope.event_id());
  for (uint64_t count = 0; count < kItemsMax + kItemsCountedMax; ++count) {
    const std::optional<EnvelopeItem> item = envelope.Next();
    if (!item) break;
    if (!item->refusal.empty()) {
      reader.Refuse("", item->refusal);
    } else if (count >= kItemsMax) {
      reader.Refuse("", "more than " + std::to_string(kItemsMax) + " items");
    } else {
      reader.Read(item->type, item->payload);
    }
  }
  return std::move(reader.report);
}

StatusOr<SentryReport> ReadStoreBody(std::string_view body, std::string_view project,
                                     const SentryReadOptions& options) {
  body = Trim(body);
  std::string decoded;
  if (!body.empty() && body.front() != '{') {
    const std::optional<std::string> bytes = DecodeBase64(body);
    if (!bytes) return InvalidArgument("an event: neither JSON nor base64");
    StatusOr<std::string> json = DecodeBody("deflate", *bytes, options.decoded_bytes_max);
    if (!json.ok()) return Annotate(json.status(), "an event in base64");
    decoded = *std::move(json);
    body = decoded;
  }
  ItemReader reader(project, options, 0);
  reader.Read("event", body);
  if (reader.report.count(SentryItem::kRefused) > 0) return InvalidArgument(reader.report.refusals.front());
  return std::move(reader.report);
}

StatusOr<ErrorEvent> ReadSentryEvent(std::string_view json, std::string_view project,
                                     const SentryReadOptions& options) {
  JsonText text(json);
  const EventFields fields = ReadEventFields(&text);
  if (!text.status().ok()) return text.status();
  return ErrorOf(fields, project, options.service_tag, 0);
}

StatusOr<ErrorEvent> ReadSentryLine(std::string_view line, std::string_view project, const SentryReadOptions& options) {
  JsonText text(line);
  const EventFields fields = ReadWrappedEventFields(&text, "event");
  if (!text.status().ok()) return text.status();
  return ErrorOf(fields, project, options.service_tag, 0);
}

}  // namespace revertd
