#include "analysis/error_groups.h"

#include <algorithm>
#include <utility>

#include "analysis/deploy_registry.h"

namespace revertd {
namespace {

constexpr size_t kRevisionDigitsMin = 7;

void AddName(const std::string& name, std::vector<std::string>* names) {
  if (name.empty() || (!names->empty() && names->back() == name)) return;
  std::erase(*names, name);
  if (names->size() == kErrorNamesMax) names->erase(names->begin());
  names->push_back(name);
}

bool IsRevision(std::string_view text) {
  return text.size() >= kRevisionDigitsMin && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
         });
}

}  // namespace

const KnownErrorGroup* ErrorGroups::Find(uint64_t fingerprint) const {
  const auto found = groups_.find(fingerprint);
  return found == groups_.end() ? nullptr : &found->second;
}

bool ErrorGroups::MakePlace(TimeNs at_ns, bool may_grow) {
  if (may_grow && groups_.size() < static_cast<size_t>(kErrorGroupsMax)) return true;
  const auto oldest = std::min_element(groups_.begin(), groups_.end(), [](const auto& a, const auto& b) {
    return a.second.record.last_seen_ns < b.second.record.last_seen_ns;
  });
  if (oldest == groups_.end() || oldest->second.record.last_seen_ns > at_ns - kErrorGroupIdle) return false;
  groups_.erase(oldest);
  return true;
}

void ErrorGroups::Refuse(uint64_t fingerprint) {
  ++overflow_;
  if (refused_.size() < kRefusedGroupsMax) {
    refused_.insert(fingerprint);
  } else {
    refused_beyond_ = refused_beyond_ || !refused_.contains(fingerprint);
  }
}

ErrorGroups::Taken ErrorGroups::Take(const ErrorEvent& event, TimeNs at_ns, bool may_grow) {
  auto found = groups_.find(event.fingerprint);
  const bool is_new = found == groups_.end();
  if (is_new) {
    if (!MakePlace(at_ns, may_grow)) {
      Refuse(event.fingerprint);
      return {};
    }
    found = groups_.emplace(event.fingerprint, KnownErrorGroup{}).first;
    ErrorGroupRecord& record = found->second.record;
    record.service = event.service;
    record.fingerprint = event.fingerprint;
    record.origin = event.origin;
    record.type = event.type;
    record.culprit = event.culprit;
    record.title = event.title;
    record.first_seen_ns = record.last_seen_ns = at_ns;
    record.event_id = event.event_id;
    found->second.never_new = refused_beyond_ || refused_.erase(event.fingerprint) > 0;
  }
  KnownErrorGroup& group = found->second;
  ErrorGroupRecord& record = group.record;
  record.first_seen_ns = std::min(record.first_seen_ns, at_ns);
  if (at_ns >= record.last_seen_ns) record.level = event.level;
  record.last_seen_ns = std::max(record.last_seen_ns, at_ns);
  ++record.events;
  AddName(event.release, &record.releases);
  AddName(event.environment, &record.environments);
  group.is_changed = !is_new;  // that it is new is told by whoever has the sample
  return {&group, is_new};
}

void ErrorGroups::Restore(const ErrorGroupRecord& record) {
  if (groups_.size() == static_cast<size_t>(kErrorGroupsMax)) return;
  KnownErrorGroup& group = groups_[record.fingerprint];
  group.record = record;
  group.record.sample.clear();
}

void ErrorGroups::TellChanged(AnalysisSink* sink) {
  for (auto& [fingerprint, group] : groups_) {
    if (!group.is_changed) continue;
    group.is_changed = false;
    sink->OnErrorGroup(group.record);
  }
}

size_t ErrorGroups::ForgetBefore(TimeNs at_ns) {
  if (groups_.size() < static_cast<size_t>(kErrorGroupsMax)) {
    refused_beyond_ = false;
    if (groups_.size() < static_cast<size_t>(kErrorGroupsMax) / 2) refused_.clear();
  }
  return std::erase_if(groups_, [at_ns](const auto& one) { return one.second.record.last_seen_ns < at_ns; });
}

uint32_t ErrorReleases::NumberOf(std::string_view name, int64_t second) {
  if (name.empty()) return 0;
  const auto found = std::find_if(releases_.begin(), releases_.end(),
                                  [name](const KnownRelease& release) { return release.name == name; });
  if (found != releases_.end()) {
    found->first_second = std::min(found->first_second, second);
    found->last_second = std::max(found->last_second, second);
    return found->number;
  }
  if (releases_.size() == kReleasesMax) {
    releases_.erase(
        std::min_element(releases_.begin(), releases_.end(),
                         [](const KnownRelease& a, const KnownRelease& b) { return a.last_second < b.last_second; }));
  }
  releases_.push_back({++newest_, std::string(name), second, second});
  return newest_;
}

const KnownRelease* ErrorReleases::Find(uint32_t number) const {
  const auto found = std::find_if(releases_.begin(), releases_.end(),
                                  [number](const KnownRelease& release) { return release.number == number; });
  return found == releases_.end() ? nullptr : &*found;
}

bool IsReleaseOf(std::string_view head, std::string_view release) {
  if (head.empty() || release.empty()) return false;
  const size_t mark = release.find_last_of("@+");
  const std::string_view revision = mark == std::string_view::npos ? release : release.substr(mark + 1);
  // A version such as "1.4.0" names a deploy too, where it is all that both say.
  if (release == head || revision == head) return true;
  return IsRevision(head) && IsRevision(revision) && SameRevision(head, revision);
}

}  // namespace revertd
