// What the HTTP server and its handler say to one another. The server (http_server.h) knows sockets, limits and time;
// the handler (daemon/api) knows what is asked.
//
// Thread contract: the server's thread alone, wait's and stream's functions too. They may not block: while one of them
// runs, nobody else is answered.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"

namespace revertd {

// Lives until Answer returns; a wait or a stream copies what it needs of it.
struct HttpCall {
  std::string method;                                        // "GET"; of a HEAD too: the server leaves the body out
  std::string target;                                        // as it was sent
  std::string path;                                          // of the target, %XX decoded; begins with /
  std::vector<std::pair<std::string, std::string>> query;    // decoded, in order
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case, in order
  std::string body;

  // The first of that name (a header's in lower case); empty: none.
  std::string_view Header(std::string_view name) const;
  std::string_view Query(std::string_view name) const;
};

struct HttpReply {
  int status = 200;
  std::string content_type = "application/json";
  std::string body = {};
  // Besides type and length. One named like a default of the server (Cache-Control: no-store) replaces it.
  std::vector<std::pair<std::string, std::string>> headers = {};
  bool close = false;  // the connection ends after it
};

// An answer that is not there yet: `poll` is asked at once and then about ten times a second until it answers or
// `until_ns` (of the server's clock) is past, when it is asked with `is_last` and must answer. A caller that hangs up,
// or only closes its sending side, is asked for no more.
struct HttpWait {
  TimeNs until_ns = 0;
  std::function<std::optional<HttpReply>(bool is_last)> poll;
};

// An answer without an end: `next` is asked at once and then about ten times a second for what is to be sent now
// (empty: nothing), and not before what it gave last has been taken by the kernel. Ends when the caller goes, or the
// server.
struct HttpStream {
  std::string content_type;
  std::function<std::string()> next;
};

using HttpAnswer = std::variant<HttpReply, HttpWait, HttpStream>;

class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  // Of the head alone, before a byte of the body is taken: the bytes that its body may have, or the refusal.
  virtual std::variant<size_t, HttpReply> Admit(const HttpCall& head) = 0;
  // Whether a body in a Content-Encoding is taken as it is; others are refused. The server decodes none, so that a few
  // bytes can never become many.
  virtual bool TakesEncoded(const HttpCall& /*head*/) { return false; }
  virtual HttpAnswer Answer(const HttpCall& call) = 0;
};

// {"error":{"code":CODE,"message":WORDS}} with that status. Codes are part of the API.
HttpReply HttpError(int status, std::string_view code, std::string_view words);

// Splits a request's target into path and query, %XX (and + in the query) decoded. nullopt: none that we take (not
// beginning with /, a wrong %XX, a NUL or another control character even as %XX, a blank, a #, or "." and ".." as
// folders, so that no reader of the path can be led out of where it looks).
struct HttpTarget {
  std::string path;
  std::vector<std::pair<std::string, std::string>> query;
};
std::optional<HttpTarget> ParseTarget(std::string_view target);

}  // namespace revertd
