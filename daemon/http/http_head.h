// What a request's head says of its connection and body, and what HTTP itself has against it, before any handler is
// asked. Also replies as text. Knows no socket and no parser.
//
// Pure functions, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/http/http_call.h"

namespace revertd {

struct HttpHead {
  HttpCall call;           // an empty path: the target is none that we take
  bool is_head = false;    // asked as HEAD: the reply has no body
  bool is_http_11 = true;  // else 1.0
  bool keep_alive = false;
  std::optional<uint64_t> content_length = std::nullopt;
  bool is_chunked = false;  // chunks alone, not inside another encoding

  bool has_body() const { return is_chunked || content_length.value_or(0) > 0; }
  bool expects_continue() const;
};

// Fields of one head. A field costs far more memory than its bytes, and 100 is what other servers take.
inline constexpr size_t kHttpFieldsMax = 100;

// nullopt: nothing. What two readers of one stream could read differently is refused: a length beside an encoding, two
// lengths, two hosts.
std::optional<HttpReply> HeadFault(const HttpHead& head);
// Of a head with a body, which may have `bytes_max`.
std::optional<HttpReply> BodyFault(const HttpHead& head, size_t bytes_max, bool takes_encoded);

enum class HttpFraming { kLength, kChunked, kUntilClose };

// Status line and headers with the empty line after them. Control characters in a value become blanks: what a handler
// repeats of a caller's words can begin no header of its own.
std::string ReplyHeadText(const HttpReply& reply, HttpFraming framing, bool keep_alive);
// Whether such a reply has a body at all.
bool HasReplyBody(int status);
std::string ChunkText(std::string_view piece);

}  // namespace revertd
