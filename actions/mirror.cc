#include "actions/mirror.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "actions/git.h"

namespace revertd {
namespace {

namespace fs = std::filesystem;
constexpr DurationNs kPollInterval = 50 * kMillisecondNs;

void RemoveLockFiles(const fs::path& folder, bool into_subfolders) {
  std::error_code error;
  std::vector<fs::path> dead;
  std::vector<fs::path> subfolders;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    std::error_code unreadable;
    if (entry->path().extension() == ".lock") dead.push_back(entry->path());
    if (into_subfolders && entry->is_directory(unreadable)) subfolders.push_back(entry->path());
  }
  for (const fs::path& path : dead) fs::remove(path, error);
  for (const fs::path& subfolder : subfolders) RemoveLockFiles(subfolder, true);
}

// What a fetch had received when it was killed. git itself only removes it in a gc, which never runs here, and each one
// may be as large as the whole history.
void RemoveHalfPacks(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> dead;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->path().filename().string().starts_with("tmp_")) dead.push_back(entry->path());
  }
  for (const fs::path& path : dead) fs::remove(path, error);
}

// What root makes in another user's state folder, that user's executor can neither lock nor write. Whoever made the
// executor's journal is that user; else the owner of the folder, or where it will stand.
Status CheckUser(const fs::path& state_folder) {
  if (geteuid() != 0) return OkStatus();
  struct stat found = {};
  bool is_found = stat((state_folder / "executor.db").c_str(), &found) == 0;
  for (fs::path path = state_folder; !is_found; path = path.parent_path()) {
    is_found = stat(path.empty() ? "." : path.c_str(), &found) == 0;
    if (path.empty() || path == path.root_path()) break;
  }
  if (!is_found || found.st_uid == 0) return OkStatus();
  return FailedPrecondition("the state folder " + state_folder.string() + " is that of the user with the id " +
                            std::to_string(found.st_uid) + ", and this is root: run it as that user, who could not " +
                            "use the mirrors any more otherwise");
}

}  // namespace

MirrorPaths MirrorPathsOf(const std::string& state_directory, const std::string& repo_name) {
  const std::string name = EncodeName(repo_name);
  return {state_directory + "/mirrors/" + name + ".git", state_directory + "/mirrors/" + name + ".lock",
          state_directory + "/worktrees/" + name};
}

StatusOr<std::unique_ptr<MirrorLock>> MirrorLock::Take(const MirrorPaths& paths, Clock* clock) {
  const fs::path folder = fs::path(paths.lock).parent_path();
  REVERTD_RETURN_IF_ERROR(CheckUser(folder.parent_path()));
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return Unavailable("making the folder of " + paths.lock + ": " + error.message());
  const int descriptor = open(paths.lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0660);
  if (descriptor < 0) return Unavailable("opening " + paths.lock + ": " + std::strerror(errno));
  for (DurationNs waited = 0;; waited += kPollInterval) {
    if (flock(descriptor, LOCK_EX | LOCK_NB) == 0) return std::unique_ptr<MirrorLock>(new MirrorLock(descriptor));
    const int reason = errno;
    if ((reason != EWOULDBLOCK && reason != EINTR) || waited >= kWaitMax) {
      close(descriptor);
      return Unavailable("locking " + paths.lock + ": " +
                         (reason == EWOULDBLOCK ? "another revertd holds it" : std::strerror(reason)));
    }
    clock->SleepFor(kPollInterval);
  }
}

MirrorLock::~MirrorLock() { close(descriptor_); }

void SweepMirror(const MirrorPaths& paths) {
  std::error_code error;
  fs::remove_all(paths.work_trees, error);
  RemoveLockFiles(paths.mirror, false);
  RemoveLockFiles(paths.mirror + "/refs", true);
  RemoveHalfPacks(paths.mirror + "/objects/pack");
  // git's record of a work tree points at the folder just removed, and a dead one would block its name.
  fs::remove_all(paths.mirror + "/worktrees", error);
}

}  // namespace revertd
