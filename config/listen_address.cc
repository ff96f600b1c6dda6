#include "config/listen_address.h"

#include <arpa/inet.h>
#include <sys/un.h>

#include <array>
#include <limits>
#include <utility>

#include "base/strings.h"

namespace revertd {
namespace {

using Kind = ListenAddress::Kind;

constexpr std::array<std::pair<Kind, std::string_view>, 4> kKinds = {
    {{Kind::kUnixDatagram, "unixgram"}, {Kind::kUnixStream, "unix"}, {Kind::kUdp, "udp"}, {Kind::kTcp, "tcp"}}};

// The kernel's room for a socket's path, with its closing NUL.
constexpr size_t kUnixPathBytesMax = sizeof(sockaddr_un::sun_path) - 1;

bool IsIpAddress(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> parsed;
  return ::inet_pton(AF_INET, host.c_str(), parsed.data()) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), parsed.data()) == 1;
}

Status ReadPath(std::string_view text, ListenAddress* address) {
  if (text.empty() || text.front() != '/') return InvalidArgument("a path that begins with / expected");
  if (text.size() > kUnixPathBytesMax) {
    return InvalidArgument("a socket's path has at most " + std::to_string(kUnixPathBytesMax) + " bytes");
  }
  address->path = text;
  return OkStatus();
}

Status ReadHostAndPort(std::string_view text, ListenAddress* address) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return InvalidArgument("ADDRESS:PORT expected");
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  address->host = host;
  if (!IsIpAddress(address->host)) return InvalidArgument("an IP address like 127.0.0.1 or [::1] expected");
  const auto port = ParseUnsigned(text.substr(colon + 1));
  if (!port || *port > std::numeric_limits<uint16_t>::max()) {
    return InvalidArgument("a port from 0 (the kernel chooses) to 65535 expected");
  }
  address->port = static_cast<uint16_t>(*port);
  return OkStatus();
}

}  // namespace

StatusOr<ListenAddress> ParseListenAddress(std::string_view text) {
  const size_t colon = text.find(':');
  for (const auto& [kind, name] : kKinds) {
    if (colon == std::string_view::npos || text.substr(0, colon) != name) continue;
    ListenAddress address;
    address.kind = kind;
    const std::string_view rest = text.substr(colon + 1);
    REVERTD_RETURN_IF_ERROR(address.is_unix() ? ReadPath(rest, &address) : ReadHostAndPort(rest, &address));
    return address;
  }
  return InvalidArgument("unixgram:/PATH, unix:/PATH, udp:ADDRESS:PORT or tcp:ADDRESS:PORT expected");
}

std::string ToText(const ListenAddress& address) {
  std::string text;
  for (const auto& [kind, name] : kKinds) {
    if (kind == address.kind) text = std::string(name) + ":";
  }
  if (address.is_unix()) return text + address.path;
  const bool is_v6 = address.host.find(':') != std::string::npos;
  return text + (is_v6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

}  // namespace revertd
