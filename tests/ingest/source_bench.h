// A bench for sources: a ring, a watermark, one source's recorder and counters, a reader that takes every sealed
// second, and a kept history as the state would hold it, so that a kill and a restart can be played step by step.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/time_format.h"
#include "ingest/source.h"
#include "tests/ingest/fakes.h"

namespace revertd {

// One line of the format nginx_vhost_combined_rt in `second` after the bench's start; `number` makes it unlike others.
inline std::string SourceLine(int64_t second, int number) {
  const int64_t minute = 10 + second / 60;
  char text[160];
  const int size =
      std::snprintf(text, sizeof(text),
                    "shop.test:443 192.0.2.7 - - [21/Nov/2026:03:%02d:%02d +0000] \"GET /%d HTTP/1.1\" 200 "
                    "20 \"-\" \"x\" 0.250\n",
                    static_cast<int>(minute), static_cast<int>(second % 60), number);
  return {text, static_cast<size_t>(size)};
}

// What survives a kill.
struct Kept {
  std::map<int64_t, uint32_t> requests;  // by second
  std::vector<FilePosition> positions;
  int64_t newest() const { return requests.empty() ? kNoSecond : requests.rbegin()->first; }
};

// One life of a process with one source.
class SourceBench {
 public:
  static TimeNs Start() { return *ParseTime("2026-11-21T03:10:00Z"); }

  SourceBench(FixedClock* clock, Kept* kept)
      : clock_(clock),
        kept_(kept),
        recorder_({.lateness_seconds = kLateness, .live = true, .counted_through = kept->newest()}, &watermark_, &ring_,
                  &counters_, [this] {
                    Collect();
                    return true;
                  }) {
    if (kept->newest() != kNoSecond) ring_.SealThrough(kept->newest());
    ring_.Collect([](const Window&) {});
  }

  SourceContext Context() {
    return {.name = "test",
            .fixed = nullptr,
            .options = {},
            .router = &router_,
            .recorder = &recorder_,
            .watermark = &watermark_,
            .counters = &counters_,
            .facts = &facts_,
            .clock = clock_,
            .on_event = [this](const SourceEvent& event) {
              events_ += std::string(event.what) + " " + event.detail + "\n";
            }};
  }
  // Lets the source look at the world until it has nothing more to do.
  void Settle(Source& source) {
    for (int i = 0; i < 1000 && source.Tick(); ++i) continue;
    watermark_.Tick(clock_->Now());
    ring_.SealThrough(watermark_.SealableThrough());
  }
  // What the sidecar does each second: everything sealed is kept together with its positions.
  void Keep(Source& source) {
    // Positions are told for what is sealed, and written with it.
    const int64_t sealed = ring_.sealed_through();
    std::vector<FilePosition> positions = source.PositionsAt(sealed);
    Collect();
    for (const auto& [second, count] : collected_) kept_->requests[second] += count;
    collected_.clear();
    kept_->positions = std::move(positions);
  }
  // The stream is over: everything open is sealed.
  void SealAll() { ring_.SealThrough(watermark_.Newest()); }

  uint64_t Get(Counter counter) const { return counters_.Get(counter); }
  uint64_t Drops() const {
    uint64_t drops = 0;
    for (size_t i = 0; i < kCounterCount; ++i) {
      if (IsDrop(static_cast<Counter>(i))) drops += Get(static_cast<Counter>(i));
    }
    return drops;
  }
  const std::string& events() const { return events_; }
  const SourceFacts& facts() const { return facts_; }
  Watermark& watermark() { return watermark_; }

 private:
  static constexpr int64_t kLateness = 2;

  void Collect() {
    ring_.Collect([this](const Window& window) {
      for (uint32_t count : window.by_class) collected_[window.second] += count;
    });
  }

  FixedClock* const clock_;
  Kept* const kept_;
  Counters counters_;
  SourceFacts facts_;
  ServiceTable services_{kServicesMax};
  Router router_{Config{}, &services_};
  WindowRing ring_{kServicesMax, kRingSeconds};
  Watermark watermark_{kLateness};
  Recorder recorder_;
  std::map<int64_t, uint32_t> collected_;
  std::string events_;
};

}  // namespace revertd
