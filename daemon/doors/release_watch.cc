#include "daemon/doors/release_watch.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "actions/git.h"
#include "base/varint.h"

namespace revertd {
namespace {

constexpr uint64_t kEncoding = 1;
constexpr std::string_view kDescribeMark = "-g";  // git describe's, before the revision

// By their names; `_other` has none, and "-" is how a log says so.
ReleaseCounts CountsOf(const Window& window) {
  ReleaseCounts counts;
  for (const CohortCounts& cohort : window.cohorts) {
    if (cohort.key == kNoKey || cohort.key == kOtherKey) continue;
    const std::string_view name = cohort.name.text();
    const auto& requests = cohort.by_age.requests;
    const uint64_t sum = std::accumulate(requests.begin(), requests.end(), uint64_t{0});
    if (sum == 0 || name.empty() || name == "-") continue;
    counts[std::string(name)] += sum;
  }
  return counts;
}

}  // namespace

std::string RevisionIn(std::string_view release) {
  if (IsRevision(release)) return std::string(release);
  for (const std::string_view mark : {std::string_view("@"), kDescribeMark}) {
    const size_t at = release.rfind(mark);
    if (at == std::string_view::npos) continue;
    const std::string_view rest = release.substr(at + mark.size());
    if (IsRevision(rest)) return std::string(rest);
  }
  return {};
}

ReleaseWatch::ReleaseWatch(const Config& config, const ServiceTable& services) : services_(services) {
  for (const ServiceConfig& service : config.services) {
    if (service.deploys_from_log) by_name_[service.name].service = &service;
  }
}

ReleaseWatch::Watched* ReleaseWatch::Find(ServiceId id) {
  if (id >= by_id_.size()) by_id_.resize(size_t{id} + 1);
  std::optional<Watched*>& known = by_id_[id];
  if (!known) {
    const auto found = by_name_.find(services_.NameOf(id));
    known = found == by_name_.end() ? nullptr : &found->second;
  }
  return *known;
}

void ReleaseWatch::OnWindow(const Window& window) {
  if (by_name_.empty() || window.cohorts.empty() || window.service == ServiceTable::kOther) return;
  Watched* watched = Find(window.service);
  if (watched == nullptr) return;
  if (window.second <= sealed_) {
    ++windows_disordered_;
    return;
  }
  ReleaseCounts counts = CountsOf(window);
  if (!counts.empty()) watched->waiting.insert_or_assign(window.second, std::move(counts));
}

std::optional<int64_t> ReleaseWatch::NextDue(const Watched& watched, int64_t from) const {
  std::optional<int64_t> due = watched.releases.NextDue(from);
  if (!watched.waiting.empty())
    due = std::min(due.value_or(watched.waiting.begin()->first), watched.waiting.begin()->first);
  return due;
}

std::vector<Deploy> ReleaseWatch::SealedThrough(int64_t second) {
  if (second <= sealed_) return {};
  std::vector<std::pair<int64_t, Deploy>> told;
  for (auto& [name, watched] : by_name_) {
    std::vector<ReleaseDeploy> of_service;
    for (auto due = NextDue(watched, sealed_ + 1); due && *due <= second; due = NextDue(watched, *due + 1)) {
      auto waiting = watched.waiting.extract(*due);
      watched.releases.Observe(*due, waiting.empty() ? ReleaseCounts() : std::move(waiting.mapped()), &of_service);
    }
    for (const ReleaseDeploy& deploy : of_service) {
      told.emplace_back(deploy.told_second, DeployOf(*watched.service, deploy));
    }
  }
  sealed_ = second;
  // By the second that decided, then by service: as if every second had been a lot of its own.
  std::stable_sort(told.begin(), told.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Deploy> deploys;
  for (auto& [at, deploy] : told) deploys.push_back(std::move(deploy));
  return deploys;
}

Deploy ReleaseWatch::DeployOf(const ServiceConfig& service, const ReleaseDeploy& told) const {
  const TimeNs start = told.start_second * kSecondNs;
  return {.id = MakeDeployId(service.name, start),
          .service = service.name,
          .repo = service.repo,
          .base = RevisionIn(told.before),
          .head = RevisionIn(told.release),
          .start_ns = start,
          .finish_ns = told.finish_second.value_or(0) * kSecondNs,
          .kind = DeployKind::kRelease,
          .trigger_id = {}};
}

std::string ReleaseWatch::Encode() const {
  std::string bytes;
  AppendVarint(kEncoding, &bytes);
  AppendVarint(static_cast<uint64_t>(sealed_), &bytes);
  AppendVarint(by_name_.size(), &bytes);
  for (const auto& [name, watched] : by_name_) {
    AppendVarint(name.size(), &bytes);
    bytes += name;
    watched.releases.Encode(&bytes);
  }
  return bytes;
}

Status ReleaseWatch::Restore(std::string_view bytes) {
  const Status not_ours = InvalidArgument("the releases that were seen before are unreadable");
  uint64_t encoding = 0, sealed = 0, services = 0;
  if (!TakeVarint(bytes, &encoding) || encoding != kEncoding || !TakeVarint(bytes, &sealed) ||
      !TakeVarint(bytes, &services) || static_cast<int64_t>(sealed) == std::numeric_limits<int64_t>::max()) {
    return not_ours;
  }
  std::map<std::string, ServiceReleases, std::less<>> restored;
  for (uint64_t i = 0; i < services; ++i) {
    uint64_t size = 0;
    if (!TakeVarint(bytes, &size) || size > bytes.size()) return not_ours;
    const std::string name(bytes.substr(0, size));
    bytes.remove_prefix(size);
    if (!restored[name].Restore(&bytes)) return not_ours;
  }
  if (!bytes.empty()) return not_ours;
  for (auto& [name, releases] : restored) {
    const auto watched = by_name_.find(name);
    if (watched != by_name_.end()) watched->second.releases = std::move(releases);
  }
  sealed_ = static_cast<int64_t>(sealed);
  return OkStatus();
}

uint64_t ReleaseWatch::names_forgotten() const {
  return std::accumulate(by_name_.begin(), by_name_.end(), uint64_t{0}, [](uint64_t sum, const auto& watched) {
    return sum + watched.second.releases.names_forgotten();
  });
}

}  // namespace revertd
