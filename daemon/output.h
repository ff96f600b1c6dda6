// Where the process's words go: machine output as NDJSON on stdout, people's words on stderr.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "base/status.h"

namespace revertd {

// One line for a person on stderr: "revertd: WORDS", made Printable. Thread-safe.
void Say(std::string_view words);

bool IsTerminal(int fd);

// Buffered writer for commands that print much. A slow reader slows the command down and loses nothing; a reader that
// went away ends it with one Status. One thread.
class OutputWriter {
 public:
  explicit OutputWriter(int fd) : fd_(fd) {}
  Status Line(std::string_view line);
  Status Flush();

 private:
  const int fd_;
  std::string buffer_;
};

// One line on stdout, at once.
Status PrintLine(std::string_view line);

// Prints the sidecar's events from a thread of its own, so that a reader that stalls can never stall detection or a
// rollback. Events wait in a bounded backlog; beyond it they are dropped from stdout and counted (they are all in the
// store as well). Thread-safe.
class EventPrinter {
 public:
  static constexpr size_t kBacklogMax = 10'000;

  explicit EventPrinter(int fd);
  ~EventPrinter();  // prints what it can within a second, then gives up

  void Print(std::string line);
  uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  void Run();
  bool WriteAll(std::string_view text);

  const int fd_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::string> backlog_;
  bool ending_ = false;
  std::atomic<bool> give_up_{false};
  std::atomic<uint64_t> dropped_{0};
  std::thread thread_;
};

}  // namespace revertd
