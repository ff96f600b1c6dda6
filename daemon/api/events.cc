// Everything that happened, as a list and as a stream (server-sent events, WHATWG HTML 9.2).
#include <algorithm>
#include <memory>

#include "base/strings.h"
#include "daemon/api/handlers.h"
#include "daemon/api/reply.h"

namespace revertd {
namespace {

constexpr int kListDefault = 100;
constexpr int kListMax = 1000;
constexpr int kStreamAtOnce = 100;                  // events of one piece of the stream
constexpr DurationNs kSignOfLife = 15 * kSecondNs;  // proxies close what is silent for longer

// What is asked for: all, or those of one service, one deploy, one kind.
struct EventFilter {
  std::string service;
  std::string deploy;
  std::string kind;

  bool Takes(const Event& event) const {
    return (service.empty() || event.service == service) && (deploy.empty() || event.deploy_id == deploy) &&
           (kind.empty() || event.kind == kind);
  }
};

EventFilter FilterOf(const HttpCall& call) {
  return {std::string(call.Query("service")), std::string(call.Query("deploy")), std::string(call.Query("kind"))};
}

StatusOr<int64_t> NumberOr(std::string_view name, std::string_view text, int64_t otherwise, int64_t most) {
  if (text.empty()) return otherwise;
  const auto number = ParseUnsigned(text);
  if (!number || *number > static_cast<uint64_t>(most)) {
    return InvalidArgument(std::string(name) + ": a whole number up to " + std::to_string(most) + " expected");
  }
  return static_cast<int64_t>(*number);
}

StatusOr<int64_t> FirstOfStream(const ApiContext& context, const HttpCall& call) {
  const std::string_view seen = call.Header("last-event-id");
  const std::string_view after = seen.empty() ? call.Query("after") : seen;
  if (after.empty()) return context.state().ReadNewestEventId();
  return NumberOr("after", after, 0, INT64_MAX);
}

std::string AsServerSent(const Event& event) {
  return "id: " + std::to_string(event.id) + "\nevent: " + event.kind + "\ndata: " + event.text + "\n\n";
}

// One subscriber's place in the events.
class Stream {
 public:
  Stream(ApiContext& context, EventFilter filter, int64_t after)
      : context_(context), filter_(std::move(filter)), after_(after), said_at_(context.Now()) {}

  std::string Next() {
    const TimeNs now = context_.Now();
    std::string text = std::exchange(opened_, true) ? "" : ": revertd\n\n";
    const auto events = context_.state().ReadEventsAfter(after_, kStreamAtOnce);
    if (events.ok()) {  // what cannot be read now is read when the state answers again
      for (const Event& event : *events) {
        after_ = event.id;
        if (filter_.Takes(event)) text += AsServerSent(event);
      }
    }
    if (text.empty() && now - said_at_ >= kSignOfLife) text = ":\n\n";
    if (!text.empty()) said_at_ = now;
    return text;
  }

 private:
  ApiContext& context_;
  const EventFilter filter_;
  int64_t after_;
  TimeNs said_at_;
  bool opened_ = false;
};

}  // namespace

HttpAnswer ListEvents(ApiContext& context, const HttpCall& call, const PathWords& /*words*/) {
  const auto after = NumberOr("after", call.Query("after"), 0, INT64_MAX);
  if (!after.ok()) return StatusReply(after.status());
  const auto limit = NumberOr("limit", call.Query("limit"), kListDefault, kListMax);
  if (!limit.ok()) return StatusReply(limit.status());
  const auto events = context.state().ReadEventsAfter(*after, static_cast<int>(*limit));
  if (!events.ok()) return StatusReply(events.status());
  const EventFilter filter = FilterOf(call);
  JsonWriter json;
  json.BeginObject().Key("events").BeginArray();
  for (const Event& event : *events) {
    if (!filter.Takes(event)) continue;
    json.BeginObject().Field("id", event.id).Key("event").Raw(event.text).EndObject();
  }
  // Where to go on, also where the filter took none of them.
  json.EndArray().Field("next_after", events->empty() ? *after : events->back().id);
  return JsonReply(json.EndObject().Take());
}

HttpAnswer StreamEvents(ApiContext& context, const HttpCall& call, const PathWords& /*words*/) {
  const auto after = FirstOfStream(context, call);
  if (!after.ok()) return StatusReply(after.status());
  auto stream = std::make_shared<Stream>(context, FilterOf(call), *after);
  return HttpStream{.content_type = "text/event-stream", .next = [stream] { return stream->Next(); }};
}

}  // namespace revertd
