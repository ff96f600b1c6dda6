// JsonText: one JSON object of a Sentry body, read in one pass by simdjson's On-Demand, as leniently as Sentry reads:
// bytes that are no UTF-8 and half surrogate pairs become U+FFFD, a value of another type than expected reads as
// absent. Values are taken inside the callback that gives them; texts that are taken live as long as the JsonText.
//
// Nothing here recurses: what is not asked for is skipped, however deep it is.
//
// Thread contract: one thread.
#pragma once

#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/status.h"

namespace revertd {

using JsonValue = simdjson::ondemand::value;

inline constexpr size_t kJsonFieldsMax = 2'000;  // of one object that is read; what follows is not

class JsonText {
 public:
  // Copies `json`: simdjson reads some bytes past its end.
  explicit JsonText(std::string_view json);
  JsonText(const JsonText&) = delete;
  JsonText& operator=(const JsonText&) = delete;

  // What is wrong with the object; ok until a ForEachField found something.
  const Status& status() const { return status_; }

  // Calls take(key, value) for each field, once for the whole text. Keys are as written, escapes left.
  template <typename Take>
  void ForEachField(Take take) {
    simdjson::ondemand::object object;
    if (!Open(&object)) return;
    Complain(VisitFields(object, take));
  }

  // The fields of an object inside; nothing where `value` is none.
  template <typename Take>
  void ForEachField(JsonValue& value, Take take) {
    simdjson::ondemand::object object;
    if (TypeOf(value) != simdjson::ondemand::json_type::object || value.get_object().get(object) != simdjson::SUCCESS) {
      return;
    }
    Complain(VisitFields(object, take));
  }

  // The elements of a list inside; nothing where `value` is none. `take` answers whether it wants more.
  template <typename Take>
  void ForEachItem(JsonValue& value, Take take) {
    simdjson::ondemand::array array;
    if (TypeOf(value) != simdjson::ondemand::json_type::array || value.get_array().get(array) != simdjson::SUCCESS) {
      return;
    }
    Complain(VisitItems(array, take));
  }

  // A string; empty where the value is something else.
  std::string_view Text(JsonValue& value);
  // A string, or a number, true or false as it is written; empty for null, lists and objects.
  std::string_view ScalarText(JsonValue& value);
  static std::optional<bool> Truth(JsonValue& value);
  static std::optional<int64_t> Integer(JsonValue& value);  // or the whole part of a number with a fraction
  // `raw`, a key or the inside of a string, without its escapes.
  std::string_view Unescaped(std::string_view raw);
  // Unix seconds as a number or a text, or ISO 8601, of UTC where it names no zone; 0: none, or none that can be.
  TimeNs Time(JsonValue& value);

  static simdjson::ondemand::json_type TypeOf(JsonValue& value);
  static bool IsNull(JsonValue& value) { return TypeOf(value) == simdjson::ondemand::json_type::null; }

 private:
  bool Open(simdjson::ondemand::object* object);
  void Complain(simdjson::error_code error);

  template <typename Take>
  static simdjson::error_code VisitFields(simdjson::ondemand::object& object, Take& take) {
    size_t count = 0;
    for (auto result : object) {
      simdjson::ondemand::field field;
      if (const auto error = std::move(result).get(field)) return error;
      if (++count > kJsonFieldsMax) return simdjson::SUCCESS;
      const std::string_view key = KeyOf(field);
      take(key, field.value());
    }
    return simdjson::SUCCESS;
  }

  template <typename Take>
  static simdjson::error_code VisitItems(simdjson::ondemand::array& array, Take& take) {
    for (auto result : array) {
      JsonValue value;
      if (const auto error = result.get(value)) return error;
      if (!take(value)) return simdjson::SUCCESS;
    }
    return simdjson::SUCCESS;
  }

  // The key as it is written; its closing quote is there, the text's strings were all found closed.
  static std::string_view KeyOf(simdjson::ondemand::field& field);

  std::string bytes_;
  simdjson::ondemand::parser parser_;
  simdjson::ondemand::document document_;
  std::deque<std::string> unescaped_;
  Status status_;
};

// The inside of a string as it is written, escapes left; empty where the value is something else.
std::string_view RawTextOf(JsonValue& value);

// `text` with every byte that is no UTF-8 character's replaced by U+FFFD.
std::string WellFormedUtf8(std::string_view text);
// `text` as a field of an event: well-formed, control characters as blanks, cut to `bytes_max` between characters.
std::string FieldText(std::string_view text, size_t bytes_max);

}  // namespace revertd
