#include "analysis/error_book.h"

#include <algorithm>
#include <map>
#include <utility>

namespace revertd {
namespace {

constexpr int64_t kHeardApartSeconds = 3600;     // a group's first event and its newest: then it was heard in between
constexpr int64_t kBelievedBeforeSeconds = 600;  // before the log's first second

int32_t LateSeconds(int64_t second, TimeNs at_ns) {
  return at_ns > 0 ? static_cast<int32_t>(std::max<int64_t>(0, second - FloorToSecond(at_ns))) : 0;
}

// kNoSecond is before all.
int64_t Earlier(int64_t known, int64_t second) { return known == kNoSecond ? second : std::min(known, second); }

}  // namespace

ErrorBook::ErrorBook(int64_t services_max, AnalysisSink* sink) : services_max_(services_max), sink_(sink) {}

ServiceErrors* ErrorBook::ServiceNamed(std::string_view name) {
  const auto found = services_.find(name);
  if (found != services_.end()) return &found->second;
  if (static_cast<int64_t>(services_.size()) >= services_max_) return nullptr;
  ServiceErrors& added = services_[std::string(name)];
  added.name = name;
  added.number = static_cast<uint32_t>(by_number_.size());
  by_number_.push_back(&added);
  return &added;
}

const ServiceErrors* ErrorBook::Find(std::string_view service) const {
  const auto found = services_.find(service);
  return found == services_.end() ? nullptr : &found->second;
}

void ErrorBook::Restore(const ErrorGroupRecord& group) {
  ServiceErrors* service = ServiceNamed(group.service);
  if (service == nullptr || groups_in_all_ >= kErrorGroupsInAllMax) return;
  const size_t before = service->groups.size();
  service->groups.Restore(group);
  groups_in_all_ += service->groups.size() - before;
  const int64_t first = FloorToSecond(group.first_seen_ns);
  const int64_t last = FloorToSecond(group.last_seen_ns);
  // What came hours late may be all that was heard of it.
  if (last - first >= kHeardApartSeconds) HeardAt(service, first);
  // When each release was first seen is not kept: as early as may be, so that none is taken for a new one.
  for (const std::string& release : group.releases) {
    service->releases.NumberOf(release, first);
    if (&release == &group.releases.back()) service->releases.NumberOf(release, last);
  }
}

void ErrorBook::Restore(const ErrorBlock& block) {
  ServiceErrors* service = ServiceNamed(block.service);
  if (service == nullptr) return;
  blocks_.Add(block.start_second,
              {.service = service->number, .fingerprint = block.fingerprint, .events = block.events});
  HeardAt(service, block.start_second);
}

void ErrorBook::Restore(const SessionBlock& block) {
  ServiceErrors* service = ServiceNamed(block.service);
  if (service == nullptr) return;
  session_blocks_.Add(block.start_second,
                      {.service = service->number, .sessions = block.sessions, .crashed = block.crashed});
  service->has_sessions = true;
  HeardAt(service, block.start_second);
}

void ErrorBook::HeardAt(ServiceErrors* service, int64_t second) {
  service->known_since = Earlier(service->known_since, second);
  known_since_ = Earlier(known_since_, second);
}

int64_t ErrorBook::PlaceOf(TimeNs at_ns, int64_t late_seconds_max) const {
  const int64_t second = FloorToSecond(at_ns);
  if (sealed_ == kNoSecond) return at_ns > 0 ? second : kNoSecond;
  const int64_t open = sealed_ + 1;
  if (at_ns <= 0) return open;
  if (second >= open) return second;
  return open - second <= late_seconds_max ? open : kNoSecond;
}

void ErrorBook::Take(const ErrorEvent& event) {
  ServiceErrors* service = ServiceNamed(event.service);
  if (service == nullptr) {
    ++counters_.overflow;
    return;
  }
  const int64_t second = PlaceOf(event.at_ns, kEventLateSecondsMax);
  // Where it counts, or where its clock says that it was, if earlier.
  TimeNs at_ns = event.at_ns;
  if (second != kNoSecond && (at_ns <= 0 || FloorToSecond(at_ns) > second)) at_ns = second * kSecondNs;
  if (at_ns <= 0) {  // no second is sealed, and it does not say when it was
    ++counters_.late;
    return;
  }
  // What comes too late to count says nothing of how long the service was heard.
  if (second != kNoSecond) HeardAt(service, std::max(second, listening_from_));
  const uint32_t release = service->releases.NumberOf(event.release, FloorToSecond(at_ns));
  const size_t before = service->groups.size();
  const auto [group, is_new] = service->groups.Take(event, at_ns, groups_in_all_ < kErrorGroupsInAllMax);
  groups_in_all_ += service->groups.size() - before;
  if (group == nullptr) return;
  if (is_new) {
    ErrorGroupRecord told = group->record;
    told.sample = event.sample;
    sink_->OnErrorGroup(told);
  }
  if (event.level < kEvidenceLevel) {
    ++counters_.below_level;
  } else if (second == kNoSecond) {
    ++counters_.late;
  } else {
    seconds_.Add(second, {.service = service->number,
                          .release = release,
                          .fingerprint = event.fingerprint,
                          .events = 1,
                          .late_seconds = LateSeconds(second, at_ns)});
  }
}

void ErrorBook::Take(const SessionCounts& sessions) {
  ServiceErrors* service = ServiceNamed(sessions.service);
  const int64_t second = PlaceOf(sessions.at_ns, kSessionLateSecondsMax);
  if (service == nullptr || second == kNoSecond) {
    ++(service == nullptr ? counters_.overflow : counters_.late);
    return;
  }
  service->has_sessions = true;
  HeardAt(service, std::max(second, listening_from_));
  session_seconds_.Add(second, {.service = service->number,
                                .release = service->releases.NumberOf(sessions.release, second),
                                .sessions = sessions.sessions,
                                .crashed = sessions.crashed,
                                .late_seconds = LateSeconds(second, sessions.at_ns)});
}

void ErrorBook::Start(int64_t second) {
  // A recording's events may begin before the log. Of a process that has just begun they are of its own time: what an
  // SDK kept for hours is evidence of nothing.
  const size_t before = seconds_.size() + session_seconds_.size();
  const int64_t believed_from = std::max(second - kBelievedBeforeSeconds, listening_from_);
  seconds_.DropBefore(believed_from);
  session_seconds_.DropBefore(believed_from);
  counters_.late += before - seconds_.size() - session_seconds_.size();
  seen_from_ = std::max(second, listening_from_);
  for (const int64_t first : {seconds_.first(), session_seconds_.first()}) {
    if (first != kNoSecond) seen_from_ = std::min(seen_from_, first);
  }
  blocks_from_ = HistoryBlockStart(seen_from_);
  const int64_t last = std::max(blocks_.last(), session_blocks_.last());
  if (last != kNoSecond && last + kHistoryBlockSeconds < seen_from_)
    unseen_ = {last + kHistoryBlockSeconds, seen_from_};
}

void ErrorBook::SealThrough(int64_t second) {
  if (sealed_ == kNoSecond) Start(second);
  if (second <= sealed_) return;
  sealed_ = second;
  CloseBlocks(HistoryBlockStart(second + 1));
  seconds_.DropBefore(second - kKeptSeconds);
  session_seconds_.DropBefore(second - kKeptSeconds);
  blocks_.DropBefore(second - kErrorBlocksKeptSeconds);
  session_blocks_.DropBefore(second - kErrorBlocksKeptSeconds);
  if (told_ != kNoSecond && second - told_ < kTellGroupsSeconds) return;
  told_ = second;
  TellChanged();
  Forget();
}

void ErrorBook::CloseBlocks(int64_t end) {
  if (end <= blocks_from_) return;
  const SecondInterval over{blocks_from_, end};
  blocks_from_ = end;
  std::map<std::tuple<int64_t, uint32_t, uint64_t>, int64_t> events;
  seconds_.ForEach(over, [&](int64_t second, const ErrorCount& count) {
    events[{HistoryBlockStart(second), count.service, count.fingerprint}] += count.events;
  });
  for (const auto& [key, sum] : events) {
    const auto& [start, service, fingerprint] = key;
    // A restart in mid block: the sum with what was kept of it takes its place.
    const ErrorCount kept = blocks_.Add(start, {.service = service, .fingerprint = fingerprint, .events = sum});
    sink_->OnErrorBlock({by_number_[service]->name, fingerprint, start, kept.events});
  }
  std::map<std::pair<int64_t, uint32_t>, SessionCount> sessions;
  session_seconds_.ForEach(over, [&](int64_t second, const SessionCount& count) {
    sessions[{HistoryBlockStart(second), count.service}] += count;
  });
  for (const auto& [key, sum] : sessions) {
    const auto& [start, service] = key;
    const SessionCount kept =
        session_blocks_.Add(start, {.service = service, .sessions = sum.sessions, .crashed = sum.crashed});
    sink_->OnSessionBlock({by_number_[service]->name, start, kept.sessions, kept.crashed});
  }
}

void ErrorBook::Forget() {
  for (auto& [name, service] : services_) {
    groups_in_all_ -= service.groups.ForgetBefore(sealed_ * kSecondNs - kErrorGroupKept);
  }
}

void ErrorBook::TellChanged() {
  for (auto& [name, service] : services_) service.groups.TellChanged(sink_);
}

ErrorBook::Counters ErrorBook::counters() const {
  Counters counters = counters_;
  for (const auto& [name, service] : services_) counters.overflow += service.groups.overflow();
  counters.overflow += seconds_.dropped() + session_seconds_.dropped();
  return counters;
}

}  // namespace revertd
