// The rows of the shared conformance set: a real line and what a peer (the server itself, Elastic, CrowdSec, Vector)
// says of it.
#pragma once

#include <simdjson.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/strings.h"
#include "ingest/line_unwrapper.h"
#include "ingest/sentry/base64.h"
#include "tests/ingest/shared_data.h"

namespace revertd {

// Until they do, wrapped lines are reported and not judged.
inline bool WrappersComeOff() {
  LineUnwrapper unwrapper;
  std::string_view inner;
  return unwrapper.Unwrap("<190>Nov 21 03:10:09 vm nginx: line", &inner) == ParseError::kNone && inner == "line";
}

struct PeerRow {
  std::string id;
  std::string format;  // the set's name of the format, not always ours
  std::string line;
  std::string w3c_fields;  // the #Fields directive that rules the line, or empty
  bool peer_rejects = false;
  std::optional<int64_t> status;
  std::optional<int64_t> bytes;
  std::optional<int64_t> duration_ns;
  std::optional<std::string> time;    // RFC 3339
  std::optional<std::string> method;  // absent also where the server saw none
  std::optional<std::string> target;
  std::optional<std::string> path;
  std::optional<std::string> host;
};

// A text member, also where it is given as base64 because it is not UTF-8.
inline std::optional<std::string> TextMember(simdjson::dom::element object, const std::string& key) {
  std::string_view value;
  if (object[key].get(value) == simdjson::SUCCESS) return std::string(value);
  if (object[key + "_b64"].get(value) == simdjson::SUCCESS) return DecodeBase64(value).value_or("");
  return std::nullopt;
}

inline std::optional<int64_t> NumberMember(simdjson::dom::element object, const char* key) {
  int64_t value = 0;
  return object[key].get(value) == simdjson::SUCCESS ? std::optional<int64_t>(value) : std::nullopt;
}

// Calls `use(row)` for every row; false where the shared data is absent.
template <typename Use>
bool ForEachPeerRow(const Use& use) {
  const auto rows = ReadSharedFile("access/conformance.jsonl");
  if (!rows) return false;
  simdjson::dom::parser parser;
  for (std::string_view text : Split(*rows, '\n')) {
    simdjson::dom::element row;
    simdjson::dom::element expect;
    if (parser.parse(text.data(), text.size()).get(row) != simdjson::SUCCESS) continue;
    if (row["expect"].get(expect) != simdjson::SUCCESS) continue;
    use(PeerRow{.id = TextMember(row, "id").value_or(""),
                .format = TextMember(row, "format").value_or(""),
                .line = TextMember(row, "line").value_or(""),
                .w3c_fields = TextMember(row, "w3c_fields").value_or(""),
                .peer_rejects = expect["peer_parse_error"].error() == simdjson::SUCCESS,
                .status = NumberMember(expect, "status"),
                .bytes = NumberMember(expect, "bytes"),
                .duration_ns = NumberMember(expect, "duration_ns"),
                .time = TextMember(expect, "ts"),
                .method = TextMember(expect, "method"),
                .target = TextMember(expect, "target"),
                .path = TextMember(expect, "path"),
                .host = TextMember(expect, "host")});
  }
  return true;
}

}  // namespace revertd
