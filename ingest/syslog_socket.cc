#include "ingest/syslog_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "ingest/kernel_drops.h"
#include "ingest/unix_queue.h"

namespace revertd {
namespace {

constexpr int kBacklog = 128;
// Batches of one socket before the others have their turn; the loop tells again what is left.
constexpr int kBatchesMax = 8;

std::string Words(int error) { return std::generic_category().message(error); }

Status Failed(std::string_view doing) { return Unavailable(std::string(doing) + ": " + Words(errno)); }

sockaddr_un UnixAddress(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  return address;
}

// A socket file that nobody listens on is what a killed process left behind.
Status RemoveStale(const std::string& path, int type) {
  struct stat facts {};
  if (::lstat(path.c_str(), &facts) != 0) return OkStatus();
  if (!S_ISSOCK(facts.st_mode)) return FailedPrecondition("there is something at that path that is no socket");
  const int probe = ::socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
  const sockaddr_un address = UnixAddress(path);
  const bool alive = probe >= 0 && ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  if (probe >= 0) ::close(probe);
  if (alive) return FailedPrecondition("another process listens there");
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return Failed("removing the socket that a dead process left");
  return OkStatus();
}

}  // namespace

SyslogSocket::SyslogSocket(ListenAddress address, unsigned mode, SourceContext context)
    : address_(std::move(address)), mode_(mode), context_(std::move(context)) {}

SyslogSocket::~SyslogSocket() {
  for (const auto& [fd, connection] : connections_) {
    loop_->Remove(connection->id);
    ::close(fd);
  }
  if (loop_ != nullptr && id_ != 0) loop_->Remove(id_);
  if (fd_ >= 0) ::close(fd_);
  if (bound_path_) ::unlink(address_.path.c_str());
}

Status SyslogSocket::Start(EventLoop* loop) {
  loop_ = loop;
  REVERTD_RETURN_IF_ERROR(Annotate(Listen(), "listening on " + ToText(address_)));
  if (address_.is_datagram()) {
    datagrams_ = std::make_unique<MessageStream>(&context_);
    batch_ = std::make_unique<DatagramBatch>();
    if (address_.is_unix()) {
      AskUnixQueue();
    } else {
      SetReceiveBuffer();
    }
  } else if (::listen(fd_, kBacklog) != 0) {
    return Failed("listening on " + ToText(address_));
  }
  Register();
  return OkStatus();
}

void SyslogSocket::Register() {
  retry_at_ns_ = 0;
  id_ = address_.is_datagram()
            ? loop_->WatchReadable(fd_, [this](const EventLoop::Event& event) { OnDatagrams(event); })
            : loop_->Accept(fd_, [this](const EventLoop::Event& event) { OnConnection(event); });
}

void SyslogSocket::OnFailure(std::string_view doing, int error) {
  context_.counters->Add(Counter::kReadErrors);
  context_.Tell("failed", std::string(doing) + ": " + Words(error) + "; tried again in a second");
  loop_->Remove(std::exchange(id_, 0));
  retry_at_ns_ = context_.clock->Now() + kRetryAfter;
}

Status SyslogSocket::Listen() {
  const int type = address_.is_datagram() ? SOCK_DGRAM : SOCK_STREAM;
  const bool is_v6 = address_.host.find(':') != std::string::npos;
  fd_ = ::socket(address_.is_unix() ? AF_UNIX : is_v6 ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return Failed("making a socket");
  return address_.is_unix() ? BindUnix() : BindInet();
}

Status SyslogSocket::BindUnix() {
  REVERTD_RETURN_IF_ERROR(RemoveStale(address_.path, address_.is_datagram() ? SOCK_DGRAM : SOCK_STREAM));
  // Before bind() this sets what the file is made with: nobody else may connect until its own mode is set.
  ::fchmod(fd_, S_IRUSR | S_IWUSR);
  const sockaddr_un address = UnixAddress(address_.path);
  if (::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) return Failed("binding");
  bound_path_ = true;
  if (::chmod(address_.path.c_str(), mode_) != 0) return Failed("setting the socket's mode");
  return OkStatus();
}

Status SyslogSocket::BindInet() {
  const int on = 1;
  ::setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  int result = 0;
  if (address_.host.find(':') != std::string::npos) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(address_.port);
    ::inet_pton(AF_INET6, address_.host.c_str(), &address.sin6_addr);
    result = ::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  } else {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(address_.port);
    ::inet_pton(AF_INET, address_.host.c_str(), &address.sin_addr);
    result = ::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  }
  return result == 0 ? OkStatus() : Failed("binding");
}

void SyslogSocket::SetReceiveBuffer() {
  const int wanted = kReceiveBufferBytes;
  if (::setsockopt(fd_, SOL_SOCKET, SO_RCVBUFFORCE, &wanted, sizeof(wanted)) != 0) {
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &wanted, sizeof(wanted));
  }
  int given = 0;
  socklen_t size = sizeof(given);
  ::getsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &given, &size);
  // The kernel doubles what it gives, for its own bookkeeping.
  context_.Tell("opened", "the receive buffer has " + std::to_string(given / 2) + " bytes");
  naps_ = ReceiveBufferNaps(static_cast<size_t>(given));
}

