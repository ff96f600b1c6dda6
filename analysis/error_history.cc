#include "analysis/error_history.h"

#include <algorithm>
#include <map>

namespace revertd {
namespace {

constexpr int64_t kHourSeconds = 3600;
constexpr double kScaleMax = 4;
constexpr int64_t kEventsTold = 20;  // fewer of a time of day say nothing of it

double AsDouble(int64_t value) { return static_cast<double>(value); }

// From where on the blocks of a service tell of its errors.
int64_t ToldFrom(const ErrorBook& book, int64_t before_second, int64_t kept_from) {
  // A service's first error may be days after its project was set up: the book was there.
  const int64_t from = std::max({before_second - kErrorDaySeconds, book.known_since(), kept_from});
  return HistoryBlockStart(from + kHistoryBlockSeconds - 1);
}

bool IsTold(const ErrorBook& book, const std::vector<SecondInterval>& left_out, int64_t start) {
  const int64_t end = start + kHistoryBlockSeconds;
  const SecondInterval& unseen = book.unseen();
  return !AnyTouches(left_out, start, end) && (end <= unseen.from || start >= unseen.to);
}

// Blocks that nothing was watched in are left out; where no requests are known, every other one counts.
std::vector<HistoryBlock> WatchedBlocks(const ErrorBook& book, const SecondInterval& within, const RateHistory& log,
                                        const std::vector<SecondInterval>& left_out, bool requests_known) {
  std::vector<HistoryBlock> blocks;
  if (requests_known) {
    for (const HistoryBlock& block : log.blocks) {
      const bool is_within =
          block.start_second >= within.from && block.start_second + kHistoryBlockSeconds <= within.to;
      if (is_within && IsTold(book, left_out, block.start_second)) blocks.push_back(block);
    }
    return blocks;
  }
  for (int64_t start = within.from; start + kHistoryBlockSeconds <= within.to; start += kHistoryBlockSeconds) {
    if (IsTold(book, left_out, start)) blocks.push_back({start, 0, 0});
  }
  return blocks;
}

using BlocksByGroup = std::map<uint64_t, std::vector<BlockEvents>>;

BlocksByGroup EventsByGroup(const ErrorBook& book, const ServiceErrors& service, const SecondInterval& within) {
  BlocksByGroup events;
  book.blocks().ForEachOf(service.number, within, [&](int64_t start, const ErrorCount& count) {
    // The block that the deploy cuts is partly its own.
    if (start + kHistoryBlockSeconds <= within.to) events[count.fingerprint].push_back({start, count.events});
  });
  return events;
}

// A group of old without an event in all these blocks has a rate too: it is counted from the first of them on.
KnownGroup KnownFrom(const KnownErrorGroup& known, const std::vector<BlockEvents>* events, int64_t from) {
  KnownGroup group{{known.record.fingerprint, known.record.origin}, {}};
  const int64_t start = std::max(from, HistoryBlockStart(known.first_second()));
  if (events == nullptr || events->front().start_second > start) group.blocks.push_back({start, 0});
  if (events != nullptr) group.blocks.insert(group.blocks.end(), events->begin(), events->end());
  return group;
}

// Of groups that began after the service's first hour, outside of what baselines leave out, in as long as a deploy is
// observed: no deploy was blamed for them. An outage's would make every newcomer look harmless: no more than rate_max.
NewcomerCounts BenignOf(const ServiceErrors& service, const BlocksByGroup& events, const ErrorTimes& times,
                        int64_t from, const std::vector<SecondInterval>& left_out, double rate_max) {
  NewcomerCounts benign;
  for (const auto& [fingerprint, blocks] : events) {
    const KnownErrorGroup* group = service.groups.Find(fingerprint);
    if (group == nullptr || group->never_new) continue;
    const int64_t first = group->first_second();
    const int64_t end = std::min(first + times.length_seconds, times.before_second);
    if (first < from || first < service.known_since + kHourSeconds || end - first < kHistoryBlockSeconds) continue;
    if (AnyTouches(left_out, first, end)) continue;
    int64_t sum = -1;  // the first event made it a newcomer
    for (const BlockEvents& block : blocks) {
      if (block.start_second < end) sum += block.events;
    }
    const auto most = static_cast<int64_t>(rate_max * AsDouble(end - first));
    benign += {std::clamp<int64_t>(sum, 0, most), end - first};
  }
  return benign;
}

int64_t EventsIn(const ErrorBook& book, const ServiceErrors& service, const SecondInterval& within) {
  int64_t events = 0;
  book.blocks().ForEachOf(service.number, within, [&](int64_t, const ErrorCount& count) { events += count.events; });
  return events;
}

}  // namespace

FingerprintHistory ErrorHistory(const ErrorBook& book, const ServiceErrors& service, const ErrorTimes& times,
                                const RateHistory& log, const std::vector<SecondInterval>& left_out,
                                double absolute_margin) {
  FingerprintHistory history;
  history.before_second = times.before_second;
  RateCounts requests;
  for (const HistoryBlock& block : log.blocks) requests += {block.requests, 0};
  history.requests_known = requests.requests > 0;
  const int64_t from = ToldFrom(book, times.before_second, book.blocks().kept_from());
  const SecondInterval within{from, times.before_second};
  history.blocks = WatchedBlocks(book, within, log, left_out, history.requests_known);
  const BlocksByGroup events = EventsByGroup(book, service, within);
  for (const auto& [fingerprint, known] : service.groups.all()) {
    if (known.first_second() >= times.before_second && !known.never_new) continue;
    const auto found = events.find(fingerprint);
    history.known.push_back(KnownFrom(known, found == events.end() ? nullptr : &found->second, from));
  }
  const NewcomerCounts& fewest = history.requests_known ? kFewestBenign : kFewestBenignAlone;
  double floor = fewest.rate();
  if (history.requests_known) {
    const double seconds = AsDouble(static_cast<int64_t>(log.blocks.size()) * kHistoryBlockSeconds);
    floor = std::max(floor, absolute_margin * AsDouble(requests.requests) / seconds);
  }
  history.benign = BenignOf(service, events, times, from, left_out, kBenignRateFactorMax * floor);
  if (history.benign.rate() < fewest.rate()) history.benign = fewest;
  return history;
}

RateHistory SessionHistory(const ErrorBook& book, const ServiceErrors& service, int64_t before_second,
                           const std::vector<SecondInterval>& left_out) {
  // Of seconds nothing is kept for so long: short blocks' spread is that of blocks at their widest.
  RateHistory history{.recent_seconds = kHistoryBlockSeconds};
  const int64_t from = ToldFrom(book, before_second, book.session_blocks().kept_from());
  book.session_blocks().ForEachOf(service.number, {from, before_second}, [&](int64_t start, const SessionCount& count) {
    if (start + kHistoryBlockSeconds > before_second || !IsTold(book, left_out, start)) return;
    history.blocks.push_back({start, count.sessions, std::min(count.crashed, count.sessions)});
  });
  return history;
}

double TimeOfDayScale(const ErrorBook& book, const ServiceErrors& service, const ErrorTimes& times) {
  const int64_t from = times.before_second - kErrorDaySeconds;
  if (service.known_since > from || book.blocks().kept_from() > from || book.unseen().to > from) return 1;
  // Half an hour on both sides of the same time of the day before, as far as that is behind us.
  const int64_t then = times.first_second - kErrorDaySeconds;
  const SecondInterval around{std::max(from, then - kHourSeconds / 2), then + times.length_seconds + kHourSeconds / 2};
  const SecondInterval day{from, times.before_second};
  const int64_t around_events = EventsIn(book, service, around);
  const int64_t day_events = EventsIn(book, service, day);
  if (around_events < kEventsTold) return 1;
  const auto length = [](const SecondInterval& within) { return AsDouble(within.to - within.from); };
  const double scale = AsDouble(around_events) / length(around) / (AsDouble(day_events) / length(day));
  return std::clamp(scale, 1.0, kScaleMax);
}

}  // namespace revertd
