// ListeningSocket: where an HTTP server's callers connect. It makes the socket and its file, takes callers, and removes
// the file at the end.
//
// Thread contract: one thread. Every descriptor is non-blocking and closed in child processes: revertd runs programs,
// and they must not inherit callers (which is why Asio's own acceptor is not used).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "config/listen_address.h"

namespace revertd {

class ListeningSocket {
 public:
  // Unavailable where the address is taken or not ours. A unix socket that nobody listens on is replaced; its file has
  // `mode` before anybody can connect.
  static StatusOr<ListeningSocket> Open(const ListenAddress& address, unsigned mode);
  ~ListeningSocket();
  ListeningSocket(ListeningSocket&& other) noexcept;
  ListeningSocket& operator=(ListeningSocket&&) = delete;
  ListeningSocket(const ListeningSocket&) = delete;
  ListeningSocket& operator=(const ListeningSocket&) = delete;

  int fd() const { return fd_; }
  int family() const { return family_; }
  uint16_t port() const;  // of TCP; else 0

  // The next caller's descriptor, or -errno (-EAGAIN: there is none). A caller of TCP that is gone without a word is
  // noticed after `silence_ms`, while something is to be sent or its host answers nothing.
  int Accept(unsigned silence_ms) const;

 private:
  ListeningSocket(int fd, int family) : fd_(fd), family_(family) {}
  Status Bind(const ListenAddress& address, unsigned mode);
  Status BindUnix(const std::string& path, unsigned mode);
  Status BindInet(const ListenAddress& address);

  int fd_;
  int family_;
  // The file that we made: another process may have put its own in the place of it.
  std::string path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

// Tells a caller for whom there is no room, as far as the kernel takes it at once, and closes.
void TurnAway(int fd, std::string_view reply);

// Whether that many more descriptors can be opened, tried with copies of `fd`.
bool HasRoomForFiles(int fd, int count);

}  // namespace revertd
