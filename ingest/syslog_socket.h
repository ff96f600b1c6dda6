// SyslogSocket: log lines as syslog, over unix and UDP datagrams (one message a datagram) or unix and TCP streams
// (ingest/syslog_framer.h, several connections).
//
// A datagram socket cannot push back over a network: what the kernel drops because the receive buffer is full is read
// from it and counted (kKernelDrops). On a unix datagram socket the sender waits or drops by itself; the kernel counts
// neither (ingest/unix_queue.h), so a sender that drops must be asked (HAProxy counts dropped logs, nginx does not).
// Under load a datagram socket is read after naps (ingest/nap.h), as far as its queue has the room: a UDP socket's
// receive buffer, a unix socket's only where the kernel was told to queue as many as are wanted.
// Thread contract: the ingest thread.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "config/listen_address.h"
#include "ingest/datagram_batch.h"
#include "ingest/message_stream.h"
#include "ingest/nap.h"
#include "ingest/source.h"
#include "ingest/syslog_framer.h"

namespace revertd {

class SyslogSocket final : public Source {
 public:
  // Wanted of the kernel; it gives at most net.core.rmem_max to those without CAP_NET_ADMIN. A quarter of a second of
  // the largest balancers, for the moments when this thread does not run.
  static constexpr int kReceiveBufferBytes = 16 * 1024 * 1024;
  // Connections at once: each holds a stream's buffers. More are refused and counted.
  static constexpr size_t kConnectionsMax = 64;
  // After accept() or a receive failed (no descriptor, no memory): at once it would fail again, as fast as it is asked.
  static constexpr DurationNs kRetryAfter = kSecondNs;

  // `mode` is the socket file's permissions.
  SyslogSocket(ListenAddress address, unsigned mode, SourceContext context);
  ~SyslogSocket() override;

  Status Start(EventLoop* loop) override;
  bool Tick() override;
  void Stop() override;
  // The address that is listened on, with the port that the kernel chose.
  uint16_t port() const;

 private:
  struct Connection {
    explicit Connection(const SourceContext* context) : messages(context) {}
    EventLoop::Id id = 0;
    SyslogFramer framer;
    MessageStream messages;
  };

  Status Listen();
  Status BindUnix();
  Status BindInet();
  void SetReceiveBuffer();
  void AskUnixQueue();
  // Asks the loop for what comes; asked again kRetryAfter a failure.
  void Register();
  void OnFailure(std::string_view doing, int error);
  void OnDatagrams(const EventLoop::Event& event);
  // Takes what the kernel has queued and answers how much that was, as `naps_` counts it; 0 where more is left.
  size_t TakeDatagrams();
  // Answers as TakeDatagrams() does.
  size_t AddBatch();
  void OnConnection(const EventLoop::Event& event);
  void OnPiece(int fd, const EventLoop::Event& event);
  void CloseConnection(int fd);
  void CountKernelDrops();

  const ListenAddress address_;
  const unsigned mode_;
  const SourceContext context_;
  EventLoop* loop_ = nullptr;
  EventLoop::Id id_ = 0;
  int fd_ = -1;
  TimeNs retry_at_ns_ = 0;   // 0: registered
  bool bound_path_ = false;  // the socket's file is ours to remove
  std::unique_ptr<MessageStream> datagrams_;
  std::unique_ptr<DatagramBatch> batch_;
  NapLimits naps_{.busy = 1, .gather = 0};
  TimeNs last_read_ns_ = 0;
  std::map<int, std::unique_ptr<Connection>> connections_;  // by descriptor
  uint32_t kernel_drops_ = 0;
  TimeNs drops_asked_ns_ = 0;
};

}  // namespace revertd
