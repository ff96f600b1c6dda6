#include "actions/records.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "actions/git.h"
#include "base/digest.h"

namespace revertd {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kFolderMode = 0750;
constexpr mode_t kFileMode = 0640;
constexpr size_t kDigestDigits = 32;

Status Failed(const std::string& doing, const std::string& path, int error) {
  return Unavailable("cannot " + doing + " " + path + ": " + std::generic_category().message(error));
}

class File {
 public:
  File(const std::string& path, int flags) : descriptor_(::open(path.c_str(), flags | O_CLOEXEC, kFileMode)) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  bool open() const { return descriptor_ >= 0; }
  // 0, or the system's error.
  int WriteAll(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t written = ::write(descriptor_, text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return errno;
      text.remove_prefix(static_cast<size_t>(written));
    }
    return 0;
  }
  int Sync() const { return ::fsync(descriptor_) == 0 ? 0 : errno; }
  // Some disks fail only here.
  int Close() {
    const int descriptor = descriptor_;
    descriptor_ = -1;
    return ::close(descriptor) == 0 ? 0 : errno;
  }

 private:
  int descriptor_;
};

Status MakeFolder(const fs::path& folder) {
  if (::mkdir(folder.c_str(), kFolderMode) == 0) return OkStatus();
  const int error = errno;
  std::error_code ignored;
  if (error == EEXIST && fs::is_directory(folder, ignored)) return OkStatus();
  return Failed("make the folder", folder.string(), error);
}

Status SyncFolder(const std::string& folder) {
  const File file(folder, O_RDONLY | O_DIRECTORY);
  if (!file.open()) return Failed("open", folder, errno);
  const int error = file.Sync();
  return error == 0 ? OkStatus() : Failed("sync", folder, error);
}

// A fixed name: what a kill leaves behind, the next writing takes away.
Status WriteBeside(const std::string& path, std::string_view text) {
  File file(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW);
  if (!file.open()) return Failed("write", path, errno);
  int error = file.WriteAll(text);
  if (error == 0) error = file.Sync();
  const int close_error = file.Close();
  if (error == 0) error = close_error;
  return error == 0 ? OkStatus() : Failed("write", path, error);
}

}  // namespace

std::string RecordName(std::string_view id) {
  std::string name = EncodeName(id);
  if (name.size() <= kRecordNameBytesMax) return name;
  name.resize(kRecordNameBytesMax - kDigestDigits - 1);
  return name + "-" + Sha256Hex(id).substr(0, kDigestDigits);
}

RecordFolder::RecordFolder(std::string_view state_folder) : folder_(std::string(state_folder) + "/records") {}

std::string RecordFolder::MarkdownPath(std::string_view trigger_id) const {
  return folder_ + "/" + RecordName(trigger_id) + ".md";
}

std::string RecordFolder::ChartPath(std::string_view trigger_id) const { return folder_ + "/" + ChartName(trigger_id); }

std::string RecordFolder::ChartName(std::string_view trigger_id) { return RecordName(trigger_id) + ".svg"; }

std::string RecordFolder::DeployLogPath(std::string_view deploy_id) const {
  return folder_ + "/deploys/" + RecordName(deploy_id) + ".md";
}

std::string RecordFolder::ReleasePath(std::string_view release_id) const {
  return folder_ + "/releases/" + RecordName(release_id) + ".json";
}

Status RecordFolder::Write(const std::string& path, std::string_view text) const {
  const std::string folder = fs::path(path).parent_path().string();
  REVERTD_RETURN_IF_ERROR(MakeFolder(folder_));
  if (folder != folder_) REVERTD_RETURN_IF_ERROR(MakeFolder(folder));
  const std::string beside = path + ".tmp";
  Status status = WriteBeside(beside, text);
  if (status.ok() && std::rename(beside.c_str(), path.c_str()) != 0) status = Failed("write", path, errno);
  if (!status.ok()) {
    ::unlink(beside.c_str());
    return status;
  }
  return SyncFolder(folder);
}

bool RecordFolder::Exists(const std::string& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

}  // namespace revertd
