#include "daemon/doors/told.h"

#include <utility>

#include "base/check.h"
#include "base/json_writer.h"

namespace revertd {
namespace {

// What a page shows in a line; who wants more follows the URL.
constexpr size_t kTextBytesMax = 200;
constexpr size_t kUrlBytesMax = 2'000;  // what browsers and servers bear

// At most `bytes` of it, and no half of a UTF-8 character at the end.
std::string_view Cut(std::string_view text, size_t bytes) {
  if (text.size() <= bytes) return text;
  size_t end = bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end);
}

}  // namespace

std::string_view NameOf(ToldKind kind) {
  switch (kind) {
    case ToldKind::kPing: return "ping";
    case ToldKind::kPush: return "push";
    case ToldKind::kMerge: return "merge";
    case ToldKind::kReview: return "review";
    case ToldKind::kCheck: return "check";
    case ToldKind::kPipeline: return "pipeline";
    case ToldKind::kDeployment: return "deployment";
    case ToldKind::kRelease: return "release";
    case ToldKind::kOther: return "other";
  }
  REVERTD_CHECK(false);
}

std::string EventText(const Told& told) {
  JsonWriter json;
  json.BeginObject().Field("event", NameOf(told.kind));
  if (told.at_ns != 0) json.Field("time_ns", told.at_ns);
  const std::pair<std::string_view, std::string_view> texts[] = {
      {"source", told.source},           {"action", told.action},   {"state", told.state},
      {"repository", told.repository},   {"branch", told.branch},   {"tag", told.tag},
      {"commit", told.commit},           {"base", told.base},       {"name", told.name},
      {"environment", told.environment}, {"version", told.version}, {"title", told.title},
      {"author", told.author},
  };
  for (const auto& [key, text] : texts) {
    if (!text.empty()) json.Field(key, Cut(text, kTextBytesMax));
  }
  if (told.is_forced) json.Field("forced", true);
  if (told.number != 0) json.Field("number", told.number);
  if (told.started_ns != 0) json.Field("start_ns", told.started_ns);
  if (told.finished_ns != 0) json.Field("finish_ns", told.finished_ns);
  if (!told.url.empty()) json.Field("url", Cut(told.url, kUrlBytesMax));
  return json.EndObject().Take();
}

}  // namespace revertd
