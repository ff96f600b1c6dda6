#include "base/json_writer.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/strings.h"

namespace revertd {
namespace {

void AppendControl(std::string& out, unsigned char c) {
  static constexpr char kHex[] = "0123456789abcdef";
  switch (c) {
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default:
      out += "\\u00";
      out += kHex[c >> 4];
      out += kHex[c & 15];
  }
}

// How many of the first bytes stand in a JSON string as they are: nearly always all of them.
size_t PlainLength(std::string_view text) {
  const auto needs_care = [](char byte) {
    const auto c = static_cast<unsigned char>(byte);
    return c < 0x20 || c >= 0x80 || c == '"' || c == '\\';
  };
  return static_cast<size_t>(std::find_if(text.begin(), text.end(), needs_care) - text.begin());
}

}  // namespace

void AppendJsonString(std::string& out, std::string_view value) {
  out += '"';
  while (true) {
    const size_t plain = PlainLength(value);
    out += value.substr(0, plain);
    value.remove_prefix(plain);
    if (value.empty()) break;
    const auto c = static_cast<unsigned char>(value.front());
    size_t length = 1;
    if (c == '"' || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c < 0x20) {
      AppendControl(out, c);
    } else if (length = Utf8Length(value); length != 0) {
      out += value.substr(0, length);
    } else {
      out += "\xEF\xBF\xBD";
      length = 1;
    }
    value.remove_prefix(length);
  }
  out += '"';
}

JsonWriter& JsonWriter::Open(char bracket) {
  BeforeValue();
  text_ += bracket;
  needs_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::Close(char bracket) {
  text_ += bracket;
  needs_comma_ = true;
  return *this;
}

void JsonWriter::BeforeValue() {
  if (needs_comma_) text_ += ',';
  needs_comma_ = true;
}

JsonWriter& JsonWriter::Key(std::string_view key) {
  BeforeValue();
  AppendJsonString(text_, key);
  text_ += ':';
  needs_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::String(std::string_view value) {
  BeforeValue();
  AppendJsonString(text_, value);
  return *this;
}

JsonWriter& JsonWriter::Integer(int64_t value) { return Raw(std::to_string(value)); }
JsonWriter& JsonWriter::Unsigned(uint64_t value) { return Raw(std::to_string(value)); }
JsonWriter& JsonWriter::Bool(bool value) { return Raw(value ? "true" : "false"); }

JsonWriter& JsonWriter::Number(double value) {
  if (!std::isfinite(value)) return Raw("null");
  char buffer[32];
  const auto result = std::to_chars(buffer, buffer + sizeof(buffer), value);
  return Raw(std::string_view(buffer, static_cast<size_t>(result.ptr - buffer)));
}

JsonWriter& JsonWriter::Raw(std::string_view json) {
  BeforeValue();
  text_ += json;
  return *this;
}

}  // namespace revertd
