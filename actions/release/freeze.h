// Freeze windows: times of the week in which no step of a release begins, by the wall clock of the release's zone.
//
// Pure, any thread.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "config/release.h"

namespace revertd {

struct Frozen {
  TimeNs until_ns = 0;  // the end of the last window that joins on without a gap
  std::string why;      // of the windows in which `now` is; may be empty
};

// Windows may leave no gap at all; `until_ns` looks no further than so many days from now.
inline constexpr int kFreezeDaysMax = 28;

// nullopt: a step may begin. A window holds from the first moment at which the clock shows its beginning or later to
// the last at which it shows less than its end: an hour that is skipped shortens it, one that comes twice counts twice.
// file.time_zone is one that TimeZone::Named knows, as load_release.h has seen to.
std::optional<Frozen> FrozenAt(const ReleaseFile& file, TimeNs now);

}  // namespace revertd
