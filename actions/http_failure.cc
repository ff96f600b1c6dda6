#include "actions/http_failure.h"

namespace revertd {

std::string_view NameOf(HttpFailure failure) {
  switch (failure) {
    case HttpFailure::kNoAnswer: return "no_answer";
    case HttpFailure::kTimedOut: return "timed_out";
    case HttpFailure::kConnectionRefused: return "connection_refused";
    case HttpFailure::kNotConnected: return "not_connected";
    case HttpFailure::kConnectionCut: return "connection_cut";
    case HttpFailure::kTlsFailed: return "tls_failed";
    case HttpFailure::kCertificateUntrusted: return "certificate_untrusted";
    case HttpFailure::kNotHttp: return "not_http";
    case HttpFailure::kAnswerTooLong: return "answer_too_long";
    case HttpFailure::kNameNotResolved: return "name_not_resolved";
    case HttpFailure::kNetworkUnreachable: return "network_unreachable";
    case HttpFailure::kProxyFailed: return "proxy_failed";
    case HttpFailure::kCaFileUnreadable: return "ca_file_unreadable";
    case HttpFailure::kNotSent: return "not_sent";
  }
  return "no_answer";
}

}  // namespace revertd
