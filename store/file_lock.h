// FileLock: an advisory lock on a file of its own, for "one writer of this database". flock(2) belongs to the open
// file, so the kernel releases it when the process dies, however it dies; nothing stale is ever left to clean up. The
// file's text is the owner's process id, for the message that the second one gets, and decides nothing.
//
// Thread contract: immutable after Take.
#pragma once

#include <memory>
#include <string>

#include "base/status.h"

namespace revertd {

class FileLock {
 public:
  // FailedPrecondition where another one holds it. `what` is what the lock protects, for the message.
  static StatusOr<std::unique_ptr<FileLock>> Take(const std::string& path, const std::string& what);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  explicit FileLock(int file) : file_(file) {}

  const int file_;
};

}  // namespace revertd
