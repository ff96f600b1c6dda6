// ManifestWatch: deploys out of a manifest that others keep for revertd (manifest.watch). An entry that is new there is
// a deploy, and so is one that is newly finished; the rest of the file is history.
//
// Thread contract: one thread; Poll reads a file, so one that may wait for a disk. A file that is missing, half written
// or wrong is told of once, and what was read before it stays.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "config/config.h"
#include "daemon/doors/deploy_news.h"
#include "daemon/doors/manifest.h"
#include "daemon/doors/standing_failure.h"
#include "daemon/doors/whole_file.h"

namespace revertd {

// What was read of a manifest before. Pure.
class ManifestMemory {
 public:
  // At the first reading: what finished longer ago is history.
  static constexpr DurationNs kFirstLook = 10 * kMinuteNs;
  // Of entries that have left the file, so that one which comes back is not new.
  static constexpr size_t kRememberedMax = 2 * kManifestEntriesMax;

  // The entries that are news, in their order.
  std::vector<ManifestEntry> Take(const std::vector<ManifestEntry>& entries, TimeNs now);

 private:
  bool has_read_ = false;
  std::map<std::string, bool> finished_;  // by id
};

// The deploy of an entry. A service may be called by another name that the configuration knows it by. A revert of
// somebody else's is a deploy like any other: only for our own there is a trigger, and analysis knows those by their
// commits.
Deploy DeployOf(const ManifestEntry& entry, const Config& config);

class ManifestWatch {
 public:
  static constexpr DurationNs kPollEvery = kSecondNs;
  // A file that changed so short a time ago may change again without another time of change or size.
  static constexpr DurationNs kUnsettled = 2 * kSecondNs;

  // `config` outlives it.
  explicit ManifestWatch(const Config& config) : config_(config) {}

  DeployNews Poll(TimeNs now);

 private:
  // nullopt: nothing has changed.
  StatusOr<std::optional<std::vector<ManifestEntry>>> ReadIfChanged(TimeNs now);

  const Config& config_;
  std::optional<FileVersion> settled_;  // was read, whole or not, and need not be read again
  ManifestMemory memory_;
  StandingFailure failure_;
};

}  // namespace revertd
