// IngestLoop: reads one source to its end into its LogStream.
//
// Thread contract: Run() on one thread, the writer of `counters`, the ring behind `recorder` and the table behind
// `router`; `stop` may be set by any thread or signal handler. Invariant: no allocation, lock or system call per line.
#pragma once

#include <atomic>
#include <functional>

#include "base/clock.h"
#include "base/counters.h"
#include "base/status.h"
#include "ingest/byte_source.h"
#include "ingest/log_stream.h"

namespace revertd {

class IngestLoop {
 public:
  struct Options {
    bool seal_at_end = true;  // false: another stream follows into the same windows
    // How long a silent stream may keep a stop waiting.
    DurationNs poll_ns = 200 * kMillisecondNs;
    ReaderOptions reader{};
    SimdKernel kernel = BestKernel();
  };
  // Called after each read that brought lines into the windows, after each silent `poll_ns`, and at the end.
  using OnBatch = std::function<void()>;

  // Everything pointed to outlives the loop. `fixed` nullptr: each line's format is found out.
  IngestLoop(const Options& options, ByteSource* source, const Format* fixed, Router* router, Recorder* recorder,
             Counters* counters, const Clock* clock, OnBatch on_batch);

  // Until the stream ends or `stop`. A stop seals what was counted and leaves the unfinished line unread. A status:
  // the stream cannot be read; what came before it is recorded and sealed.
  Status Run(const std::atomic<bool>& stop);

  const Format* format() const { return stream_.format(); }

 private:
  void Finish();

  const Options options_;
  ByteSource* const source_;
  Recorder* const recorder_;
  Counters* const counters_;
  const Clock* const clock_;
  const OnBatch on_batch_;
  LogStream stream_;
};

}  // namespace revertd
