#include "ingest/sentry/sentry_auth.h"

#include <optional>

#include "base/ascii.h"
#include "base/strings.h"
#include "ingest/sentry/json_text.h"

namespace revertd {
namespace {

constexpr size_t kHeaderLineBytesMax = 16 * 1024;  // of an envelope's first line; SDKs write some 300

// "Sentry sentry_key=abc, sentry_client=x/1": a name's value; empty where it is not told.
std::string_view AuthValue(std::string_view header, std::string_view name) {
  header = Trim(header);
  constexpr std::string_view kScheme = "sentry ";
  if (ToLower(header.substr(0, kScheme.size())) != kScheme) return {};
  for (const std::string_view part : Split(header.substr(kScheme.size()), ',')) {
    const size_t equals = part.find('=');
    if (equals == std::string_view::npos || Trim(part.substr(0, equals)) != name) continue;
    std::string_view value = Trim(part.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    return value;
  }
  return {};
}

std::optional<uint16_t> PortOf(std::string_view text) {
  const auto port = ParseUnsigned(text);
  if (!port || *port == 0 || *port > 65535) return std::nullopt;
  return static_cast<uint16_t>(*port);
}

// "host", "host:80", "[::1]:80" into the DSN.
Status ReadAuthority(std::string_view text, SentryDsn* dsn) {
  std::string_view port;
  bool has_port = false;
  if (!text.empty() && text.front() == '[') {
    const size_t end = text.find(']');
    if (end == std::string_view::npos) return InvalidArgument("a DSN's host: a bracket that is not closed");
    dsn->host = std::string(text.substr(1, end - 1));
    text.remove_prefix(end + 1);
    has_port = !text.empty();
    if (has_port && text.front() != ':') return InvalidArgument("a DSN's host: a port behind the bracket expected");
    if (has_port) port = text.substr(1);
  } else {
    const size_t colon = text.find(':');
    dsn->host = std::string(text.substr(0, colon));
    has_port = colon != std::string_view::npos;
    if (has_port) port = text.substr(colon + 1);
  }
  if (dsn->host.empty() || dsn->host.find_first_of(" \t\r\n@?#\\") != std::string::npos) {
    return InvalidArgument("a DSN's host: a name or an address expected");
  }
  dsn->port = dsn->scheme == "https" ? 443 : 80;
  if (!has_port) return OkStatus();
  const auto number = PortOf(port);
  if (!number) return InvalidArgument("a DSN's port: 1 to 65535 expected");
  dsn->port = *number;
  return OkStatus();
}

bool IsPlain(std::string_view text) {
  for (const char c : text) {
    if (c <= ' ' || c > '~' || c == '?' || c == '#' || c == '"' || c == '\\') return false;
  }
  return true;
}

}  // namespace

SentryAuth SentryAuthOf(std::string_view x_sentry_auth, std::string_view authorization,
                        std::string_view query_sentry_key, std::string_view query_sentry_client,
                        std::string_view envelope_dsn) {
  std::string dsn_key;
  if (!envelope_dsn.empty()) {
    if (const StatusOr<SentryDsn> dsn = ParseSentryDsn(envelope_dsn); dsn.ok()) dsn_key = dsn->key;
  }
  SentryAuth auth;
  for (const std::string_view key : {AuthValue(x_sentry_auth, "sentry_key"), AuthValue(authorization, "sentry_key"),
                                     query_sentry_key, std::string_view(dsn_key)}) {
    if (auth.key.empty()) auth.key = std::string(key);
  }
  for (const std::string_view client :
       {AuthValue(x_sentry_auth, "sentry_client"), AuthValue(authorization, "sentry_client"), query_sentry_client}) {
    if (auth.client.empty()) auth.client = std::string(client);
  }
  return auth;
}

std::string_view EnvelopeDsn(std::string_view body) {
  const std::string_view line = body.substr(0, body.find('\n'));
  if (line.size() > kHeaderLineBytesMax) return {};
  JsonText json(line);
  std::string_view dsn;
  json.ForEachField([&](std::string_view key, JsonValue& value) {
    if (key != "dsn") return;
    const std::string_view raw = RawTextOf(value);
    // The copy that is read goes away: the same bytes of the body are answered.
    const size_t at = raw.empty() ? std::string_view::npos : line.find(raw);
    if (at != std::string_view::npos) dsn = line.substr(at, raw.size());
  });
  return dsn;
}

StatusOr<SentryDsn> ParseSentryDsn(std::string_view text) {
  SentryDsn dsn;
  if (!IsPlain(text)) return InvalidArgument("a DSN: a character that no DSN holds");
  const size_t scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos) return InvalidArgument("a DSN's scheme: http:// or https:// expected");
  dsn.scheme = ToLower(text.substr(0, scheme_end));
  if (dsn.scheme != "http" && dsn.scheme != "https") return InvalidArgument("a DSN's scheme: http or https expected");
  text.remove_prefix(scheme_end + 3);
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return InvalidArgument("a DSN's project: a path expected");
  const std::string_view authority = text.substr(0, slash);
  const size_t at = authority.rfind('@');
  if (at == std::string_view::npos) return InvalidArgument("a DSN's key: a name before @ expected");
  // Old DSNs have a secret behind the key: no server asks for it any more.
  dsn.key = std::string(authority.substr(0, std::min(at, authority.find(':'))));
  if (dsn.key.empty()) return InvalidArgument("a DSN's key: it is empty");
  REVERTD_RETURN_IF_ERROR(ReadAuthority(authority.substr(at + 1), &dsn));
  std::string_view path = text.substr(slash);
  while (!path.empty() && path.back() == '/') path.remove_suffix(1);
  const size_t last = path.rfind('/');
  if (last == std::string_view::npos) return InvalidArgument("a DSN's project: it is empty");
  dsn.project = std::string(path.substr(last + 1));
  dsn.path_prefix = std::string(path.substr(0, last));
  return dsn;
}

}  // namespace revertd
