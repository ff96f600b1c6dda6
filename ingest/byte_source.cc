#include "ingest/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <system_error>

#include "ingest/read_io.h"

namespace revertd {

Status CheckReadable(int fd) {
  struct stat about {};
  if (fstat(fd, &about) != 0) {
    return Unavailable("opening the log stream: " + std::generic_category().message(errno));
  }
  if (S_ISDIR(about.st_mode)) return Unavailable("opening the log stream: it is a directory");
  if ((fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY) {
    return Unavailable("opening the log stream: it is open for writing only");
  }
  return OkStatus();
}

void WidenPipe(int fd) {
  const int now = fcntl(fd, F_GETPIPE_SZ);
  if (now < 0) return;
  for (int wanted = kPipeBytes; wanted > now; wanted /= 2) {
    if (fcntl(fd, F_SETPIPE_SZ, wanted) >= 0) return;
  }
}

StatusOr<std::unique_ptr<ByteSource>> OpenByteSource(int fd) {
  REVERTD_RETURN_IF_ERROR(CheckReadable(fd));
  WidenPipe(fd);
  return std::unique_ptr<ByteSource>(std::make_unique<PollReadSource>(fd));
}

}  // namespace revertd
