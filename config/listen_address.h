// Where a syslog source listens: "unixgram:/path", "unix:/path", "udp:ADDRESS:PORT", "tcp:ADDRESS:PORT"; an IPv6
// address stands in brackets.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace revertd {

struct ListenAddress {
  enum class Kind { kUnixDatagram, kUnixStream, kUdp, kTcp };
  Kind kind = Kind::kUdp;
  std::string path;  // of the unix ones
  std::string host;  // an IP address, without brackets
  uint16_t port = 0;

  bool is_unix() const { return kind == Kind::kUnixDatagram || kind == Kind::kUnixStream; }
  bool is_datagram() const { return kind == Kind::kUnixDatagram || kind == Kind::kUdp; }
  bool operator==(const ListenAddress&) const = default;
};

StatusOr<ListenAddress> ParseListenAddress(std::string_view text);
std::string ToText(const ListenAddress& address);

}  // namespace revertd
