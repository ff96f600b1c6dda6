#include "daemon/output.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "base/strings.h"

namespace revertd {
namespace {

constexpr size_t kFlushBytes = size_t{64} * 1024;
constexpr int kPollMilliseconds = 100;
constexpr std::chrono::seconds kFarewell{1};

// Writes all of `text`, waiting for a slow reader. `fd` may be non-blocking.
Status WriteFully(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<size_t>(written));
    } else if (errno == EAGAIN) {
      pollfd wait{fd, POLLOUT, 0};
      ::poll(&wait, 1, -1);
    } else if (errno != EINTR) {
      return Unavailable(std::string("cannot write to stdout: ") + std::strerror(errno));
    }
  }
  return OkStatus();
}

}  // namespace

void Say(std::string_view words) {
  std::string line = "revertd: ";
  line += Printable(words);
  line += '\n';
  // One write, so that lines of several threads do not mix. Nobody is left to tell if stderr is gone.
  [[maybe_unused]] const ssize_t ignored = ::write(STDERR_FILENO, line.data(), line.size());
}

bool IsTerminal(int fd) { return ::isatty(fd) == 1; }

Status OutputWriter::Line(std::string_view line) {
  buffer_ += line;
  buffer_ += '\n';
  return buffer_.size() < kFlushBytes ? OkStatus() : Flush();
}

Status OutputWriter::Flush() {
  Status status = WriteFully(fd_, buffer_);
  buffer_.clear();
  return status;
}

Status PrintLine(std::string_view line) {
  OutputWriter out(STDOUT_FILENO);
  REVERTD_RETURN_IF_ERROR(out.Line(line));
  return out.Flush();
}

EventPrinter::EventPrinter(int fd) : fd_(fd), thread_([this] { Run(); }) {}

EventPrinter::~EventPrinter() {
  std::unique_lock lock(mutex_);
  ending_ = true;
  wake_.notify_all();
  if (!wake_.wait_for(lock, kFarewell, [this] { return backlog_.empty(); })) give_up_.store(true);
  lock.unlock();
  thread_.join();
}

void EventPrinter::Print(std::string line) {
  const std::lock_guard lock(mutex_);
  if (backlog_.size() >= kBacklogMax) {
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  line += '\n';
  backlog_.push_back(std::move(line));
  wake_.notify_all();
}

void EventPrinter::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return ending_ || !backlog_.empty(); });
    if (backlog_.empty() || give_up_.load()) return;
    const std::string line = backlog_.front();
    lock.unlock();
    const bool written = WriteAll(line);
    lock.lock();
    backlog_.pop_front();
    if (!written && dropped_.fetch_add(1, std::memory_order_relaxed) == 0) {
      Say("an event could not be written to stdout; events go on in the state (events_dropped counts them)");
    }
    wake_.notify_all();
  }
}

bool EventPrinter::WriteAll(std::string_view text) {
  while (!text.empty()) {
    pollfd wait{fd_, POLLOUT, 0};
    if (::poll(&wait, 1, kPollMilliseconds) == 0) {
      if (give_up_.load()) return false;
      continue;
    }
    // PIPE_BUF bytes at most: a pipe that polls writable takes that much without blocking.
    const ssize_t written = ::write(fd_, text.data(), std::min<size_t>(text.size(), 4096));
    if (written < 0 && errno != EINTR && errno != EAGAIN) return false;
    if (written > 0) text.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

}  // namespace revertd
