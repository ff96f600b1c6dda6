// PositionBoard: hands the positions of followed files from the ingest thread to the analysis thread, which writes them
// together with the seconds that they belong to.
//
// Thread contract: OnSealed() by the ingest thread, Take() by the analysis thread. Bounded: when nobody takes, the
// newest are left out; older positions are safe, they only mean reading more again.
#pragma once

#include <deque>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/sinks.h"

namespace revertd {

class PositionBoard final : public PositionSink {
 public:
  static constexpr size_t kWaitingMax = 64;

  void OnSealed(int64_t second, std::vector<FilePosition> positions) override {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() < kWaitingMax) waiting_.emplace_back(second, std::move(positions));
  }
  // The newest that belong to what is sealed through `second`; nothing where there are none new.
  std::optional<std::vector<FilePosition>> Take(int64_t second) {
    const std::lock_guard lock(mutex_);
    std::optional<std::vector<FilePosition>> newest;
    for (; !waiting_.empty() && waiting_.front().first <= second; waiting_.pop_front()) {
      newest = std::move(waiting_.front().second);
    }
    return newest;
  }

 private:
  std::mutex mutex_;
  std::deque<std::pair<int64_t, std::vector<FilePosition>>> waiting_;
};

}  // namespace revertd
