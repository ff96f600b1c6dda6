// ByteStream: what a source pours its bytes into, whatever they mean: lines of access logs (log_stream.h), or error
// events, one a line (sentry_stream.h).
//
// Use: read into Space(), say how much with Filled(); at the end of the stream EndOfStream(). Thread contract: one
// thread. A call is of a whole read, never of a line.
#pragma once

#include <cstddef>
#include <span>

#include "base/clock.h"
#include "ingest/format/format.h"

namespace revertd {

class ByteStream {
 public:
  virtual ~ByteStream() = default;
  virtual std::span<char> Space() = 0;
  // Takes every line that the first `bytes` of Space() complete.
  virtual void Filled(size_t bytes, TimeNs wall_now) = 0;
  // Takes the unterminated last line, if there is one. Nothing may come after it.
  virtual void EndOfStream(TimeNs wall_now) = 0;
  // The format of the access log; nullptr: not known yet, or none.
  virtual const Format* format() const = 0;
  // Whether the line that comes next may be the rest of one that was begun in a wrapper's piece (CRI, docker).
  virtual bool HoldsPieces() const = 0;
};

}  // namespace revertd
