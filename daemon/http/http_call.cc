#include "daemon/http/http_call.h"

#include "base/ascii.h"
#include "base/json_writer.h"
#include "base/strings.h"

namespace revertd {
namespace {

std::string_view FirstOf(const std::vector<std::pair<std::string, std::string>>& pairs, std::string_view name) {
  for (const auto& [key, value] : pairs) {
    if (key == name) return value;
  }
  return {};
}

bool IsControl(char c) { return (c >= 0 && c < ' ') || c == '\x7F'; }

std::optional<std::string> Decode(std::string_view text, bool plus_is_blank) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == ' ' || c == '#') return std::nullopt;
    if (c == '%') {
      if (text.size() - i < 3) return std::nullopt;
      const int high = HexDigit(text[i + 1]);
      const int low = HexDigit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus_is_blank) {
      c = ' ';
    }
    if (IsControl(c)) return std::nullopt;
    decoded += c;
  }
  return decoded;
}

bool HasDotFolder(std::string_view path) {
  for (const std::string_view folder : Split(path, '/')) {
    if (folder == "." || folder == "..") return true;
  }
  return false;
}

}  // namespace

std::string_view HttpCall::Header(std::string_view name) const { return FirstOf(headers, name); }
std::string_view HttpCall::Query(std::string_view name) const { return FirstOf(query, name); }

HttpReply HttpError(int status, std::string_view code, std::string_view words) {
  JsonWriter json;
  json.BeginObject().Key("error").BeginObject().Field("code", code).Field("message", words).EndObject().EndObject();
  return {.status = status, .body = json.Take()};
}

std::optional<HttpTarget> ParseTarget(std::string_view target) {
  if (target.empty() || target.front() != '/') return std::nullopt;
  const size_t question = target.find('?');
  auto path = Decode(target.substr(0, question), false);
  // Judged as decoded: %2E%2E and %2F are what they stand for.
  if (!path || HasDotFolder(*path)) return std::nullopt;
  HttpTarget parsed = {.path = std::move(*path), .query = {}};
  if (question == std::string_view::npos) return parsed;
  for (const std::string_view pair : Split(target.substr(question + 1), '&')) {
    if (pair.empty()) continue;
    const size_t equals = pair.find('=');
    auto key = Decode(pair.substr(0, equals), true);
    auto value = Decode(equals == std::string_view::npos ? "" : pair.substr(equals + 1), true);
    if (!key || !value) return std::nullopt;
    parsed.query.emplace_back(std::move(*key), std::move(*value));
  }
  return parsed;
}

}  // namespace revertd
