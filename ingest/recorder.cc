#include "ingest/recorder.h"

#include <array>

#include "base/check.h"

namespace revertd {
namespace {

constexpr StatusClass ClassByRules(int status) {
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

// The statuses of a log are mixed: by rules their classes would cost a wrong guess every few lines.
constexpr auto kClassByStatus = [] {
  std::array<StatusClass, 1000> classes{};
  for (size_t i = 0; i < classes.size(); ++i) classes[i] = ClassByRules(static_cast<int>(i));
  return classes;
}();

}  // namespace

StatusClass StatusClassOf(int status) {
  const auto place = static_cast<size_t>(status);  // of a negative one beyond every table
  return place < kClassByStatus.size() ? kClassByStatus[place] : ClassByRules(status);
}

Recorder::Recorder(const Options& options, WindowRing* ring, Counters* counters, MakeRoom make_room)
    : options_(options),
      ring_(ring),
      counters_(counters),
      make_room_(std::move(make_room)),
      own_watermark_(std::make_unique<Watermark>(options.lateness_seconds)),
      watermark_(own_watermark_.get()),
      stream_(watermark_->AddStream()),
      guard_(options.lines_agree) {}

Recorder::Recorder(const Options& options, Watermark* watermark, WindowRing* ring, Counters* counters,
                   MakeRoom make_room)
    : options_(options),
      ring_(ring),
      counters_(counters),
      make_room_(std::move(make_room)),
      watermark_(watermark),
      stream_(watermark_->AddStream()),
      guard_(options.lines_agree) {}

void Recorder::Record(const AccessRecord& record, ServiceId service, TimeNs wall_now) {
  const int64_t second = FloorToSecond(record.end_ns);
  const Sample sample{.service = service,
                      .status_class = record.aborted ? StatusClass::kAborted : StatusClassOf(record.status),
                      .end_ns = record.end_ns,
                      .start_ns = record.start_ns,
                      .duration_ns = record.duration_ns,
                      .bytes = record.bytes};
  if (second > trusted_through_) {
    Suspect(sample, record, wall_now);
  } else {
    Count(sample, &record);
  }
}

void Recorder::Suspect(const Sample& sample, const AccessRecord& record, TimeNs wall_now) {
  const int64_t second = FloorToSecond(sample.end_ns);
  if (options_.live) {
    trusted_through_ = FloorToSecond(wall_now) + kFutureSecondsMax;
    if (second > trusted_through_) {
      counters_->Add(Counter::kLinesFromFuture);
    } else {
      Count(sample, &record);
    }
    return;
  }
  if (newest_second_ != kNoSecond && second <= newest_second_ + kFutureSecondsMax) {
    Count(sample, &record);
    if (guard_.Contradict()) {
      counters_->Add(Counter::kLinesFromFuture, guard_.Drop());
      TrustFrom(newest_second_);
    }
    return;
  }
  trusted_through_ = kNoSecond;
  if (guard_.Hold(sample)) AdmitHeld();
}

void Recorder::AdmitHeld() {
  size_t lies = 0;
  const std::vector<Sample> held = guard_.Take(kFutureSecondsMax, &lies);
  counters_->Add(Counter::kLinesFromFuture, lies);
  if (!held.empty() && newest_second_ != kNoSecond) counters_->Add(Counter::kTimeJumps);
  for (const Sample& sample : held) Count(sample, nullptr);
  TrustFrom(newest_second_);
}

void Recorder::TrustFrom(int64_t second) {
  if (!options_.live && second != kNoSecond) trusted_through_ = second + kFutureSecondsMax;
}

void Recorder::Count(const Sample& sample, const AccessRecord* record) {
  const int64_t second = FloorToSecond(sample.end_ns);
  AdvanceTo(second);
  if (options_.details == nullptr || record == nullptr || !options_.details->HasDetail(*record)) {
    CountResult(AddMakingRoom(sample, nullptr), second);
    return;
  }
  SampleDetail detail = options_.details->Find(*record, sample.service, second);
  if (!CountResult(AddMakingRoom(sample, &detail), second)) return;
  if (detail.route.key == kOtherKey) counters_->Add(Counter::kRoutesOverflow);
  if (detail.cohort.key == kOtherKey) counters_->Add(Counter::kCohortsOverflow);
}

// Whether the line became a sample.
bool Recorder::CountResult(WindowRing::AddResult result, int64_t second) {
  switch (result) {
    case WindowRing::AddResult::kCounted: break;
    case WindowRing::AddResult::kCountedLate: counters_->Add(Counter::kLinesLate); break;
    case WindowRing::AddResult::kTooLate:
      counters_->Add(second <= options_.counted_through ? Counter::kLinesAlreadyCounted : Counter::kLinesTooLate);
      return false;
    case WindowRing::AddResult::kNoRoom: counters_->Add(Counter::kLinesNoRoomInRing); return false;
  }
  counters_->Add(Counter::kLinesSampled);
  return true;
}

// Seals before the line is added: a line far ahead needs the slot of a second that analysis can take only once sealed.
void Recorder::AdvanceTo(int64_t second) {
  if (second <= newest_second_) return;
  newest_second_ = second;
  if (guard_.held() == 0) TrustFrom(second);
  watermark_->Advance(stream_, second);
  ring_->SealThrough(watermark_->SealableThrough());
}

WindowRing::AddResult Recorder::AddMakingRoom(const Sample& sample, SampleDetail* detail) {
  for (int tries = 0;; ++tries) {
    const WindowRing::AddResult result = ring_->Add(sample, detail);
    if (result != WindowRing::AddResult::kNoRoom || tries == kMakeRoomTriesMax || !make_room_ || !make_room_()) {
      return result;
    }
  }
}

void Recorder::Finish() {
  AdmitHeld();
  if (own_watermark_ == nullptr) {
    watermark_->End(stream_);
  } else if (newest_second_ != kNoSecond) {
    ring_->SealThrough(newest_second_);
  }
}

}  // namespace revertd
