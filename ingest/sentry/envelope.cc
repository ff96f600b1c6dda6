#include "ingest/sentry/envelope.h"

#include <utility>

#include "ingest/sentry/json_text.h"

namespace revertd {

// Without its end.
std::string_view EnvelopeReader::TakeLine() {
  const size_t end = rest_.find('\n');
  std::string_view line = rest_.substr(0, end);
  rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

EnvelopeItem EnvelopeReader::Broken(std::string_view why) {
  rest_ = {};
  return {.type = "", .payload = {}, .refusal = std::string(why)};
}

Status EnvelopeReader::ReadHeader() {
  const std::string_view line = TakeLine();
  if (line.size() > kEnvelopeHeaderMax) return InvalidArgument("an envelope's header: longer than 64 KiB");
  JsonText json(line);
  json.ForEachField([&](std::string_view key, JsonValue& value) {
    if (key == "event_id") event_id_ = std::string(json.Text(value));
    if (key == "sent_at") sent_at_ = json.Time(value);
  });
  return Annotate(json.status(), "an envelope's header");
}

std::optional<EnvelopeItem> EnvelopeReader::Next() {
  while (!rest_.empty() && (rest_.front() == '\n' || rest_.front() == '\r')) rest_.remove_prefix(1);
  if (rest_.empty()) return std::nullopt;
  const std::string_view line = TakeLine();
  if (line.size() > kEnvelopeHeaderMax) return Broken("an item's header: longer than 64 KiB");
  EnvelopeItem item;
  std::optional<int64_t> length;
  JsonText json(line);
  json.ForEachField([&](std::string_view key, JsonValue& value) {
    if (key == "type") item.type = std::string(json.Text(value));
    if (key == "length") length = JsonText::Integer(value);
  });
  if (!json.status().ok()) return Broken("an item's header: " + std::string(MessageOf(json.status())));
  if (!length) {
    item.payload = TakeLine();
    return item;
  }
  if (*length < 0 || static_cast<size_t>(*length) > rest_.size()) return Broken("an item longer than the envelope");
  item.payload = rest_.substr(0, static_cast<size_t>(*length));
  rest_.remove_prefix(item.payload.size());
  // A line's end must follow, or the length was wrong and what follows is no header.
  if (rest_.substr(0, 2) == "\r\n") {
    rest_.remove_prefix(2);
  } else if (!rest_.empty() && rest_.front() == '\n') {
    rest_.remove_prefix(1);
  } else if (!rest_.empty()) {
    return Broken("an item that ends in the middle of a line");
  }
  return item;
}

}  // namespace revertd
