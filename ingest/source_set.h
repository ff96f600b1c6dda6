// SourceSet: all sources of a configuration on one thread: wait, read, seal, tell.
//
// Each source has its own counters, streams and recorder; they share the event loop, the router, the ring and the
// watermark. Thread contract: Open() before Run(); Run() on one thread, the writer of the ring, the table and all
// counters; views() may be read by any thread after Open(). `stop` may be set by any thread.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/counters.h"
#include "base/service_table.h"
#include "base/sinks.h"
#include "base/status.h"
#include "base/window_ring.h"
#include "config/config.h"
#include "ingest/detail_finder.h"
#include "ingest/event_loop.h"
#include "ingest/recorder.h"
#include "ingest/refusal_watch.h"
#include "ingest/router.h"
#include "ingest/source.h"
#include "ingest/watermark.h"

namespace revertd {

// Not one of access logs (ingest/format/format.h): error events, one a line.
inline constexpr std::string_view kSentryFormat = "sentry";

class SourceSet {
 public:
  struct Options {
    bool use_io_uring = true;
    SimdKernel kernel = BestKernel();
    int64_t counted_through = kNoSecond;    // the newest second that a process before this one kept
    std::vector<FilePosition> positions{};  // of that process
    int stdin_fd = 0;
  };
  struct Hooks {
    MakeRoom make_room;
    std::function<void()> on_batch;  // after each wait: something may have been counted or sealed
    OnSourceEvent on_event;
    PositionSink* positions = nullptr;  // may be null
    ErrorSink* errors = nullptr;        // needed by sources of format kSentryFormat alone
  };
  // What other threads may see of one source.
  struct View {
    std::string name;  // "stdin", "file:PATH", "syslog:ADDRESS"
    const Counters* counters;
    const SourceFacts* facts;
  };

  // Everything pointed to outlives the set.
  SourceSet(const Config& config, ServiceTable* services, WindowRing* ring, const Clock* clock, Hooks hooks);
  ~SourceSet();

  // Makes every source and opens it. A status names the source that cannot work as it is configured.
  Status Open(const Options& options);
  // Until every source has ended or `stop`. A status: there is no waiting any more.
  Status Run(const std::atomic<bool>& stop);

  const std::vector<View>& views() const { return views_; }
  // Any thread: whether a source that has not ended told nothing for longer than its stale_after: it is silent, or none
  // of its lines can be counted (another format, a clock that was set).
  bool HasStale() const;
  // "io_uring" or "poll", and in words why not the former; after Open().
  std::string_view loop_name() const { return loop_->name(); }
  const std::string& fallback_reason() const { return fallback_reason_; }

 private:
  struct Member {
    std::string name;
    DurationNs stale_after_ns;
    bool may_be_silent;  // of error events none is good news; what cannot be read is told all the same
    std::unique_ptr<const Format> custom_format;
    Counters counters;
    SourceFacts facts;
    RefusalWatch refusals;
    std::unique_ptr<Recorder> recorder;
    std::unique_ptr<Source> source;
  };

  Status Add(const SourceConfig& config, const Options& options);
  StatusOr<SourceContext> ContextOf(const SourceConfig& config, const Options& options, Member* member);
  void Seal(TimeNs now);
  void CheckStale(TimeNs now);
  // Why a source tells nothing; empty: it tells something.
  static std::string WhyStale(Member* member, TimeNs monotonic);
  void TellPositions();
  void Finish();
  bool AllEnded() const;
  // Whether every line of an open second can be read again after a restart.
  bool IsRereadable() const;

  const Config& config_;
  WindowRing* const ring_;
  const Clock* const clock_;
  const Hooks hooks_;
  Router router_;
  DetailFinder details_;
  Watermark watermark_;
  std::string fallback_reason_;
  std::unique_ptr<EventLoop> loop_;
  std::vector<std::unique_ptr<Member>> members_;
  std::vector<View> views_;
  std::optional<int64_t> told_through_;  // positions were told through this second
};

// The name of a source in status, events and messages.
std::string NameOf(const SourceConfig& config);

}  // namespace revertd
