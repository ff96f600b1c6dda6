// The releases that a state folder knows, of all its environments (store/release_databases.h).
//
// Thread contract: any thread; every call opens what it needs and closes it again.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "config/config.h"
#include "config/release.h"
#include "store/executor_store.h"

namespace revertd {

std::string ReleaseDatabaseOf(const Config& config, std::string_view environment);
// The one that is named; where none is, all that were ever released to, sorted.
StatusOr<std::vector<std::string>> EnvironmentsNamed(const Config& config, std::string_view environment);

// NotFound: nothing was released there yet. The oldest first. An older schema is migrated first, where nobody runs a
// release of it and this process may write.
StatusOr<std::vector<ReleaseRecord>> ReadReleasesOf(const Config& config, std::string_view environment);
// In any environment, or where one is named in that alone. NotFound names the nearest id.
StatusOr<ReleaseRecord> FindRelease(const Config& config, std::string_view id, std::string_view environment = {});
// The one that has not ended. FailedPrecondition: none or several have not; the words name them.
StatusOr<ReleaseRecord> FindOpenRelease(const Config& config, std::string_view environment = {});
StatusOr<std::vector<JournalRow>> ReadReleaseRows(const Config& config, const ReleaseRecord& record);

// As it was kept when the release began.
StatusOr<ReleaseFile> ParseKept(const ReleaseRecord& record, const Config& config);

// Whether a process runs a release of the environment now.
bool HasRunner(const Config& config, std::string_view environment);

}  // namespace revertd
