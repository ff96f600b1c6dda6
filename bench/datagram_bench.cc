// What a datagram costs the reader, beside a bare recvmmsg() loop on the same datagrams:
//   datagram_bench [ROUNDS [DATAGRAMS]]      default 5 rounds of 300000
//
// A writer sends syslog messages of one line each, kDatagramsPerSecond of them, over a unix socket and over UDP on
// loopback. The bare loop takes up to 64 at once and counts them: nothing could do less. Ours is what `revertd run`
// does: SyslogSocket on its event loop, syslog head taken off, format found out, parsed, counted in windows. Both read
// in turn, in one process, on the same processor. Every datagram must be counted, and ours as a line that became a
// sample, or the run stops.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>

#include "base/limits.h"
#include "bench/live_reader.h"
#include "ingest/syslog_socket.h"

namespace revertd {
namespace {

constexpr int64_t kDatagramsPerSecond = 200'000;
// The writer waits when the reader is this far behind: on a busy machine too no receive buffer runs over.
constexpr uint64_t kAheadMax = 5'000;
constexpr DurationNs kPatience = 20 * kSecondNs;  // then a datagram counts as lost

struct Address {
  sockaddr_storage bytes{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&bytes); }
};

Address AddressOf(const ListenAddress& listen) {
  Address address;
  if (listen.is_unix()) {
    auto* unix_address = reinterpret_cast<sockaddr_un*>(&address.bytes);
    unix_address->sun_family = AF_UNIX;
    listen.path.copy(unix_address->sun_path, sizeof(unix_address->sun_path) - 1);
    address.size = sizeof(*unix_address);
  } else {
    auto* inet = reinterpret_cast<sockaddr_in*>(&address.bytes);
    inet->sin_family = AF_INET;
    inet->sin_port = htons(listen.port);
    inet->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.size = sizeof(*inet);
  }
  return address;
}

int MakeSocket(const ListenAddress& listen) {
  const int fd = ::socket(listen.is_unix() ? AF_UNIX : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  REVERTD_CHECK(fd >= 0);
  return fd;
}

// Both readers: Read() until Stop(), datagrams() for any thread.
class PlainReader {
 public:
  explicit PlainReader(const ListenAddress& listen) : listen_(listen), fd_(MakeSocket(listen)) {
    if (!listen.is_unix()) {
      // As ours asks for.
      const int wanted = SyslogSocket::kReceiveBufferBytes;
      if (::setsockopt(fd_, SOL_SOCKET, SO_RCVBUFFORCE, &wanted, sizeof(wanted)) != 0) {
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &wanted, sizeof(wanted));
      }
    }
    const Address address = AddressOf(listen);
    REVERTD_CHECK(::bind(fd_, address.get(), address.size) == 0);
  }
  ~PlainReader() {
    ::close(fd_);
    if (listen_.is_unix()) ::unlink(listen_.path.c_str());
  }
  PlainReader(const PlainReader&) = delete;
  PlainReader& operator=(const PlainReader&) = delete;

  void Read() {
    constexpr size_t kAtOnce = 64;
    std::vector<char> bytes(kAtOnce * kReceiveBytes);
    std::array<iovec, kAtOnce> pieces{};
    std::array<mmsghdr, kAtOnce> heads{};
    for (size_t i = 0; i < kAtOnce; ++i) {
      pieces[i] = {.iov_base = bytes.data() + i * kReceiveBytes, .iov_len = kReceiveBytes};
      heads[i].msg_hdr.msg_iov = &pieces[i];
      heads[i].msg_hdr.msg_iovlen = 1;
    }
    while (true) {
      const int count = ::recvmmsg(fd_, heads.data(), kAtOnce, MSG_WAITFORONE, nullptr);
      REVERTD_CHECK(count > 0);
      if (heads[0].msg_len == 0) return;
      datagrams_.store(datagrams_.load(std::memory_order_relaxed) + static_cast<uint64_t>(count),
                       std::memory_order_relaxed);
    }
  }
  // An empty datagram, when all others were counted.
  void Stop() {
    const int fd = MakeSocket(listen_);
    const Address address = AddressOf(listen_);
    REVERTD_CHECK(::sendto(fd, "", 0, 0, address.get(), address.size) == 0);
    ::close(fd);
  }
  uint64_t datagrams() const { return datagrams_.load(std::memory_order_relaxed); }
  void CheckAnswer(uint64_t sent) const { REVERTD_CHECK(datagrams() == sent); }

 private:
  const ListenAddress listen_;
  const int fd_;
  std::atomic<uint64_t> datagrams_{0};
};

class RevertdReader {
 public:
  explicit RevertdReader(const ListenAddress& listen) : source_(SyslogOn(listen)) {}
  void Read() { source_.Read(); }
  void Stop() { source_.Stop(); }
  // In windows, not only received.
  uint64_t datagrams() const { return source_.Get(Counter::kLinesSampled); }
  void CheckAnswer(uint64_t sent) const {
    REVERTD_CHECK(source_.Get(Counter::kDatagrams) == sent && source_.Get(Counter::kLinesRead) == sent);
    REVERTD_CHECK(source_.Get(Counter::kLinesSampled) == sent && source_.Get(Counter::kKernelDrops) == 0);
  }

