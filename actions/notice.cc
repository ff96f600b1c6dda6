#include "actions/notice.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/digest.h"
#include "base/json_writer.h"
#include "base/strings.h"

namespace revertd {
namespace {

using Severity = Notice::Severity;
using simdjson::dom::element;

constexpr std::array<std::pair<Severity, std::string_view>, 3> kSeverities = {
    {{Severity::kInfo, "info"}, {Severity::kWarning, "warning"}, {Severity::kCritical, "critical"}}};

Status NotANotice(std::string_view why) { return InvalidArgument("not a notice: " + std::string(why)); }

// Leaves `out` as it is where the key is missing.
Status ReadText(const element& object, std::string_view key, std::string* out) {
  element value;
  if (object[key].get(value) != simdjson::SUCCESS) return OkStatus();
  std::string_view text;
  if (value.get_string().get(text) != simdjson::SUCCESS) return NotANotice(std::string(key) + " is no string");
  *out = text;
  return OkStatus();
}

Status ReadFacts(const element& object, std::vector<NoticeFact>* facts) {
  element value;
  if (object["facts"].get(value) != simdjson::SUCCESS) return OkStatus();
  simdjson::dom::array rows;
  if (value.get_array().get(rows) != simdjson::SUCCESS) return NotANotice("facts is no list");
  for (const element row : rows) {
    if (!row.is_object()) return NotANotice("a fact is no object");
    NoticeFact& fact = facts->emplace_back();
    REVERTD_RETURN_IF_ERROR(ReadText(row, "name", &fact.name));
    REVERTD_RETURN_IF_ERROR(ReadText(row, "value", &fact.value));
  }
  return OkStatus();
}

Status ReadSeverity(const element& object, Severity* severity) {
  std::string name(NameOf(*severity));
  REVERTD_RETURN_IF_ERROR(ReadText(object, "severity", &name));
  for (const auto& [known, known_name] : kSeverities) {
    if (known_name != name) continue;
    *severity = known;
    return OkStatus();
  }
  return NotANotice("severity \"" + name + "\"");
}

// Printable makes no text longer, and none shorter than half of it: what lies behind can never be shown, and whoever
// sends a name of a megabyte does not have us read it.
std::string Line(std::string_view text, size_t bytes_max) {
  return CutText(Printable(text.substr(0, 2 * bytes_max + 8)), bytes_max);
}

}  // namespace

std::string_view NameOf(Severity severity) {
  for (const auto& [known, name] : kSeverities) {
    if (known == severity) return name;
  }
  return "unknown";
}

std::string ToJson(const Notice& notice) {
  JsonWriter json;
  json.BeginObject().Field("key", notice.key).Field("event", notice.event).Field("service", notice.service);
  json.Field("severity", NameOf(notice.severity)).Field("resolves", notice.resolves);
  json.Field("summary", notice.summary).Key("facts").BeginArray();
  for (const NoticeFact& fact : notice.facts) {
    json.BeginObject().Field("name", fact.name).Field("value", fact.value).EndObject();
  }
  json.EndArray().Field("url", notice.url).Field("audit_head", notice.audit_head).Field("at_ns", notice.at_ns);
  return json.EndObject().Take();
}

StatusOr<Notice> NoticeFromJson(std::string_view json) {
  simdjson::dom::parser parser;
  element object;
  if (parser.parse(json.data(), json.size()).get(object) != simdjson::SUCCESS || !object.is_object()) {
    return NotANotice("no JSON object");
  }
  Notice notice;
  for (const auto& [key, text] : {std::pair("key", &notice.key), std::pair("event", &notice.event),
                                  std::pair("service", &notice.service), std::pair("summary", &notice.summary),
                                  std::pair("url", &notice.url), std::pair("audit_head", &notice.audit_head)}) {
    REVERTD_RETURN_IF_ERROR(ReadText(object, key, text));
  }
  REVERTD_RETURN_IF_ERROR(ReadSeverity(object, &notice.severity));
  REVERTD_RETURN_IF_ERROR(ReadFacts(object, &notice.facts));
  element value;
  if (object["resolves"].get(value) == simdjson::SUCCESS && value.get_bool().get(notice.resolves)) {
    return NotANotice("resolves is neither true nor false");
  }
  if (object["at_ns"].get(value) == simdjson::SUCCESS && value.get_int64().get(notice.at_ns)) {
    return NotANotice("at_ns is no whole number");
  }
  if (notice.key.empty() || notice.event.empty()) return NotANotice("key and event expected");
  return notice;
}

std::string CutText(std::string_view text, size_t bytes_max) {
  constexpr std::string_view kEllipsis = "...";
  if (text.size() <= bytes_max) return std::string(text);
  size_t end = 0;
  while (end < text.size()) {
    const size_t length = std::max<size_t>(1, Utf8Length(text.substr(end)));
    if (end + length + kEllipsis.size() > bytes_max) break;
    end += length;
  }
  return std::string(text.substr(0, end)) + std::string(kEllipsis);
}

bool IsLink(std::string_view url) {
  const auto may_stand = [](char c) {
    return c > ' ' && c < '\x7f' && std::string_view("\"<>\\^`{|}").find(c) == std::string_view::npos;
  };
  const size_t host = url.starts_with("https://") ? 8 : 7;
  return (host == 8 || url.starts_with("http://")) && url.size() > host && url[host] != '/' &&
         url.size() <= kNoticeUrlBytesMax && std::all_of(url.begin(), url.end(), may_stand);
}

Notice Bounded(Notice notice) {
  // Cut, two long keys could become one, and one of two incidents would never be told of.
  notice.key = notice.key.size() > kNoticeKeyBytesMax ? Sha256Hex(notice.key) : Printable(notice.key);
  notice.event = Line(notice.event, kNoticeNameBytesMax);
  notice.service = Line(notice.service, kNoticeServiceBytesMax);
  notice.summary = Line(notice.summary, kNoticeLineBytesMax);
  notice.audit_head = Line(notice.audit_head, kNoticeNameBytesMax);
  if (!IsLink(notice.url)) notice.url.clear();
  if (notice.facts.size() > kNoticeFactsMax) notice.facts.resize(kNoticeFactsMax);
  for (NoticeFact& fact : notice.facts) {
    fact.name = Line(fact.name.empty() ? "-" : fact.name, kNoticeNameBytesMax);
    fact.value = Line(Trim(fact.value).empty() ? "-" : fact.value, kNoticeLineBytesMax);
  }
  return notice;
}

}  // namespace revertd
