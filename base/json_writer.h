// JsonWriter: builds one JSON value as text; for NDJSON on stdout and for rows of the store. Not for the hot path of
// lines, but without surprises: keys in the order they were written, numbers that read back equal, bytes that are not
// UTF-8 replaced by U+FFFD so that the output is always valid JSON.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace revertd {

class JsonWriter {
 public:
  JsonWriter& BeginObject() { return Open('{'); }
  JsonWriter& EndObject() { return Close('}'); }
  JsonWriter& BeginArray() { return Open('['); }
  JsonWriter& EndArray() { return Close(']'); }
  JsonWriter& Key(std::string_view key);

  JsonWriter& String(std::string_view value);
  JsonWriter& Integer(int64_t value);
  JsonWriter& Unsigned(uint64_t value);
  JsonWriter& Number(double value);  // null where not finite
  JsonWriter& Bool(bool value);
  JsonWriter& Raw(std::string_view json);  // a value that is JSON already

  template <typename T>
  JsonWriter& Field(std::string_view key, const T& value) {
    Key(key);
    if constexpr (std::is_same_v<T, bool>) {
      return Bool(value);
    } else if constexpr (std::is_floating_point_v<T>) {
      return Number(value);
    } else if constexpr (std::is_integral_v<T> && std::is_signed_v<T>) {
      return Integer(value);
    } else if constexpr (std::is_integral_v<T>) {
      return Unsigned(value);
    } else {
      return String(value);
    }
  }

  const std::string& text() const { return text_; }
  // The text; the writer starts anew.
  std::string Take() {
    needs_comma_ = false;
    return std::exchange(text_, {});
  }
  void Clear() {
    text_.clear();
    needs_comma_ = false;
  }

 private:
  JsonWriter& Open(char bracket);
  JsonWriter& Close(char bracket);
  void BeforeValue();

  std::string text_;
  bool needs_comma_ = false;
};

// `value` as a JSON string with its quotes.
void AppendJsonString(std::string& out, std::string_view value);

}  // namespace revertd
