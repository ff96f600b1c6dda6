#include "ingest/sentry/json_text.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/strings.h"
#include "base/time_format.h"
#include "ingest/format/json_escapes.h"

namespace revertd {
namespace {

using simdjson::ondemand::json_type;

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr double kSecondsMax = 9e9;  // the year 2255; what TimeNs holds ends soon after

// The value's text up to the next comma or bracket, without the blanks before that.
std::string_view TokenOf(JsonValue& value) { return Trim(value.raw_json_token()); }

// As most texts are; they need no look at each character.
bool IsPrintableAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

TimeNs TimeOfText(std::string_view text) {
  text = Trim(text);
  if (const auto time = ParseTime(text)) return *time > 0 ? *time : 0;
  // Old SDKs write UTC without saying so.
  if (const auto time = ParseTime(std::string(text) + "Z")) return *time > 0 ? *time : 0;
  const auto seconds = ParseDouble(text);
  if (!seconds || *seconds <= 0 || *seconds > kSecondsMax) return 0;
  return static_cast<TimeNs>(std::llround(*seconds * 1e6)) * kMicrosecondNs;
}

}  // namespace

JsonText::JsonText(std::string_view json) {
  if (json.substr(0, kByteOrderMark.size()) == kByteOrderMark) json.remove_prefix(kByteOrderMark.size());
  bytes_.reserve(json.size() + simdjson::SIMDJSON_PADDING);
  bytes_ = json;
}

bool JsonText::Open(simdjson::ondemand::object* object) {
  if (!status_.ok()) return false;
  auto error = parser_.iterate(bytes_).get(document_);
  if (error != simdjson::SUCCESS && error != simdjson::EMPTY && !simdjson::validate_utf8(bytes_)) {
    bytes_ = WellFormedUtf8(bytes_);
    bytes_.reserve(bytes_.size() + simdjson::SIMDJSON_PADDING);
    error = parser_.iterate(bytes_).get(document_);
  }
  if (error == simdjson::SUCCESS) error = document_.get_object().get(*object);
  Complain(error);
  return error == simdjson::SUCCESS;
}

void JsonText::Complain(simdjson::error_code error) {
  if (error == simdjson::SUCCESS || !status_.ok()) return;
  status_ = InvalidArgument(error == simdjson::INCORRECT_TYPE
                                ? std::string("a JSON object expected")
                                : std::string("a JSON object expected: ") + simdjson::error_message(error));
}

std::string_view JsonText::KeyOf(simdjson::ondemand::field& field) {
  const char* const begin = field.key().raw();
  const char* end = begin;
  while (*end != '"') end += *end == '\\' ? 2 : 1;
  return {begin, static_cast<size_t>(end - begin)};
}

json_type JsonText::TypeOf(JsonValue& value) {
  json_type type = json_type::null;
  return value.type().get(type) == simdjson::SUCCESS ? type : json_type::null;
}

std::string_view RawTextOf(JsonValue& value) {
  const std::string_view token = TokenOf(value);
  if (token.size() < 2 || token.front() != '"' || token.back() != '"') return {};
  return token.substr(1, token.size() - 2);
}

std::string_view JsonText::Unescaped(std::string_view raw) {
  if (raw.find('\\') == std::string_view::npos) return raw;
  std::string& text = unescaped_.emplace_back(raw);
  text.resize(UndoJsonEscapes(text, text.data()));
  return text;
}

std::string_view JsonText::Text(JsonValue& value) { return Unescaped(RawTextOf(value)); }

std::string_view JsonText::ScalarText(JsonValue& value) {
  switch (TypeOf(value)) {
    case json_type::string: return Text(value);
    case json_type::number:
    case json_type::boolean: return TokenOf(value);
    case json_type::array:
    case json_type::object:
    case json_type::null: return {};
  }
  return {};
}

std::optional<bool> JsonText::Truth(JsonValue& value) {
  const std::string_view token = TokenOf(value);
  if (token == "true") return true;
  return token == "false" ? std::optional(false) : std::nullopt;
}

std::optional<int64_t> JsonText::Integer(JsonValue& value) {
  if (TypeOf(value) != json_type::number) return std::nullopt;
  const auto number = ParseDouble(TokenOf(value));
  constexpr double kExactMax = 9007199254740992;  // 2^53: up to here a double holds every integer
  if (!number || std::abs(*number) > kExactMax) return std::nullopt;
  return static_cast<int64_t>(*number);
}

TimeNs JsonText::Time(JsonValue& value) {
  const json_type type = TypeOf(value);
  if (type == json_type::number) return TimeOfText(TokenOf(value));
  return type == json_type::string ? TimeOfText(Text(value)) : 0;
}

std::string WellFormedUtf8(std::string_view text) {
  if (simdjson::validate_utf8(text)) return std::string(text);
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const size_t length = Utf8Length(text);
    out += length == 0 ? kReplacement : text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

std::string FieldText(std::string_view text, size_t bytes_max) {
  if (IsPrintableAscii(text)) return std::string(text.substr(0, bytes_max));
  std::string out;
  out.reserve(std::min(text.size(), bytes_max));
  while (!text.empty()) {
    const size_t length = Utf8Length(text);
    std::string_view piece = length == 0 ? kReplacement : text.substr(0, length);
    const bool control = piece.size() == 1 && (piece[0] < ' ' || piece[0] == '\x7F');
    const bool control_c1 = piece.size() == 2 && piece[0] == '\xC2' && piece[1] < '\xA0';
    if (control || control_c1) piece = " ";
    if (out.size() + piece.size() > bytes_max) break;
    out += piece;
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

}  // namespace revertd
