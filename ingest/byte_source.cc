#include "ingest/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <system_error>

#include "ingest/read_io.h"
#include "ingest/uring_io.h"

namespace revertd {

StatusOr<std::unique_ptr<ByteSource>> OpenByteSource(int fd, bool allow_uring, std::string* fallback_reason) {
  struct stat about {};
  if (fstat(fd, &about) != 0) {
    return Unavailable("opening the log stream: " + std::generic_category().message(errno));
  }
  if (S_ISDIR(about.st_mode)) return Unavailable("opening the log stream: it is a directory");
  if ((fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY) {
    return Unavailable("opening the log stream: it is open for writing only");
  }
  fallback_reason->clear();
  if (!allow_uring) {
    *fallback_reason = "io_uring was not asked for";
  } else if (auto uring = UringSource::Open(fd, fallback_reason); uring != nullptr) {
    return std::unique_ptr<ByteSource>(std::move(uring));
  }
  return std::unique_ptr<ByteSource>(std::make_unique<PollReadSource>(fd));
}

}  // namespace revertd
