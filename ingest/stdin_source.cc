#include "ingest/stdin_source.h"

#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "ingest/byte_source.h"
#include "ingest/nap.h"

namespace revertd {

StdinSource::~StdinSource() {
  if (loop_ != nullptr) loop_->Remove(id_);
}

Status StdinSource::Start(EventLoop* loop) {
  REVERTD_RETURN_IF_ERROR(CheckReadable(fd_));
  WidenPipe(fd_);
  stream_ = context_.NewStream();
  loop_ = loop;
  id_ = loop_->WatchReadable(fd_, [this](const EventLoop::Event& event) { OnReadable(event); });
  return OkStatus();
}

void StdinSource::OnReadable(const EventLoop::Event& event) {
  int error = event.error;
  if (error == 0) {
    const std::span<char> space = stream_->Space();
    const ssize_t bytes = ::read(fd_, space.data(), space.size());
    if (bytes > 0) return Take(static_cast<size_t>(bytes));
    // Somebody else took the bytes of a shared non-blocking pipe, or a signal came: neither is an end.
    if (bytes < 0 && (errno == EAGAIN || errno == EINTR)) return;
    error = bytes < 0 ? errno : 0;
  }
  if (error != 0) {
    context_.counters->Add(Counter::kReadErrors);
    context_.Tell("failed", std::generic_category().message(error));
  }
  End();
}

void StdinSource::Take(size_t bytes) {
  // The wall clock, once a read: it guards against lines from the future, to the minute, and sees how busy we are.
  const TimeNs now = context_.clock->Now();
  loop_->Rest(id_, NapAfter(bytes, now - last_read_ns_, kPipeNaps));
  last_read_ns_ = now;
  stream_->Filled(bytes, now);
  context_.Heard(stream_->format());
}

void StdinSource::End() {
  loop_->Remove(id_);
  stream_->EndOfStream(context_.clock->Now());
  context_.recorder->Finish();
  context_.facts->ended.store(true);
  context_.Tell("ended", "");
}

}  // namespace revertd
