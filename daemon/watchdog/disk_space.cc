#include "daemon/watchdog/disk_space.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <limits>
#include <system_error>

namespace revertd {

StatusOr<int64_t> FreeBytesBeside(const std::string& file) {
  const std::filesystem::path folder = std::filesystem::path(file).parent_path();
  const std::string path = folder.empty() ? "." : folder.string();
  struct statvfs disk = {};
  if (::statvfs(path.c_str(), &disk) != 0) {
    return Unavailable("asking how full the disk of " + path + " is: " + std::generic_category().message(errno));
  }
  constexpr auto kMost = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  const uint64_t blocks_max = kMost / std::max<uint64_t>(disk.f_frsize, 1);
  return static_cast<int64_t>(std::min<uint64_t>(disk.f_bavail, blocks_max) * disk.f_frsize);
}

}  // namespace revertd
