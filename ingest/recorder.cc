#include "ingest/recorder.h"

#include <algorithm>

namespace revertd {

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

Sample Recorder::InItsPass(const Sample& sample, TimeNs wall_now) const {
  const auto is_near = [&](TimeNs time) {
    const int64_t second = FloorToSecond(time);
    const auto is_from = [&](int64_t now) {
      return now != kNoSecond && second >= now - options_.lateness_seconds && second <= now + kFutureSecondsMax;
    };
    return is_from(newest_second_) || (options_.live && is_from(FloorToSecond(wall_now)));
  };
  if (is_near(sample.end_ns)) return sample;
  // Of a request across the change only the start, or only the end, is shown twice.
  const DurationNs later =
      std::max(options_.zone.RepeatsAfter(sample.start_ns), options_.zone.RepeatsAfter(sample.end_ns));
  if (later == 0 || !is_near(sample.end_ns + later)) return sample;
  Sample second_pass = sample;
  second_pass.start_ns += later;
  second_pass.end_ns += later;
  return second_pass;
}

void Recorder::RecordWithCare(const AccessRecord& record, ServiceId service, TimeNs wall_now) {
  const Sample sample = InItsPass(SampleOf(record, service), wall_now);
  if (FloorToSecond(sample.end_ns) > trusted_through_) {
    Suspect(sample, record, wall_now);
  } else {
    Count(sample, &record);
  }
  plain_before_ns_ = PlainBefore();
}

bool Recorder::Believe(TimeNs at_ns, TimeNs wall_now) {
  if (at_ns == 0) return true;
  const int64_t second = FloorToSecond(at_ns);
  if (second <= options_.counted_through) {
    counters_->Add(Counter::kLinesAlreadyCounted);
    return false;
  }
  if (options_.live && second > FloorToSecond(wall_now) + kFutureSecondsMax) {
    counters_->Add(Counter::kLinesFromFuture);
    return false;
  }
  AdvanceTo(second);
  plain_before_ns_ = PlainBefore();
  return true;
}

TimeNs Recorder::PlainBefore() const {
  constexpr int64_t kLastSecond = std::numeric_limits<TimeNs>::max() / kSecondNs - 1;
  const int64_t through = std::min(newest_second_, trusted_through_);
  const bool finds_places = options_.details != nullptr && options_.details->finds_places();
  if (finds_places || through == kNoSecond) return std::numeric_limits<TimeNs>::min();
  return (std::min(through, kLastSecond) + 1) * kSecondNs;
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
  SampleDetail detail;
  if (record != nullptr) {
    detail.load = LoadOf(*record);
    if (options_.details != nullptr) options_.details->FindPlaces(*record, sample.service, second, &detail);
  }
  if (!CountResult(AddMakingRoom(sample, detail), second)) return;
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

WindowRing::AddResult Recorder::AddMakingRoom(const Sample& sample, SampleDetail& detail) {
  for (int tries = 0;; ++tries) {
    const WindowRing::AddResult result = ring_->Add(sample, detail);
    if (result != WindowRing::AddResult::kNoRoom || tries == kMakeRoomTriesMax || !make_room_ || !make_room_()) {
      return result;
    }
  }
}

void Recorder::Finish() {
  AdmitHeld();
  plain_before_ns_ = PlainBefore();
  if (own_watermark_ == nullptr) {
    watermark_->End(stream_);
  } else if (newest_second_ != kNoSecond) {
    ring_->SealThrough(newest_second_);
  }
}

}  // namespace revertd
