// ManifestWriter: keeps the manifest that revertd writes for others (manifest.write). The file changes only when there
// is something else to tell, and always as a whole.
//
// Thread contract: one thread, that of the StateStore it is shown. An update reads every deploy and syncs a file: for
// when a deploy or a verdict has changed, and for a try again now and then, not for every second.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "daemon/doors/manifest.h"
#include "daemon/doors/standing_failure.h"
#include "store/state_store.h"

namespace revertd {

// What the manifest tells by what the state knows now.
StatusOr<std::vector<ManifestEntry>> ReadManifestEntries(const StateStore& state);

class ManifestWriter {
 public:
  explicit ManifestWriter(std::string path) : path_(std::move(path)) {}

  // What people are to be told: a failure once, and that it is over; empty: nothing.
  std::string Update(const StateStore& state, TimeNs now);
  // The last update failed: another one is worth while.
  bool is_behind() const { return is_behind_; }

 private:
  Status Write(const StateStore& state, TimeNs now);
  void LearnWritten();

  const std::string path_;
  std::optional<std::vector<ManifestEntry>> written_;  // what the file tells; nullopt: not known
  StandingFailure failure_;
  bool is_behind_ = false;
};

}  // namespace revertd