 private:
  static SourceConfig SyslogOn(const ListenAddress& listen) {
    SourceConfig config;
    config.kind = SourceConfig::Kind::kSyslog;
    config.listen = listen;
    return config;
  }

  LiveSource source_;
};

// The reader's CPU nanoseconds a datagram.
template <typename Reader>
double MeasureCpu(const ListenAddress& listen, size_t datagrams) {
  const std::vector<std::string> lines = MakeLines("<190>Nov 21 10:00:00 lb1 nginx: ");
  Reader reader(listen);
  ReaderThread thread([&] { reader.Read(); });
  const int fd = MakeSocket(listen);
  const Address address = AddressOf(listen);
  REVERTD_CHECK(::connect(fd, address.get(), address.size) == 0);
  uint64_t sent = 0;
  const auto send = [&] {
    const std::string& line = lines[sent % lines.size()];
    REVERTD_CHECK(::send(fd, line.data(), line.size() - 1, 0) == static_cast<ssize_t>(line.size() - 1));
    ++sent;
  };
  const auto wait_until_behind_by = [&](uint64_t most) {
    const TimeNs begun = MonotonicNow();
    while (sent - reader.datagrams() > most) REVERTD_CHECK(MonotonicNow() - begun < kPatience);
  };
  // The first ones find out the format, and memory is touched.
  for (size_t i = 0; i < lines.size(); ++i) send();
  wait_until_behind_by(0);
  const DurationNs cpu_before = thread.CpuNs();
  const TimeNs begun = MonotonicNow();
  for (size_t i = 1; i <= datagrams; ++i) {
    const TimeNs due = begun + static_cast<TimeNs>(i) * kSecondNs / kDatagramsPerSecond;
    while (MonotonicNow() < due) continue;
    wait_until_behind_by(kAheadMax);
    send();
  }
  wait_until_behind_by(0);
  const DurationNs cpu = thread.CpuNs() - cpu_before;
  reader.CheckAnswer(sent);
  reader.Stop();
  thread.Join();
  ::close(fd);
  return static_cast<double>(cpu) / static_cast<double>(datagrams);
}

// A port of loopback that was free a moment ago.
ListenAddress FreeUdp() {
  ListenAddress listen{.kind = ListenAddress::Kind::kUdp, .path = "", .host = "127.0.0.1", .port = 0};
  const int fd = MakeSocket(listen);
  Address address = AddressOf(listen);
  REVERTD_CHECK(::bind(fd, address.get(), address.size) == 0);
  auto* bound = reinterpret_cast<sockaddr*>(&address.bytes);
  REVERTD_CHECK(::getsockname(fd, bound, &address.size) == 0);
  listen.port = ntohs(reinterpret_cast<sockaddr_in*>(bound)->sin_port);
  ::close(fd);
  return listen;
}

// Answers the ratio of the two readers' medians. `listen` is asked anew for each reader: the kernel lets go of a socket
// in a ring of io_uring's only some time after both were closed.
double Compare(const std::string& name, size_t rounds, size_t datagrams, const std::function<ListenAddress()>& listen) {
  std::vector<double> plain;
  std::vector<double> revertd;
  for (size_t round = 1; round <= rounds; ++round) {
    const std::string number = "datagram_round" + std::to_string(round) + "_" + name;
    plain.push_back(MeasureCpu<PlainReader>(listen(), datagrams));
    revertd.push_back(MeasureCpu<RevertdReader>(listen(), datagrams));
    Tell(number + "_plain_cpu_ns", plain.back());
    Tell(number + "_revertd_cpu_ns", revertd.back());
  }
  return Median(revertd) / Median(plain);
}

int Main(int argc, char** argv) {
  const size_t rounds = ArgumentOr(argc, argv, 1, 5);
  const size_t datagrams = ArgumentOr(argc, argv, 2, 300'000);
  std::string folder = std::filesystem::temp_directory_path() / "revertd-datagrams-XXXXXX";
  REVERTD_CHECK(::mkdtemp(folder.data()) != nullptr);
  const auto unix_listen = [&folder] {
    return ListenAddress{
        .kind = ListenAddress::Kind::kUnixDatagram, .path = folder + "/log.sock", .host = "", .port = 0};
  };
  Tell("datagram_unix_cpu_ratio", Compare("unix", rounds, datagrams, unix_listen));
  Tell("datagram_udp_cpu_ratio", Compare("udp", rounds, datagrams, FreeUdp));
  ::rmdir(folder.c_str());
  return 0;
}

}  // namespace
}  // namespace revertd

int main(int argc, char** argv) { return revertd::Main(argc, argv); }
