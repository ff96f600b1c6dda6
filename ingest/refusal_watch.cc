#include "ingest/refusal_watch.h"

namespace revertd {
namespace {

constexpr Counter kRefusals[] = {Counter::kLinesTooLong,    Counter::kLinesNoFormat,    Counter::kLinesBadTime,
                                 Counter::kLinesBadStatus,  Counter::kLinesBadField,    Counter::kLinesTooLate,
                                 Counter::kLinesFromFuture, Counter::kLinesNoRoomInRing};

}  // namespace

RefusedLines RefusalWatch::Look(const Counters& counters, TimeNs monotonic) {
  const CounterValues now = counters.Read();
  const auto grown = [&](Counter counter) {
    const auto place = static_cast<size_t>(counter);
    return now[place] - before_[place];
  };
  if (grown(Counter::kLinesSampled) != 0) {
    before_ = now;
    since_.reset();
    return {};
  }
  RefusedLines refused;
  uint64_t most = 0;
  for (const Counter counter : kRefusals) {
    refused.lines += grown(counter);
    if (grown(counter) <= most) continue;
    most = grown(counter);
    refused.most = counter;
  }
  if (refused.lines == 0) return {};
  if (!since_) since_ = monotonic;
  refused.standing = monotonic - *since_;
  return refused;
}

}  // namespace revertd
