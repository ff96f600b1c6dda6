// StdinSource: a pipe, a file or a terminal that somebody opened for us, read until it ends. Under a load of small
// writes it is read after naps (ingest/nap.h), and a pipe is widened, so that the writer does not wait meanwhile.
//
// Thread contract: the ingest thread. What comes through a pipe cannot be read again: lines of seconds that were not
// kept when the process was killed are lost with it.
#pragma once

#include <memory>

#include "ingest/source.h"

namespace revertd {

class StdinSource final : public Source {
 public:
  // `fd` stays the caller's and outlives the source.
  StdinSource(int fd, SourceContext context) : fd_(fd), context_(std::move(context)) {}
  ~StdinSource() override;

  Status Start(EventLoop* loop) override;
  bool Tick() override { return false; }
  // The unfinished line stays in the pipe's past, as it does in a kill.
  void Stop() override {}

 private:
  void OnReadable(const EventLoop::Event& event);
  void Take(size_t bytes);
  void End();

  const int fd_;
  const SourceContext context_;
  EventLoop* loop_ = nullptr;
  EventLoop::Id id_ = 0;
  std::unique_ptr<ByteStream> stream_;
  TimeNs last_read_ns_ = 0;
};

}  // namespace revertd
