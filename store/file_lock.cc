#include "store/file_lock.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>

#include "base/strings.h"

namespace revertd {
namespace {

// A process that was killed while it started git leaves a child that holds the lock until it becomes git or dies with
// its parent: milliseconds. Whoever starts again at once waits for that, and no longer.
constexpr int kTriesMax = 50;
constexpr int kTryEveryMs = 20;

std::string ErrorText(int error) { return std::generic_category().message(error); }

std::string OwnerOf(int file) {
  std::array<char, 32> text{};
  const ssize_t length = pread(file, text.data(), text.size(), 0);
  if (length <= 0) return "";
  const std::string_view process = Trim({text.data(), static_cast<size_t>(length)});
  return ParseUnsigned(process) ? " (process " + std::string(process) + ")" : "";
}

// The text is a courtesy: a full disk may refuse it and the lock holds all the same.
void WriteOwner(int file) {
  const std::string text = std::to_string(getpid()) + "\n";
  if (ftruncate(file, 0) != 0) return;
  [[maybe_unused]] const ssize_t written = pwrite(file, text.data(), text.size(), 0);
}

}  // namespace

StatusOr<std::unique_ptr<FileLock>> FileLock::Take(const std::string& path, const std::string& what) {
  // Close-on-exec: a git that outlives us must not keep our lock.
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) return Unavailable("cannot open the lock " + path + ": " + ErrorText(errno));
  int answer = flock(file, LOCK_EX | LOCK_NB);
  for (int tries = 0; answer != 0 && tries < kTriesMax && (errno == EWOULDBLOCK || errno == EINTR); ++tries) {
    poll(nullptr, 0, kTryEveryMs);
    answer = flock(file, LOCK_EX | LOCK_NB);
  }
  if (answer == 0) {
    WriteOwner(file);
    return std::unique_ptr<FileLock>(new FileLock(file));
  }
  const int error = errno;
  const std::string owner = OwnerOf(file);
  close(file);
  if (error == EWOULDBLOCK) return FailedPrecondition(what + " is in use by another revertd" + owner);
  return Unavailable("cannot lock " + path + ": " + ErrorText(error));
}

FileLock::~FileLock() { close(file_); }

}  // namespace revertd
