// Recorder: puts one stream's parsed requests into the window ring and moves the watermark (ingest/watermark.h):
// seconds at or below it are sealed and belong to analysis.
//
// A line whose time cannot be believed moves nothing: live, one from more than kFutureSecondsMax ahead of the wall
// clock is dropped; in a replay, one as far ahead of its neighbours waits in ingest/jump_guard.h.
// Thread contract: one thread, the ring's writer; several streams of one ring share a Watermark. Invariant: every
// record ends as one sample or one counted drop, so that lines_read = lines_sampled + the sum of the drops (IsDrop).
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>

#include "base/counters.h"
#include "base/limits.h"
#include "base/time_zone.h"
#include "base/window_ring.h"
#include "ingest/detail_finder.h"
#include "ingest/format/access_record.h"
#include "ingest/jump_guard.h"
#include "ingest/watermark.h"

namespace revertd {

// Called when the ring has no room because analysis has not taken its oldest second. Answers whether trying again is
// worth it: replay pumps analysis inline, the sidecar waits for the collector up to a limit.
using MakeRoom = std::function<bool()>;

// 499 (nginx: the client went away) and 0 (Caddy, HAProxy: no answer was sent) are aborted; 009, an answer without a
// status line, is no error of anybody, nor is one without any (kStatusNotLogged).
constexpr StatusClass ClassByRules(int status) {
  constexpr int kClientClosedRequest = 499;
  if (status == 0 || status == kClientClosedRequest) return StatusClass::kAborted;
  if (status < 100) return StatusClass::k2xx;
  if (status < 200) return StatusClass::k1xx;
  if (status < 300) return StatusClass::k2xx;
  if (status < 400) return StatusClass::k3xx;
  if (status < 500) return StatusClass::k4xx;
  // Above 599 no standard speaks; those seen (999) turn robots away, they are no failure of the service.
  return status < 600 ? StatusClass::k5xx : StatusClass::k4xx;
}
// The statuses of a log are mixed: by rules their classes would cost a wrong guess every few lines.
inline constexpr auto kClassByStatus = [] {
  std::array<StatusClass, 1000> classes{};
  for (size_t i = 0; i < classes.size(); ++i) classes[i] = ClassByRules(static_cast<int>(i));
  return classes;
}();
inline StatusClass StatusClassOf(int status) {
  const auto place = static_cast<size_t>(status);  // of a negative one beyond every table
  return place < kClassByStatus.size() ? kClassByStatus[place] : ClassByRules(status);
}

class Recorder {
 public:
  struct Options {
    int64_t lateness_seconds = kLatenessSecondsDefault;  // 0 to kLatenessSecondsMax
    bool live = false;  // lines cannot come from the future; a replay's clock is the log's own
    size_t lines_agree = JumpGuard::kLinesAgree;  // of a replay
    // Of the times that are logged without one.
    TimeZone zone{};
    // Lines up to this second were counted by the process before this one (kLinesAlreadyCounted).
    int64_t counted_through = kNoSecond;
    // Of all recorders of the ring; nullptr: routes and cohorts are not counted. A line that was held has neither of
    // them nor saturation: its text is gone.
    DetailFinder* details = nullptr;
  };

  // The one stream of its ring.
  Recorder(const Options& options, WindowRing* ring, Counters* counters, MakeRoom make_room);
  // One of several; `watermark` outlives it and has the lateness of `options`.
  Recorder(const Options& options, Watermark* watermark, WindowRing* ring, Counters* counters, MakeRoom make_room);

