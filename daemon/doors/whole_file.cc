#include "daemon/doors/whole_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

namespace revertd {
namespace {

constexpr mode_t kFileMode = 0644;

Status Failed(const std::string& doing, const std::string& path, int error) {
  const std::string words = "cannot " + doing + " " + path + ": " + std::generic_category().message(error);
  return error == ENOENT ? NotFound(words) : Unavailable(words);
}

class Descriptor {
 public:
  Descriptor(const std::string& path, int flags) : number_(::open(path.c_str(), flags | O_CLOEXEC, kFileMode)) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int number() const { return number_; }
  bool open() const { return number_ >= 0; }
  // 0, or the system's error; some disks fail only here.
  int Close() {
    const int number = number_;
    number_ = -1;
    return ::close(number) == 0 ? 0 : errno;
  }

 private:
  int number_;
};

// 0, or the system's error.
int WriteAll(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    text.remove_prefix(static_cast<size_t>(written));
  }
  return ::fsync(descriptor) == 0 ? 0 : errno;
}

Status WriteBeside(const std::string& path, std::string_view text) {
  Descriptor file(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW);
  if (!file.open()) return Failed("write", path, errno);
  const int error = WriteAll(file.number(), text);
  const int close_error = file.Close();
  if (error != 0 || close_error != 0) return Failed("write", path, error != 0 ? error : close_error);
  return OkStatus();
}

Status SyncFolderOf(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const Descriptor file(folder.empty() ? "." : folder, O_RDONLY | O_DIRECTORY);
  if (!file.open() || ::fsync(file.number()) != 0) return Failed("sync the folder of", path, errno);
  return OkStatus();
}

StatusOr<FileVersion> VersionIn(const struct stat& found, const std::string& path) {
  if (!S_ISREG(found.st_mode)) return FailedPrecondition(path + " is no regular file");
  return FileVersion{.device = found.st_dev,
                     .inode = found.st_ino,
                     .bytes = found.st_size,
                     .changed_ns = found.st_mtim.tv_sec * kSecondNs + found.st_mtim.tv_nsec};
}

}  // namespace

Status WriteWholeFile(const std::string& path, std::string_view text) {
  // A fixed name: what a kill leaves behind, the next writing takes away.
  const std::string beside = path + ".new";
  Status status = WriteBeside(beside, text);
  if (status.ok() && std::rename(beside.c_str(), path.c_str()) != 0) status = Failed("write", path, errno);
  if (!status.ok()) {
    ::unlink(beside.c_str());
    return status;
  }
  return SyncFolderOf(path);
}

StatusOr<FileVersion> VersionOfFile(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return Failed("read", path, errno);
  return VersionIn(found, path);
}

StatusOr<FileText> ReadWholeFile(const std::string& path, size_t bytes_max) {
  const Descriptor file(path, O_RDONLY | O_NONBLOCK);
  struct stat found {};
  if (!file.open() || ::fstat(file.number(), &found) != 0) return Failed("read", path, errno);
  const StatusOr<FileVersion> version = VersionIn(found, path);
  if (!version.ok()) return version.status();
  const Status too_long = FailedPrecondition(path + " is longer than " + std::to_string(bytes_max) + " bytes");
  if (version->bytes > static_cast<int64_t>(bytes_max)) return too_long;
  FileText read{.version = *version, .text = {}};
  char buffer[64 * 1024];
  while (true) {
    const ssize_t count = ::read(file.number(), buffer, sizeof(buffer));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Failed("read", path, errno);
    if (count == 0) return read;
    read.text.append(buffer, static_cast<size_t>(count));
    if (read.text.size() > bytes_max) return too_long;  // it grew meanwhile
  }
}

}  // namespace revertd
