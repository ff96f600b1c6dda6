#include "daemon/http/http_socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace revertd {
namespace {

// Callers that the kernel keeps until we take them; beyond it they wait or are refused by the kernel.
constexpr int kBacklog = 128;
constexpr int kSilenceProbes = 3;

std::string Words(int error) { return std::generic_category().message(error); }
Status Failed(std::string_view doing) { return Unavailable(std::string(doing) + ": " + Words(errno)); }

sockaddr_un UnixAddress(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  return address;
}

// A socket file that nobody listens on is what a killed process left behind. Only a refused connection says so: a full
// queue of callers, or a missing permission, is somebody alive.
Status RemoveStale(const std::string& path) {
  struct stat facts {};
  if (::lstat(path.c_str(), &facts) != 0) return OkStatus();
  if (!S_ISSOCK(facts.st_mode)) return Unavailable("there is something at that path that is no socket");
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) return Failed("making a socket");
  const sockaddr_un address = UnixAddress(path);
  const int result = ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  const int error = result == 0 ? 0 : errno;
  ::close(probe);
  if (error == 0 || error == EAGAIN) return Unavailable("another process listens there");
  if (error == ENOENT) return OkStatus();
  if (error != ECONNREFUSED) return Unavailable("the socket that is there: " + Words(error));
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return Failed("removing the socket that a dead process left");
  return OkStatus();
}

void SetOption(int fd, int level, int name, int value) {
  // None of them is needed for being right, and a unix socket knows most of them not.
  ::setsockopt(fd, level, name, &value, sizeof(value));
}

}  // namespace

StatusOr<ListeningSocket> ListeningSocket::Open(const ListenAddress& address, unsigned mode) {
  const std::string doing = "listening on " + ToText(address);
  if (address.is_datagram()) return Annotate(InvalidArgument("HTTP needs tcp or unix"), doing);
  const bool is_v6 = address.host.find(':') != std::string::npos;
  const int family = address.is_unix() ? AF_UNIX : is_v6 ? AF_INET6 : AF_INET;
  ListeningSocket socket(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), family);
  if (socket.fd_ < 0) return Annotate(Failed("making a socket"), doing);
  REVERTD_RETURN_IF_ERROR(Annotate(socket.Bind(address, mode), doing));
  return socket;
}

ListeningSocket::ListeningSocket(ListeningSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      family_(other.family_),
      path_(std::exchange(other.path_, {})),
      device_(other.device_),
      inode_(other.inode_) {}

ListeningSocket::~ListeningSocket() {
  if (fd_ >= 0) ::close(fd_);
  struct stat facts {};
  if (path_.empty() || ::lstat(path_.c_str(), &facts) != 0) return;
  if (facts.st_dev == device_ && facts.st_ino == inode_) ::unlink(path_.c_str());
}

Status ListeningSocket::Bind(const ListenAddress& address, unsigned mode) {
  REVERTD_RETURN_IF_ERROR(address.is_unix() ? BindUnix(address.path, mode) : BindInet(address));
  return ::listen(fd_, kBacklog) == 0 ? OkStatus() : Failed("listening");
}

Status ListeningSocket::BindUnix(const std::string& path, unsigned mode) {
  REVERTD_RETURN_IF_ERROR(RemoveStale(path));
  // The mode that the file is made with, less the process's umask, which is every thread's and so is left alone. Nobody
  // can connect before listen().
  ::fchmod(fd_, static_cast<mode_t>(mode));
  const sockaddr_un address = UnixAddress(path);
  if (::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) return Failed("binding");
  struct stat facts {};
  if (::lstat(path.c_str(), &facts) != 0) return Failed("looking at the socket");
  path_ = path;
  device_ = facts.st_dev;
  inode_ = facts.st_ino;
  return ::chmod(path.c_str(), static_cast<mode_t>(mode)) == 0 ? OkStatus() : Failed("setting the socket's mode");
}

Status ListeningSocket::BindInet(const ListenAddress& address) {
  SetOption(fd_, SOL_SOCKET, SO_REUSEADDR, 1);  // connections of the last run may still be dying
  int result = 0;
  if (family_ == AF_INET6) {
    sockaddr_in6 bound{};
    bound.sin6_family = AF_INET6;
    bound.sin6_port = htons(address.port);
    ::inet_pton(AF_INET6, address.host.c_str(), &bound.sin6_addr);
    result = ::bind(fd_, reinterpret_cast<const sockaddr*>(&bound), sizeof(bound));
  } else {
    sockaddr_in bound{};
    bound.sin_family = AF_INET;
    bound.sin_port = htons(address.port);
    ::inet_pton(AF_INET, address.host.c_str(), &bound.sin_addr);
    result = ::bind(fd_, reinterpret_cast<const sockaddr*>(&bound), sizeof(bound));
  }
  return result == 0 ? OkStatus() : Failed("binding");
}

uint16_t ListeningSocket::port() const {
  if (family_ == AF_UNIX) return 0;
  sockaddr_in6 bound{};  // the port of both families stands at the same place
  socklen_t size = sizeof(bound);
  ::getsockname(fd_, reinterpret_cast<sockaddr*>(&bound), &size);
  return ntohs(bound.sin6_port);
}

int ListeningSocket::Accept(unsigned silence_ms) const {
  const int caller = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (caller < 0) return -errno;
  if (family_ == AF_UNIX) return caller;
  SetOption(caller, IPPROTO_TCP, TCP_NODELAY, 1);
  // A stream or a wait holds its place until its caller goes; one whose host lost its power never says so.
  const int silence_s = static_cast<int>(silence_ms / 1000) + 1;
  SetOption(caller, SOL_SOCKET, SO_KEEPALIVE, 1);
  SetOption(caller, IPPROTO_TCP, TCP_KEEPIDLE, silence_s);
  SetOption(caller, IPPROTO_TCP, TCP_KEEPINTVL, silence_s);
  SetOption(caller, IPPROTO_TCP, TCP_KEEPCNT, kSilenceProbes);
  SetOption(caller, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(silence_ms));
  return caller;
}

void TurnAway(int fd, std::string_view reply) {
  std::array<char, 16 * 1024> ignored;
  // Closing with bytes unread resets the connection, and the reply with it.
  [[maybe_unused]] const ssize_t read = ::recv(fd, ignored.data(), ignored.size(), MSG_DONTWAIT);
  [[maybe_unused]] const ssize_t sent = ::send(fd, reply.data(), reply.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  ::close(fd);
}

bool HasRoomForFiles(int fd, int count) {
  const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return false;
  const bool has_room = count <= 1 || HasRoomForFiles(fd, count - 1);
  ::close(copy);
  return has_room;
}

}  // namespace revertd
