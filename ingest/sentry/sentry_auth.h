// Who sends: the DSN's public key, by any of the ways in which SDKs tell it; and a DSN's parts. Pure, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace revertd {

struct SentryAuth {
  std::string key = {};     // empty: none told
  std::string client = {};  // "sentry.python/1.9.10"
};

// Of the ways in this order the first that has a key: the headers X-Sentry-Auth and Authorization ("Sentry
// sentry_key=..., sentry_client=..."), the target's query (decoded), the envelope's own header. The client is the first
// that is told.
SentryAuth SentryAuthOf(std::string_view x_sentry_auth, std::string_view authorization,
                        std::string_view query_sentry_key, std::string_view query_sentry_client,
                        std::string_view envelope_dsn);

// "dsn" of an envelope's first line, as its bytes stand there; empty where there is none. The view is of `body`.
std::string_view EnvelopeDsn(std::string_view body);

struct SentryDsn {
  std::string scheme = {};  // http or https
  std::string key = {};
  std::string host = {};         // of IPv6 without its brackets
  uint16_t port = 0;             // the scheme's where none is written
  std::string path_prefix = {};  // before the project, with a slash in front; empty: none
  std::string project = {};
};

// "https://KEY[:SECRET]@HOST[:PORT][/PREFIX]/PROJECT". InvalidArgument names the part that is wrong, not its value.
StatusOr<SentryDsn> ParseSentryDsn(std::string_view text);

}  // namespace revertd
