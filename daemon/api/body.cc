#include "daemon/api/body.h"

#include <simdjson.h>

#include <algorithm>
#include <optional>

#include "base/strings.h"

namespace revertd {
namespace {

using simdjson::ondemand::json_type;

constexpr size_t kNameShownMax = 60;

std::optional<std::string> TextOf(simdjson::ondemand::value value) {
  json_type type;
  if (value.type().get(type) != simdjson::SUCCESS) return std::nullopt;
  if (type == json_type::string) {
    std::string_view text;
    return value.get_string().get(text) == simdjson::SUCCESS ? std::optional(std::string(text)) : std::nullopt;
  }
  if (type == json_type::object || type == json_type::array) return std::nullopt;
  if (type == json_type::null) return value.is_null().error() ? std::nullopt : std::optional(std::string());
  if (type == json_type::number) {
    double number = 0;
    const std::string_view written = Trim(value.raw_json_token());
    return value.get_double().get(number) == simdjson::SUCCESS ? std::optional(std::string(written)) : std::nullopt;
  }
  bool truth = false;
  if (value.get_bool().get(truth) != simdjson::SUCCESS) return std::nullopt;
  return truth ? "true" : "false";
}

Status Unknown(std::string_view name, const std::vector<std::string_view>& known) {
  std::string words = "unknown member \"" + Printable(name.substr(0, kNameShownMax)) + "\"";
  if (const auto nearest = Nearest(name, known))
    return InvalidArgument(words + "; did you mean \"" + std::string(*nearest) + "\"?");
  if (known.empty()) return InvalidArgument(words + "; none is expected");
  return InvalidArgument(words + "; known are " + Join({known.begin(), known.end()}, ", "));
}

}  // namespace

const std::string& Body::operator[](std::string_view name) const {
  static const std::string none;
  const auto found = members_.find(name);
  return found == members_.end() ? none : found->second;
}

StatusOr<Body> ReadBody(std::string_view text, const std::vector<std::string_view>& known) {
  if (Trim(text).empty()) return Body();
  const simdjson::padded_string padded(text);
  simdjson::ondemand::parser parser;
  simdjson::ondemand::document document;
  simdjson::ondemand::object object;
  if (parser.iterate(padded).get(document) != simdjson::SUCCESS || document.get_object().get(object)) {
    return InvalidArgument("the body is no JSON object");
  }
  std::map<std::string, std::string, std::less<>> members;
  for (auto member : object) {
    std::string_view name;
    simdjson::ondemand::value value;
    if (member.unescaped_key().get(name) || member.value().get(value)) return InvalidArgument("the body is no JSON");
    const std::string owned(name);  // the value's text may stand where it stood
    if (std::find(known.begin(), known.end(), owned) == known.end()) return Unknown(owned, known);
    auto value_text = TextOf(value);
    if (!value_text) return InvalidArgument("member \"" + owned + "\": one string, number or truth expected");
    if (!members.emplace(owned, *std::move(value_text)).second) {
      return InvalidArgument("member \"" + owned + "\" stands twice");
    }
  }
  const char* rest = nullptr;
  if (document.current_location().get(rest) == simdjson::SUCCESS) {
    return InvalidArgument("something stands after the body's object");
  }
  return Body(std::move(members));
}

}  // namespace revertd
