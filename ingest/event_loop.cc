#include "ingest/event_loop.h"

#include "ingest/poll_io.h"
#include "ingest/uring_io.h"

namespace revertd {

std::unique_ptr<EventLoop> OpenEventLoop(bool allow_uring, std::string* fallback_reason) {
  fallback_reason->clear();
  if (!allow_uring) {
    *fallback_reason = "io_uring was not asked for";
  } else if (auto loop = UringLoop::Open(fallback_reason); loop != nullptr) {
    return loop;
  }
  return std::make_unique<PollLoop>();
}

}  // namespace revertd
