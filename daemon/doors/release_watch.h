// ReleaseWatch: deploys out of access logs that name the release of each request (services with deploys_from_log;
// detect.cohort: release). What begins and ends a deploy stands in service_releases.h.
//
// Thread contract: the analysis thread alone. Fed as AnalysisLoop is: OnWindow with sealed windows, SealedThrough once
// for each lot. Invariants: 1. no clock but the log's; 2. what is told, and in which order, does not depend on how the
// seconds were parted into lots.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/deploy.h"
#include "base/service_table.h"
#include "base/status.h"
#include "base/window.h"
#include "config/config.h"
#include "daemon/doors/service_releases.h"

namespace revertd {

// The revision that a release names: all of it, or what stands behind its last '@' ("shop@4f2a9c1") or its last "-g"
// (git describe's "v1.2-5-g4f2a9c1"). Empty: it names none.
std::string RevisionIn(std::string_view release);

class ReleaseWatch {
 public:
  // Both outlive it.
  ReleaseWatch(const Config& config, const ServiceTable& services);

  bool is_needed() const { return !by_name_.empty(); }  // false: no service wants it, nothing need be fed

  void OnWindow(const Window& window);
  // Deploys that the seconds up to and with `second` told of. A deploy under way comes again, with the same id, once it
  // is finished. `base` and `head` are empty where the release names no revision.
  std::vector<Deploy> SealedThrough(int64_t second);

  // What is remembered: for a durable row, which must be written with or before the deploys that were told.
  std::string Encode() const;
  // Before the first window. InvalidArgument: the bytes are not ours; nothing is restored. Services that are no longer
  // watched are left out.
  Status Restore(std::string_view bytes);

  uint64_t names_forgotten() const;
  uint64_t windows_disordered() const { return windows_disordered_; }  // of a second that was sealed before

 private:
  struct Watched {
    const ServiceConfig* service = nullptr;
    ServiceReleases releases;
    std::map<int64_t, ReleaseCounts> waiting;  // by second, not sealed yet; the ring bounds it
  };

  Watched* Find(ServiceId id);
  std::optional<int64_t> NextDue(const Watched& watched, int64_t from) const;
  Deploy DeployOf(const ServiceConfig& service, const ReleaseDeploy& told) const;

  const ServiceTable& services_;
  std::map<std::string, Watched, std::less<>> by_name_;
  std::vector<std::optional<Watched*>> by_id_;  // nullopt: not looked up yet; nullptr: not watched
  int64_t sealed_ = kNoSecond;
  uint64_t windows_disordered_ = 0;
};

}  // namespace revertd
