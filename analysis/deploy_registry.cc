#include "analysis/deploy_registry.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "analysis/baseline.h"
#include "analysis/recovery_watch.h"

namespace revertd {
namespace {

constexpr int64_t kForever = std::numeric_limits<int64_t>::max() / 4;
constexpr size_t kRevisionDigitsMin = 7;
constexpr size_t kIdDigits = 8;

Status Check(const Deploy& deploy) {
  if (deploy.service.empty()) return InvalidArgument("registering a deploy: it names no service");
  if (deploy.start_ns <= 0) return InvalidArgument("registering a deploy of " + deploy.service + ": it has no start");
  if (deploy.finished() && deploy.finish_ns < deploy.start_ns) {
    return InvalidArgument("registering a deploy of " + deploy.service + ": it finishes before it starts");
  }
  return OkStatus();
}

// What a second telling adds to the first one; an answer that is there stays.
bool Complete(Deploy* known, const Deploy& told) {
  bool changed = false;
  const auto fill = [&changed](std::string* field, const std::string& value) {
    if (!field->empty() || value.empty()) return;
    *field = value;
    changed = true;
  };
  fill(&known->repo, told.repo);
  fill(&known->base, told.base);
  fill(&known->head, told.head);
  fill(&known->trigger_id, told.trigger_id);
  if (known->kind == DeployKind::kRelease && told.kind == DeployKind::kRevert) {
    known->kind = told.kind;
    changed = true;
  }
  // A guess ends nothing that somebody has begun and will end.
  if (!known->finished() && told.finished() && !told.finish_guessed && told.finish_ns >= known->start_ns) {
    known->finish_ns = told.finish_ns;
    changed = true;
  }
  return changed;
}

// Whoever tells of the rollout itself knows better than a push. `finish_ns` = 0: it is under way.
bool Correct(DeployRecord* record, TimeNs finish_ns) {
  // What was acted upon, or is over, stands.
  const bool is_open = record->phase != DeployRecord::Phase::kClosed && record->recovery == RecoveryState::kWatching &&
                       (record->state == VerdictState::kWatching || record->state == VerdictState::kHealthy);
  Deploy& known = record->deploy;
  if (!known.finish_guessed || !is_open || (finish_ns != 0 && finish_ns < known.start_ns)) return false;
  known.finish_ns = finish_ns;
  known.finish_guessed = false;
  record->state = VerdictState::kWatching;
  record->told_verdict.reset();
  return true;
}

}  // namespace

bool SameRevision(std::string_view a, std::string_view b) {
  const size_t shorter = std::min(a.size(), b.size());
  if (a.empty() || b.empty()) return false;
  if (a.size() != b.size() && shorter < kRevisionDigitsMin) return false;
  return a.substr(0, shorter) == b.substr(0, shorter);
}

int64_t DeployRecord::baseline_end() const { return FloorToSecond(deploy.start_ns) - kSecondsBeforeDeployLeftOut; }

StatusOr<DeployRegistry::Registered> DeployRegistry::Register(Deploy deploy) {
  REVERTD_RETURN_IF_ERROR(Check(deploy));
  const bool has_id = !deploy.id.empty();
  if (!has_id) deploy.id = MakeDeployId(deploy.service, deploy.start_ns);
  if (DeployRecord* same = FindSame(deploy)) {
    if (same->abandoned()) return Registered{same, false};
    const bool corrected = !deploy.finish_guessed && Correct(same, deploy.finish_ns);
    const bool completed = Complete(&same->deploy, deploy);
    return Registered{same, corrected || completed, corrected};
  }
  // A second try, told with the start of the first one, which was abandoned.
  if (!has_id && Find(deploy.id) != nullptr && deploy.finished()) {
    deploy.id = MakeDeployId(deploy.service, deploy.finish_ns);
  }
  // Two commits of one second, as a merge queue tells of them.
  if (!has_id && Find(deploy.id) != nullptr && !deploy.head.empty())
    deploy.id += "-" + deploy.head.substr(0, kIdDigits);
  if (Find(deploy.id) != nullptr) {
    return InvalidArgument("registering a deploy of " + deploy.service + ": another deploy has the id " + deploy.id);
  }
  Records& records = by_service_[deploy.service];
  if (records.size() >= kDeploysKeptPerService) {
    const auto closed = std::find_if(records.begin(), records.end(), [](const auto& record) {
      return record->phase == DeployRecord::Phase::kClosed && !record->watched_late && !record->followed_up;
    });
    if (closed == records.end())
      return Unavailable("registering a deploy of " + deploy.service + ": too many are open");
    records.erase(closed);
  }
  auto record = std::make_unique<DeployRecord>();
  record->deploy = std::move(deploy);
  DeployRecord* const added = record.get();
  const auto after = std::upper_bound(records.begin(), records.end(), record, [](const auto& a, const auto& b) {
    return a->deploy.start_ns < b->deploy.start_ns;
  });
  records.insert(after, std::move(record));
  return Registered{added, true};
}

DeployRecord* DeployRegistry::FindSame(const Deploy& deploy) {
  const auto records = by_service_.find(deploy.service);
  if (records == by_service_.end()) return nullptr;
  for (const auto& record : records->second) {
    const Deploy& known = record->deploy;
    if (record->abandoned() && std::max(deploy.start_ns, deploy.finish_ns) > record->abandoned_ns()) continue;
    const bool other_head = !known.head.empty() && !deploy.head.empty() && !SameRevision(known.head, deploy.head);
    if (known.id == deploy.id && !other_head) return record.get();
    const auto [first, last] = std::minmax(known.start_ns, deploy.start_ns);
    // A, B, A again is three deploys: the second A takes B out of service.
    const bool another_between =
        std::any_of(records->second.begin(), records->second.end(), [&, first = first, last = last](const auto& other) {
          return other->deploy.start_ns > first && other->deploy.start_ns < last;
        });
    // A rollout may take longer than the window: who tells of its end means the one that was begun.
    const bool is_its_end = !known.finished() && deploy.finished() && deploy.start_ns >= known.start_ns;
    const bool near = (last - first <= kSameDeployWindow || is_its_end) && !another_between;
    if (near && SameRevision(known.head, deploy.head)) return record.get();
  }
  return nullptr;
}

DeployRecord* DeployRegistry::Find(std::string_view id) {
  for (const auto& [service, records] : by_service_) {
    for (const auto& record : records) {
      if (record->deploy.id == id) return record.get();
    }
  }
  return nullptr;
}

DeployRecord* DeployRegistry::FindHead(std::string_view service, std::string_view head) {
  DeployRecord* newest = nullptr;
  const auto records = by_service_.find(service);
  if (records == by_service_.end()) return newest;
  for (const auto& record : records->second) {
    if (SameRevision(record->deploy.head, head)) newest = record.get();
  }
  return newest;
}

DeployRecord* DeployRegistry::FindGivenUp(std::string_view service, std::string_view head, TimeNs told_ns) {
  DeployRecord* newest = nullptr;
  const auto records = by_service_.find(service);
  if (records == by_service_.end()) return newest;
  for (const auto& record : records->second) {
    const Deploy& deploy = record->deploy;
    const bool is_meant = head.empty() ? deploy.head.empty() : SameRevision(deploy.head, head);
    const bool is_under_way = !deploy.finished() || deploy.finish_guessed;
    if (is_meant && is_under_way && deploy.start_ns <= told_ns) newest = record.get();
  }
  return newest;
}

bool DeployRegistry::CorrectFinish(DeployRecord* record, TimeNs finish_ns) { return Correct(record, finish_ns); }

// From the end: as a rule the newest ones are asked about.
std::span<const std::unique_ptr<DeployRecord>> DeployRegistry::Later(const DeployRecord& record) const {
  const auto records = by_service_.find(record.deploy.service);
  if (records == by_service_.end()) return {};
  const auto is_it = [&record](const auto& other) { return other.get() == &record; };
  return {std::find_if(records->second.rbegin(), records->second.rend(), is_it).base(), records->second.end()};
}

const DeployRecord* DeployRegistry::Next(const DeployRecord& record) const {
  const auto later = Later(record);
  return later.empty() ? nullptr : later.front().get();
}

const DeployRecord* DeployRegistry::Successor(const DeployRecord& record) const {
  const DeployRecord* next = Next(record);
  while (next != nullptr && next->abandoned()) next = Next(*next);
  return next;
}

const DeployRecord* DeployRegistry::Previous(const DeployRecord& record) const {
  const auto records = by_service_.find(record.deploy.service);
  if (records == by_service_.end()) return nullptr;
  const DeployRecord* previous = nullptr;
  for (const auto& other : records->second) {
    if (other.get() == &record) return previous;
    if (!other->abandoned()) previous = other.get();
  }
  return nullptr;
}

int64_t DeployRegistry::WatchEnd(const DeployRecord& record) const {
  const bool revert = record.deploy.kind == DeployKind::kRevert;
  const int64_t end = record.first_second() + (revert ? kRecoverySecondsMax : observe_seconds_);
  const DeployRecord* next = Next(record);
  return next == nullptr ? end : std::min(end, FloorToSecond(next->deploy.start_ns));
}

bool DeployRegistry::Superseded(const DeployRecord& record, int64_t second) const {
  const DeployRecord* next = Next(record);
  return next != nullptr && FloorToSecond(next->deploy.start_ns) <= second;
}

bool DeployRegistry::Replaced(const DeployRecord& record, int64_t second) const {
  const auto later = Later(record);
  return std::any_of(later.begin(), later.end(), [this, second](const auto& next) {
    return !next->abandoned() && next->deploy.finished() && next->first_second() + observe_seconds_ <= second;
  });
}

int64_t DeployRegistry::AloneFrom(const DeployRecord& record, int64_t from, int64_t to) const {
  int64_t alone = from;
  for (const auto& next : Later(record)) {
    if (FloorToSecond(next->deploy.start_ns) >= to) break;
    alone = std::max(alone, next->abandoned() ? std::min(UnderWayUntil(*next), to) : to);
  }
  return alone;
}

Status DeployRegistry::MayBeAbandoned(const DeployRecord& record, TimeNs at_ns) const {
  const std::string doing = "abandoning the deploy " + record.deploy.id + ": ";
  if (at_ns < record.deploy.start_ns) return InvalidArgument(doing + "it would be abandoned before it started");
  if (record.state == VerdictState::kRegressed) return FailedPrecondition(doing + "it was judged regressed");
  if (record.recovery == RecoveryState::kRecovered || record.recovery == RecoveryState::kNotRecovered) {
    return FailedPrecondition(doing + "its recovery was judged " + std::string(NameOf(record.recovery)));
  }
  if (record.deploy.finished() && FloorToSecond(at_ns) >= record.first_second() + observe_seconds_) {
    return FailedPrecondition(doing + "it has served for the whole observation");
  }
  return OkStatus();
}

// A deploy whose finish nobody ever told ends, at the latest, where the next one starts.
int64_t DeployRegistry::UnderWayUntil(const DeployRecord& record) const {
  if (record.abandoned()) return CeilToSecond(record.abandoned_ns());
  if (record.deploy.finished()) return record.first_second();
  const DeployRecord* next = Next(record);
  return next == nullptr ? kForever : FloorToSecond(next->deploy.start_ns);
}

SecondInterval DeployRegistry::LeftOutBy(const DeployRecord& record) const {
  SecondInterval interval;
  interval.from = record.baseline_end();
  interval.to = UnderWayUntil(record);
  if (record.abandoned()) return interval;
  const DeployRecord* next = Successor(record);
  const bool replaced = next != nullptr && next->deploy.finished();
  const bool revert = record.deploy.kind == DeployKind::kRevert;
  const bool bad = revert ? record.recovery == RecoveryState::kNotRecovered
                          : record.state == VerdictState::kRegressed ||
                                (record.state == VerdictState::kAmbiguous && !record.only_asks());
  const bool good = revert ? record.recovery == RecoveryState::kRecovered : record.state == VerdictState::kHealthy;
  if (bad) {
    // It serves until its successor has fully taken over.
    interval.to = std::max(interval.to, replaced ? next->first_second() : kForever);
  } else if (!good && record.deploy.finished()) {
    interval.to = std::max(interval.to, WatchEnd(record));
  }
  return interval;
}

std::vector<SecondInterval> DeployRegistry::LeftOut(std::string_view service) const {
  std::vector<SecondInterval> intervals;
  const auto records = by_service_.find(service);
  if (records == by_service_.end()) return intervals;
  for (const auto& record : records->second) intervals.push_back(LeftOutBy(*record));
  return intervals;
}

bool DeployRegistry::MayBeControl(std::string_view service, int64_t second) const {
  const auto records = by_service_.find(service);
  if (records == by_service_.end()) return true;
  return std::none_of(records->second.begin(), records->second.end(), [this, second](const auto& record) {
    return FloorToSecond(record->deploy.start_ns) <= second &&
           second < UnderWayUntil(*record) + kNoControlAfterDeploySeconds;
  });
}

}  // namespace revertd