void SyslogSocket::AskUnixQueue() {
  const std::optional<int64_t> length = UnixQueueLength();
  if (!length) return;
  const std::string warning = UnixQueueWarning(*length);
  context_.Tell("opened", warning.empty() ? "the kernel queues " + std::to_string(*length) + " datagrams" : warning);
  naps_ = UnixQueueNaps(*length);
}

uint16_t SyslogSocket::port() const {
  sockaddr_in6 address{};  // the port stands at the same place for both families
  socklen_t size = sizeof(address);
  ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin6_port);
}

void SyslogSocket::OnDatagrams(const EventLoop::Event& event) {
  if (event.error != 0) return OnFailure("receiving", event.error);
  const TimeNs now = context_.clock->Now();
  const size_t amount = TakeDatagrams();
  if (id_ == 0) return;
  loop_->Rest(id_, NapAfter(amount, now - last_read_ns_, naps_));
  last_read_ns_ = now;
}

size_t SyslogSocket::TakeDatagrams() {
  size_t amount = 0;
  for (int i = 0; i < kBatchesMax; ++i) {
    if (const int error = batch_->Receive(fd_); error != 0) {
      OnFailure("receiving", error);
      return 0;
    }
    amount += AddBatch();
    if (batch_->size() < DatagramBatch::kAtOnce) return amount;
  }
  return 0;
}

size_t SyslogSocket::AddBatch() {
  size_t bytes = 0;
  for (size_t i = 0; i < batch_->size(); ++i) {
    const std::string_view message = batch_->BytesOf(i);
    bytes += message.size();
    if (batch_->IsTruncated(i)) context_.counters->Add(Counter::kDatagramsTruncated);
    datagrams_->AddMessage(message);
  }
  context_.counters->Add(Counter::kDatagrams, batch_->size());
  return address_.is_unix() ? batch_->size() : ReceiveBufferCharge(batch_->size(), bytes);
}

void SyslogSocket::OnConnection(const EventLoop::Event& event) {
  if (event.error != 0) return OnFailure("accepting", event.error);
  if (connections_.size() >= kConnectionsMax) {
    context_.counters->Add(Counter::kConnectionsRefused);
    ::close(event.accepted);
    return;
  }
  context_.counters->Add(Counter::kConnections);
  const int fd = event.accepted;
  Connection& connection = *(connections_[fd] = std::make_unique<Connection>(&context_));
  connection.id = loop_->ReceiveStream(fd, [this, fd](const EventLoop::Event& piece) { OnPiece(fd, piece); });
}

void SyslogSocket::OnPiece(int fd, const EventLoop::Event& event) {
  Connection& connection = *connections_.at(fd);
  const SyslogFramer::Accept accept = [&](std::string_view piece) { connection.messages.Add(piece); };
  // A sender that is killed or restarted resets its connection: that is its end, and nothing of ours failed.
  if (event.error != 0 && event.error != ECONNRESET) context_.counters->Add(Counter::kReadErrors);
  bool understood = connection.framer.Feed(event.bytes, accept);
  const bool over = event.ended || event.error != 0;
  if (over) understood = connection.framer.End(accept);
  if (!understood) context_.counters->Add(Counter::kFramingErrors);
  if (over || !understood) CloseConnection(fd);
}

void SyslogSocket::CloseConnection(int fd) {
  const auto found = connections_.find(fd);
  found->second->messages.Flush();
  loop_->Remove(found->second->id);
  ::close(fd);
  connections_.erase(found);
}

bool SyslogSocket::Tick() {
  if (datagrams_ != nullptr) datagrams_->Flush();
  for (const auto& [fd, connection] : connections_) connection->messages.Flush();
  const TimeNs now = context_.clock->Now();
  if (retry_at_ns_ != 0 && now >= retry_at_ns_) Register();
  if (datagrams_ != nullptr && now - drops_asked_ns_ >= kTickNs) {
    drops_asked_ns_ = now;
    CountKernelDrops();
  }
  return false;
}

void SyslogSocket::CountKernelDrops() {
  const std::optional<uint32_t> drops = KernelDropsOf(fd_);
  if (!drops || *drops == kernel_drops_) return;
  context_.counters->Add(Counter::kKernelDrops, *drops - kernel_drops_);
  kernel_drops_ = *drops;
}

void SyslogSocket::Stop() {
  if (datagrams_ == nullptr) {
    while (!connections_.empty()) {
      Connection& connection = *connections_.begin()->second;
      connection.framer.End([&](std::string_view piece) { connection.messages.Add(piece); });
      CloseConnection(connections_.begin()->first);
    }
    return;
  }
  // What a nap let gather was sent before the stop. One turn's worth: a flood must not hold the stop up.
  TakeDatagrams();
  datagrams_->Flush();
  CountKernelDrops();
}

}  // namespace revertd
