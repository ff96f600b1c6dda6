// LogStream: one stream of log bytes on its way into the windows: split, parse, route, record. Where the bytes come
// from is its owner's business: a file descriptor (ingest_loop.h), a followed file, a socket.
//
// Use: read into Space(), say how much with Filled(); at the end of the stream EndOfStream(). Thread contract: one
// thread, the writer of `counters`, the ring behind `recorder` and the table behind `router`. Invariant: no allocation,
// lock or system call per line; every line ends as one sample or one counted drop.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "base/clock.h"
#include "base/counters.h"
#include "ingest/format_detector.h"
#include "ingest/line_splitter.h"
#include "ingest/recorder.h"
#include "ingest/router.h"

namespace revertd {

class LogStream {
 public:
  // Everything pointed to outlives the stream. `fixed` nullptr: each line's format is found out.
  LogStream(const Format* fixed, const ReaderOptions& options, Router* router, Recorder* recorder, Counters* counters);

  std::span<char> Space() { return splitter_.Space(); }
  // Records every line that the first `bytes` of Space() complete.
  void Filled(size_t bytes, TimeNs wall_now);
  // Records the unterminated last line, if there is one. Nothing may come after it.
  void EndOfStream(TimeNs wall_now);

  const Format* format() const { return detector_.chosen(); }

 private:
  void RecordLines(TimeNs wall_now);
  void RecordLine(std::string_view line, TimeNs wall_now);

  Router* const router_;
  Recorder* const recorder_;
  Counters* const counters_;
  LineSplitter splitter_;
  FormatDetector detector_;
};

}  // namespace revertd