  void Record(const AccessRecord& record, ServiceId service, TimeNs wall_now) {
    // The usual line: of a second that is believed and begun, and counted by nothing but its service.
    if (record.end_ns < plain_before_ns_) [[likely]] {
      const WindowRing::AddResult result = ring_->Add(SampleOf(record, service), LoadOf(record));
      if (WindowRing::IsCounted(result)) [[likely]] {
        counters_->Add(Counter::kLinesSampled);
        if (result == WindowRing::AddResult::kCountedLate) counters_->Add(Counter::kLinesLate);
        return;
      }
    }
    RecordWithCare(record, service, wall_now);
  }
  // Something other than a request happened at `at_ns` (0: not said): time goes on as by a line's. False: its second
  // was counted by the process before this one, or is not believed; counted as a line's drop.
  bool Believe(TimeNs at_ns, TimeNs wall_now);
  // `record` comes soon, as one of `service`.
  void Expect(const AccessRecord& record, ServiceId service) const {
    ring_->Expect(service, ClassOf(record), record.duration_ns);
  }
  // Bytes came: this stream is not idle.
  void Heard(TimeNs wall_now) { watermark_->Heard(stream_, wall_now); }
  // The stream has ended: seals every second that was counted. Of several streams: believes what was held, and holds
  // the others back no more.
  void Finish();

  // What it reads of a record besides times, status, bytes and saturation.
  bool counts_routes() const { return options_.details != nullptr && options_.details->counts_routes(); }
  bool counts_cohorts() const { return options_.details != nullptr && options_.details->counts_cohorts(); }
  // Seconds through this one are told by its lines so far; kNoSecond before the first.
  int64_t newest_second() const { return newest_second_; }
  size_t stream() const { return stream_; }  // its number in the watermark

 private:
  // Of one line. A guard against a MakeRoom that never gives up, not a wait: the wait and its length are MakeRoom's.
  static constexpr int kMakeRoomTriesMax = 10'000;

  static StatusClass ClassOf(const AccessRecord& record) {
    return record.aborted ? StatusClass::kAborted : StatusClassOf(record.status);
  }
  static Sample SampleOf(const AccessRecord& record, ServiceId service) {
    return {.service = service,
            .status_class = ClassOf(record),
            .end_ns = record.end_ns,
            .start_ns = record.start_ns,
            .duration_ns = record.duration_ns,
            .bytes = record.bytes};
  }
  static SampleLoad LoadOf(const AccessRecord& record) {
    return {.queue_ns = record.queue_ns, .connect_ns = record.connect_ns, .queue_length = record.queue_length};
  }
  // A log without offsets from UTC shows an hour twice when clocks are set back, and its readers mean the first pass.
  // The second one it is where that is near the lines before it or, live, near now, and the first is not.
  Sample InItsPass(const Sample& sample, TimeNs wall_now) const;
  // Any line: one that makes time go on, is not believed, has places, or was refused by the ring.
  void RecordWithCare(const AccessRecord& record, ServiceId service, TimeNs wall_now);
  // The start of the first second whose lines are not plain; none are where places are looked for.
  TimeNs PlainBefore() const;
  // A line ahead of what is trusted, or any line while others are held.
  void Suspect(const Sample& sample, const AccessRecord& record, TimeNs wall_now);
  void AdmitHeld();
  void TrustFrom(int64_t second);
  // `record` nullptr: the line is gone, its sample was held.
  void Count(const Sample& sample, const AccessRecord* record);
  bool CountResult(WindowRing::AddResult result, int64_t second);
  void AdvanceTo(int64_t second);
  WindowRing::AddResult AddMakingRoom(const Sample& sample, SampleDetail& detail);

  const Options options_;
  WindowRing* const ring_;
  Counters* const counters_;
  const MakeRoom make_room_;
  const std::unique_ptr<Watermark> own_watermark_;  // null where it is shared
  Watermark* const watermark_;
  const size_t stream_;
  JumpGuard guard_;
  int64_t newest_second_ = kNoSecond;
  int64_t trusted_through_ = kNoSecond;                          // a line of a later second is looked at twice
  TimeNs plain_before_ns_ = std::numeric_limits<TimeNs>::min();  // PlainBefore(), whenever no line is being recorded
};

}  // namespace revertd
