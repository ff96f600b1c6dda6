// HealthJson: the JSON body of a health answer, and single values in it. Strict, but not about what the judged part
// does not depend on: a byte order mark and integers of any length are taken.
//
// Thread contract: one thread. A JsonValue does not outlive its body.
#pragma once

#include <simdjson.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace revertd {

inline constexpr size_t kHealthJsonDepthMax = 64;  // health answers have about 5

class JsonValue {
 public:
  explicit JsonValue(simdjson::dom::element element) : element_(element) {}

  // A member of an object (the last of that name, as nearly every reader takes it), or an item of an array.
  std::optional<JsonValue> At(std::string_view name) const;
  // Of a text itself, of a number its shortest decimal form, else true, false or null; nullopt: an object or array.
  std::optional<std::string> Text() const;
  // Also of a text that is a number and nothing else, as many an API writes them.
  std::optional<double> Number() const;
  // A number and an expected number: by value, whole ones of 64 bits exactly; all else by text.
  bool Equals(std::string_view expected) const;
  std::optional<size_t> ItemCount() const;  // nullopt: no array

 private:
  simdjson::dom::element element_;
};

class HealthJson {
 public:
  explicit HealthJson(std::string_view body);
  HealthJson(const HealthJson&) = delete;
  HealthJson& operator=(const HealthJson&) = delete;

  // InvalidArgument: no JSON, or deeper than kHealthJsonDepthMax.
  const Status& status() const { return status_; }
  // pointer: as ParseJsonPointer has it.
  std::optional<JsonValue> Find(const std::vector<std::string>& pointer) const;

 private:
  simdjson::error_code Parse(std::string_view body);

  simdjson::dom::parser parser_;
  std::optional<JsonValue> root_;
  Status status_;
};

}  // namespace revertd
