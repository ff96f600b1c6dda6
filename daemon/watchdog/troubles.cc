#include "daemon/watchdog/troubles.h"

#include <set>

#include "base/time_format.h"
#include "daemon/doors/json_body.h"

namespace revertd {

std::string LengthText(DurationNs duration) {
  const DurationNs unit = duration < 10 * kSecondNs ? kMillisecondNs : kSecondNs;
  return FormatDuration(duration / unit * unit);
}

std::string TitleOf(const Trouble& trouble) {
  return trouble.subject.empty() ? trouble.name : trouble.name + " (" + trouble.subject + ")";
}

Event EventOf(const Trouble& trouble) {
  const bool has_ended = trouble.ended_ns != 0;
  Event event;
  event.at_ns = has_ended ? trouble.ended_ns : trouble.since_ns;
  event.kind = "trouble";
  JsonWriter json;
  json.BeginObject().Field("event", event.kind).Field("time_ns", event.at_ns).Field("service", "").Field("deploy", "");
  json.Field("trouble", trouble.name).Field("subject", trouble.subject).Field("state", has_ended ? "ended" : "began");
  json.Field("since_ns", trouble.since_ns).Field("words", trouble.words);
  event.text = json.EndObject().Take();
  return event;
}

void AppendTroubles(JsonWriter& json, const std::vector<Trouble>& troubles) {
  json.BeginArray();
  for (const Trouble& trouble : troubles) {
    json.BeginObject().Field("trouble", trouble.name).Field("subject", trouble.subject).Field("words", trouble.words);
    json.Field("since_ns", trouble.since_ns);
    if (trouble.ended_ns != 0) json.Field("ended_ns", trouble.ended_ns);
    json.EndObject();
  }
  json.EndArray();
}

std::string NamesOf(const std::vector<Trouble>& standing) {
  std::string reason;
  std::set<std::string_view> named;
  for (const Trouble& trouble : standing) {
    if (!named.insert(trouble.name).second) continue;
    reason += reason.empty() ? "" : ",";
    reason += trouble.name;
  }
  return reason;
}

std::string EncodeTroubles(const std::vector<Trouble>& troubles) {
  JsonWriter json;
  AppendTroubles(json.BeginObject().Key("troubles"), troubles);
  return json.EndObject().Take();
}

StatusOr<std::vector<Trouble>> DecodeTroubles(std::string_view note) {
  const JsonBody body(note);
  if (!body.status().ok()) return Annotate(body.status(), "reading the troubles");
  std::vector<Trouble> troubles;
  for (const JsonField& item : body.root()["troubles"].Items()) {
    troubles.push_back({.name = item["trouble"].Text(),
                        .subject = item["subject"].Text(),
                        .words = item["words"].Text(),
                        .since_ns = item["since_ns"].Integer(),
                        .ended_ns = item["ended_ns"].Integer()});
  }
  return troubles;
}

}  // namespace revertd
