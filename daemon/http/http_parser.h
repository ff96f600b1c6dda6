// HttpParser: the syntax of one HTTP/1 request, behind an interface so that one file alone knows the library that does
// it (NewBeastParser of http_server.h).
//
// Thread contract: one thread. One parser, one request.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "daemon/http/http_head.h"

namespace revertd {

class HttpParser {
 public:
  enum class Step { kMore, kDone, kTooLarge, kBad };

  virtual ~HttpParser() = default;
  // Of a whole head, the empty line at its end among it. InvalidArgument: it is not HTTP/1.
  virtual StatusOr<HttpHead> TakeHead(std::string_view head) = 0;
  // Takes the next bytes of the body, as many as it can (`taken`); a rest that is no whole line of a chunk's is shown
  // again with what follows it.
  virtual Step TakeBody(std::string_view bytes, size_t bytes_max, size_t* taken) = 0;
  // As far as it was taken. Its room grows with it, and never beyond its Content-Length.
  virtual std::string& body() = 0;
};

using HttpParserFactory = std::unique_ptr<HttpParser> (*)();

}  // namespace revertd
