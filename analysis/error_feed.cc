#include "analysis/error_feed.h"

#include "base/strings.h"

namespace revertd {
namespace {

bool WasKnownBefore(const KnownErrorGroup& group, int64_t second) {
  return group.never_new || group.first_second() < second;
}

GroupEvents EventsOf(const ServiceErrors& service, const ErrorCount& count) {
  const KnownErrorGroup* group = service.groups.Find(count.fingerprint);
  return {{count.fingerprint, group != nullptr ? group->record.origin : 0}, count.events};
}

}  // namespace

VersionSplit::VersionSplit(const ErrorBook& book, const ServiceErrors& service, const Deploy& deploy,
                           int64_t before_second, int64_t first_second)
    : book_(&book), service_(&service), head_(deploy.head), before_second_(before_second), first_second_(first_second) {
  for (const auto& [fingerprint, group] : service.groups.all()) {
    if (WasKnownBefore(group, before_second)) known_.insert(fingerprint);
  }
  for (const KnownRelease& release : service.releases.all()) {
    const bool was_seen = release.first_second >= before_second_ && release.first_second < first_second;
    if (was_seen && SideOf(release.number) == Side::kFresh) Note(release.number);
  }
  // A release that served before too: as a canary, or where the same one is deployed again.
  const SecondInterval rollout{before_second_, first_second};
  const auto note = [this](int64_t, const auto& count) {
    if (SideOf(count.release) == Side::kFresh) Note(count.release);
  };
  book.seconds().ForEachOf(service.number, rollout, note);
  book.session_seconds().ForEachOf(service.number, rollout, note);
}

VersionSplit::Side VersionSplit::SideOf(uint32_t number) {
  if (number == 0) return Side::kUnknown;
  const KnownRelease* release = service_->releases.Find(number);
  if (release == nullptr) return Side::kOld;
  const auto [tied, is_new] = tied_.try_emplace(number, false);
  if (is_new) tied->second = IsReleaseOf(head_, release->name);
  return tied->second || release->first_second >= before_second_ ? Side::kFresh : Side::kOld;
}

VersionSplit::Side VersionSplit::Note(uint32_t number) {
  const Side side = SideOf(number);
  if (side == Side::kFresh) fresh_releases_.insert(number);
  if (side == Side::kOld) old_releases_.insert(number);
  fresh_seen_ = fresh_seen_ || side == Side::kFresh;
  return side;
}

bool VersionSplit::IsLearnedLate(uint64_t fingerprint) const {
  if (known_.contains(fingerprint)) return false;
  const KnownErrorGroup* group = service_->groups.Find(fingerprint);
  return group != nullptr && WasKnownBefore(*group, before_second_);
}

void VersionSplit::Read(int64_t second, VersionEvents* events) {
  *events = {};
  const SecondInterval now{second, second + 1};
  const auto note = [this](int64_t, const auto& count) { Note(count.release); };
  book_->seconds().ForEachOf(service_->number, now, note);
  book_->session_seconds().ForEachOf(service_->number, now, note);
  const auto is_before = [&](const auto& count) { return second - count.late_seconds < first_second_; };
  const auto is_old = [this](uint32_t release) { return fresh_seen_ && SideOf(release) == Side::kOld; };
  book_->seconds().ForEachOf(service_->number, now, [&](int64_t, const ErrorCount& count) {
    if (is_before(count) || IsLearnedLate(count.fingerprint)) return;
    (is_old(count.release) ? events->old : events->fresh).push_back(EventsOf(*service_, count));
  });
  book_->session_seconds().ForEachOf(service_->number, now, [&](int64_t, const SessionCount& count) {
    if (is_before(count)) return;
    if (is_old(count.release)) {
      events->old_sessions += {count.sessions, count.crashed};
    } else {
      events->sessions += {count.sessions, count.crashed};
    }
  });
}

std::string VersionSplit::NamesOf(const std::set<uint32_t>& releases) const {
  std::vector<std::string> names;
  for (const uint32_t number : releases) {
    if (const KnownRelease* release = service_->releases.Find(number)) names.push_back(release->name);
  }
  return Join(names, ",");
}

void ReadEvents(const ErrorBook& book, const ServiceErrors& service, int64_t second, std::vector<GroupEvents>* events) {
  events->clear();
  book.seconds().ForEachOf(service.number, {second, second + 1},
                           [&](int64_t, const ErrorCount& count) { events->push_back(EventsOf(service, count)); });
}

}  // namespace revertd
