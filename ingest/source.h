// Source: one place that log bytes come from, as the configuration names it: standard input, a followed file, a syslog
// socket. Each has its own counters and its own streams; all of them share one event loop, one ring and one thread.
//
// Thread contract: the ingest thread calls everything; another thread may read counters and facts.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/counters.h"
#include "base/sinks.h"
#include "base/status.h"
#include "ingest/error_sink.h"
#include "ingest/event_loop.h"
#include "ingest/log_stream.h"

namespace revertd {

// What happened to a source, for people: printed as an event and on stderr.
struct SourceEvent {
  std::string_view source;
  std::string_view
      what;  // "format", "waiting", "opened", "rotated", "truncated", "lost", "stale", "live", "ended", "failed"
  std::string detail;
  TimeNs time_ns = 0;
};
using OnSourceEvent = std::function<void(const SourceEvent&)>;

// What any thread may ask while the source runs.
struct SourceFacts {
  std::atomic<TimeNs> last_bytes_ns{0};  // wall time; of a source that never spoke, when it was opened
  std::atomic<TimeNs> heard_ns{0};       // the same by Clock::Monotonic: a clock that is set makes nobody silent
  std::atomic<const Format*> format{nullptr};
  std::atomic<bool> stale{false};
  // As what most lines since the newest counted one were refused; kCount: none was.
  std::atomic<Counter> refused_as{Counter::kCount};
  std::atomic<bool> ended{false};
};

// What a source makes its streams of. Everything pointed to outlives it.
struct SourceContext {
  std::string_view name;
  const Format* fixed = nullptr;  // null: found out
  ReaderOptions options;
  SimdKernel kernel = BestKernel();
  Router* router = nullptr;
  Recorder* recorder = nullptr;
  Watermark* watermark = nullptr;
  Counters* counters = nullptr;
  SourceFacts* facts = nullptr;
  const Clock* clock = nullptr;
  OnSourceEvent on_event;
  // Of a source of error events instead of an access log: where they go, and the tag that names their service.
  ErrorSink* errors = nullptr;
  std::string service_tag = {};

  std::unique_ptr<ByteStream> NewStream() const;
  void Tell(std::string_view what, std::string detail) const {
    if (on_event) on_event({.source = name, .what = what, .detail = std::move(detail), .time_ns = clock->Now()});
  }
  // Bytes came. The format that they are read in is told once it is known, and whenever it changes.
  void Heard(const Format* format) const;
};

class Source {
 public:
  virtual ~Source() = default;
  // Opens what can be opened and registers with the loop. A status: this source can never work as it is configured.
  virtual Status Start(EventLoop* loop) = 0;
  // Called after every wait, at least every kTickNs: time passes, and a file may have more to read.
  // True: call again at once, there is more.
  virtual bool Tick() = 0;
  // Records what is left and lets go.
  virtual void Stop() = 0;
  // Where to read again from once everything through `sealed_second` is kept; empty where nothing can be read again.
  virtual std::vector<FilePosition> PositionsAt(int64_t sealed_second) {
    static_cast<void>(sealed_second);
    return {};
  }
};

// How long the ingest thread waits at most: a stop, a rotation without notice and a stale stream are seen within it.
inline constexpr DurationNs kTickNs = 200 * kMillisecondNs;

}  // namespace revertd
