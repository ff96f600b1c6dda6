// Fakes for the tests of ingest/: a clock that stands still and a source that cuts a text into chosen pieces.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/clock.h"
#include "ingest/byte_source.h"

namespace revertd {

class FixedClock : public Clock {
 public:
  explicit FixedClock(TimeNs now) : now_(now) {}
  TimeNs Now() const override { return now_; }
  void SleepFor(DurationNs duration) override { now_ += duration; }

 private:
  TimeNs now_;
};

// Gives `text` in pieces of next_size() bytes; 0 is a timeout. Then the end, or `failure` if it is not ok.
class TextSource final : public ByteSource {
 public:
  TextSource(std::string text, std::function<size_t()> next_size, Status failure = OkStatus())
      : text_(std::move(text)), next_size_(std::move(next_size)), failure_(std::move(failure)) {}

  StatusOr<ReadResult> Read(std::span<char> into, DurationNs) override {
    if (at_ == text_.size()) {
      if (!failure_.ok()) return failure_;
      return ReadResult{.kind = ReadResult::Kind::kEnd, .bytes = 0};
    }
    const size_t size = std::min({next_size_(), into.size(), text_.size() - at_});
    if (size == 0) return ReadResult{.kind = ReadResult::Kind::kTimeout, .bytes = 0};
    std::copy_n(text_.data() + at_, size, into.data());
    at_ += size;
    return ReadResult{.kind = ReadResult::Kind::kBytes, .bytes = size};
  }

 private:
  const std::string text_;
  size_t at_ = 0;
  const std::function<size_t()> next_size_;
  const Status failure_;
};

}  // namespace revertd
