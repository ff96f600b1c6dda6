#include "ingest/recorder.h"

#include "base/check.h"

namespace revertd {

StatusClass StatusClassOf(int status) {
  constexpr int kClientClosedRequest = 499;
  if (status == 0 || status == kClientClosedRequest) return StatusClass::kAborted;
  if (status < 100) return StatusClass::k2xx;  // also kStatusNotLogged
  if (status < 200) return StatusClass::k1xx;
  if (status < 300) return StatusClass::k2xx;
  if (status < 400) return StatusClass::k3xx;
  if (status < 500) return StatusClass::k4xx;
  // Above 599 no standard speaks; those seen (999) turn robots away, they are no failure of the service.
  return status < 600 ? StatusClass::k5xx : StatusClass::k4xx;
}

Recorder::Recorder(const Options& options, WindowRing* ring, Counters* counters, MakeRoom make_room)
    : options_(options), ring_(ring), counters_(counters), make_room_(std::move(make_room)) {
  REVERTD_CHECK(options_.lateness_seconds >= 0 && options_.lateness_seconds <= kLatenessSecondsMax);
}

void Recorder::Record(const AccessRecord& record, ServiceId service, TimeNs wall_now) {
  const int64_t second = FloorToSecond(record.end_ns);
  if (options_.live && second > FloorToSecond(wall_now) + kFutureSecondsMax) {
    counters_->Add(Counter::kLinesFromFuture);
    return;
  }
  AdvanceTo(second);
  const Sample sample{.service = service,
                      .status_class = StatusClassOf(record.status),
                      .end_ns = record.end_ns,
                      .start_ns = record.start_ns,
                      .duration_ns = record.duration_ns,
                      .bytes = record.bytes};
  switch (AddMakingRoom(sample)) {
    case WindowRing::AddResult::kCounted: counters_->Add(Counter::kLinesSampled); break;
    case WindowRing::AddResult::kCountedLate:
      counters_->Add(Counter::kLinesSampled);
      counters_->Add(Counter::kLinesLate);
      break;
    case WindowRing::AddResult::kTooLate: counters_->Add(Counter::kLinesTooLate); break;
    case WindowRing::AddResult::kNoRoom: counters_->Add(Counter::kLinesNoRoomInRing); break;
  }
}

// Seals before the line is added: a line far ahead needs the slot of a second that analysis can take only once sealed.
void Recorder::AdvanceTo(int64_t second) {
  if (second <= newest_second_) return;
  newest_second_ = second;
  ring_->SealThrough(second - options_.lateness_seconds - 1);
}

WindowRing::AddResult Recorder::AddMakingRoom(const Sample& sample) {
  for (int tries = 0;; ++tries) {
    const WindowRing::AddResult result = ring_->Add(sample);
    if (result != WindowRing::AddResult::kNoRoom || tries == kMakeRoomTriesMax || !make_room_ || !make_room_()) {
      return result;
    }
  }
}

void Recorder::Finish() {
  if (newest_second_ != kNoSecond) ring_->SealThrough(newest_second_);
}

}  // namespace revertd
