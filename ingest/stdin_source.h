// StdinSource: a pipe, a file or a terminal that somebody opened for us, read until it ends.
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
  void End();

  const int fd_;
  const SourceContext context_;
  EventLoop* loop_ = nullptr;
  EventLoop::Id id_ = 0;
  std::unique_ptr<LogStream> stream_;
};

}  // namespace revertd
