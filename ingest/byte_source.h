// ByteSource: where a recorded log's bytes come from. Live sources are event-driven (ingest/source.h).
//
// Thread contract: one thread. Invariant: when Read() has returned, nothing writes into the caller's memory any more.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "base/clock.h"
#include "base/status.h"

namespace revertd {

struct ReadResult {
  enum class Kind : uint8_t {
    kBytes,
    kTimeout,  // nothing came in time, or a signal asked for attention: look around and read again
    kEnd,
  };
  Kind kind = Kind::kEnd;
  size_t bytes = 0;  // of kBytes, at least 1
};

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Waits at most `timeout` for at least one byte. A status says that the stream cannot be read any further.
  virtual StatusOr<ReadResult> Read(std::span<char> into, DurationNs timeout) = 0;
};

// Whether bytes can be read from `fd` at all: it is open for reading and no directory.
Status CheckReadable(int fd);

// Asks for a pipe that holds up to kPipeBytes, so that the writer works on while we do not. Any other descriptor stays
// as it is, and so does a pipe where the kernel grants no more (fs.pipe-max-size, fs.pipe-user-pages-soft).
inline constexpr int kPipeBytes = 1024 * 1024;
void WidenPipe(int fd);

// Reads `fd` (a pipe, file, socket or terminal, which stays the caller's and outlives the source) through poll() and
// read(): one recorded log after the other needs no event loop. A status where `fd` itself cannot be read.
StatusOr<std::unique_ptr<ByteSource>> OpenByteSource(int fd);

}  // namespace revertd
