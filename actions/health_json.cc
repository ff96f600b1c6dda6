#include "actions/health_json.h"

#include <algorithm>
#include <charconv>

#include "base/strings.h"

namespace revertd {
namespace {

// simdjson reads integers of up to 64 bits; this many digits may be more.
constexpr size_t kLongDigits = 19;

// `body` with "e0" behind every long integer, which makes it a number that simdjson reads, to a double's 17 digits. A
// body that is no JSON stays none: a number's other rules are looked at afterwards.
std::string WithLongIntegersAsDoubles(std::string_view body) {
  constexpr std::string_view kOfNumbers = "+-.0123456789Ee";
  std::string changed;
  changed.reserve(body.size());
  bool in_text = false;
  for (size_t i = 0; i < body.size();) {
    if (in_text && body[i] == '\\') {
      changed += body.substr(i, 2);
      i += 2;
      continue;
    }
    if (body[i] == '"') in_text = !in_text;
    const size_t end = std::min(body.find_first_not_of(kOfNumbers, i), body.size());
    if (in_text || end == i) {
      changed += body[i++];
      continue;
    }
    const std::string_view number = body.substr(i, end - i);
    const std::string_view digits = number.substr(number.front() == '-' ? 1 : 0);
    const bool whole = digits.find_first_not_of("0123456789") == std::string_view::npos;
    changed += number;
    if (whole && digits.size() >= kLongDigits) changed += "e0";
    i = end;
  }
  return changed;
}

template <typename Integer>
std::optional<Integer> ParseWhole(std::string_view text) {
  Integer value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string ShortestText(double value) {
  char buffer[64];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof(buffer), value);
  return error == std::errc{} ? std::string(buffer, end) : std::string();
}

}  // namespace

std::optional<JsonValue> JsonValue::At(std::string_view name) const {
  simdjson::dom::object object;
  simdjson::dom::array array;
  std::optional<JsonValue> found;
  if (element_.get(object) == simdjson::SUCCESS) {
    for (const simdjson::dom::key_value_pair member : object) {
      if (member.key == name) found = JsonValue(member.value);
    }
  } else if (element_.get(array) == simdjson::SUCCESS) {
    const bool canonical = name == "0" || !name.starts_with('0');
    const std::optional<uint64_t> index = ParseUnsigned(name);
    simdjson::dom::element item;
    if (canonical && index && array.at(*index).get(item) == simdjson::SUCCESS) found = JsonValue(item);
  }
  return found;
}

std::optional<std::string> JsonValue::Text() const {
  using Type = simdjson::dom::element_type;
  switch (element_.type()) {
    case Type::STRING: return std::string(std::string_view(element_.get_string().value_unsafe()));
    case Type::INT64: return std::to_string(element_.get_int64().value_unsafe());
    case Type::UINT64: return std::to_string(element_.get_uint64().value_unsafe());
    case Type::DOUBLE: return ShortestText(element_.get_double().value_unsafe());
    case Type::BOOL: return element_.get_bool().value_unsafe() ? "true" : "false";
    case Type::NULL_VALUE: return "null";
    case Type::ARRAY:
    case Type::OBJECT: break;
  }
  return std::nullopt;
}

std::optional<double> JsonValue::Number() const {
  double number = 0;
  std::string_view text;
  if (element_.get_double().get(number) == simdjson::SUCCESS) return number;
  if (element_.get_string().get(text) == simdjson::SUCCESS) return ParseDouble(text);
  return std::nullopt;
}

bool JsonValue::Equals(std::string_view expected) const {
  if (element_.is_int64()) {
    const auto whole = ParseWhole<int64_t>(expected);
    if (whole) return element_.get_int64().value_unsafe() == *whole;
  }
  if (element_.is_uint64()) {
    const auto whole = ParseWhole<uint64_t>(expected);
    if (whole) return element_.get_uint64().value_unsafe() == *whole;
  }
  double number = 0;
  if (element_.get_double().get(number) == simdjson::SUCCESS) {
    const std::optional<double> wanted = ParseDouble(expected);
    return wanted && number == *wanted;
  }
  const std::optional<std::string> text = Text();
  return text && *text == expected;
}

std::optional<size_t> JsonValue::ItemCount() const {
  simdjson::dom::array array;
  if (element_.get(array) != simdjson::SUCCESS) return std::nullopt;
  return array.size();
}

HealthJson::HealthJson(std::string_view body) {
  if (body.starts_with("\xEF\xBB\xBF")) body.remove_prefix(3);
  if (body.empty()) {  // a parser without capacity says that it has no memory, and copies from a null pointer
    status_ = InvalidArgument("the body is empty");
    return;
  }
  simdjson::error_code error = Parse(body);
  if (error != simdjson::SUCCESS) {
    const std::string changed = WithLongIntegersAsDoubles(body);
    if (changed.size() != body.size()) error = Parse(changed);
  }
  if (error != simdjson::SUCCESS) status_ = InvalidArgument(simdjson::error_message(error));
}

simdjson::error_code HealthJson::Parse(std::string_view body) {
  simdjson::dom::element root;
  simdjson::error_code error = parser_.allocate(body.size(), kHealthJsonDepthMax);
  if (error == simdjson::SUCCESS) error = parser_.parse(body.data(), body.size()).get(root);
  if (error == simdjson::SUCCESS) root_ = JsonValue(root);
  return error;
}

std::optional<JsonValue> HealthJson::Find(const std::vector<std::string>& pointer) const {
  std::optional<JsonValue> at = root_;
  for (const std::string& name : pointer) {
    if (at) at = at->At(name);
  }
  return at;
}

}  // namespace revertd
