// Files that change as a whole: a reader sees the old text or the new one, also after a crash of the machine. Any
// thread; one writer a file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/status.h"

namespace revertd {

// Written beside `path`, synced, and moved there. Unavailable: the disk failed, and what stood there still does.
// Everybody may read the file, as far as the umask lets them.
Status WriteWholeFile(const std::string& path, std::string_view text);

// Which file stands at a path, and which state of it.
struct FileVersion {
  uint64_t device = 0;
  uint64_t inode = 0;
  int64_t bytes = 0;
  TimeNs changed_ns = 0;  // its content, by the file system's clock

  bool operator==(const FileVersion&) const = default;
};

struct FileText {
  FileVersion version;  // that was there before the text was read
  std::string text;
};

// NotFound: there is none. FailedPrecondition: no regular file (a pipe would hold us up), or longer than `bytes_max`.
StatusOr<FileVersion> VersionOfFile(const std::string& path);
StatusOr<FileText> ReadWholeFile(const std::string& path, size_t bytes_max);

}  // namespace revertd
