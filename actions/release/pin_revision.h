// Which commit a git step promotes: its source's head, or the revision that its file names, which must be on the
// source.
//
// Thread contract: that of its Git.
#pragma once

#include <string>
#include <variant>

#include "actions/git.h"
#include "actions/guards.h"
#include "base/status.h"
#include "config/config.h"
#include "config/release.h"

namespace revertd {

// The full SHA, or why there is none: no_branch, revision_not_found, revision_not_on_source. Fetches the source.
StatusOr<std::variant<std::string, Hold>> PinRevision(const RepoConfig& repo, const ReleaseStep& step, Git* git);

}  // namespace revertd
