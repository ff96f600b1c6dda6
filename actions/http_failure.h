// HttpFailure: why an HTTP request had no answer, in words that stay.
//
// Plain values; any thread.
#pragma once

#include <string_view>

namespace revertd {

enum class HttpFailure {
  kNoAnswer,  // none of those below
  kTimedOut,
  kConnectionRefused,
  kNotConnected,  // and not refused: no route to the host, for one
  kConnectionCut,
  kTlsFailed,
  kCertificateUntrusted,  // expired, of another name, or of nobody that is trusted
  kNotHttp,
  kAnswerTooLong,
  // The server had no part in these.
  kNameNotResolved,
  kNetworkUnreachable,  // nor had it in our own want of ports or files
  kProxyFailed,
  kCaFileUnreadable,
  kNotSent,  // the request is none, or libcurl does not start
};
// "timed_out", "connection_refused" and so on.
std::string_view NameOf(HttpFailure failure);

}  // namespace revertd
