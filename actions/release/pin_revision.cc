#include "actions/release/pin_revision.h"

#include "actions/release/release_tools.h"

namespace revertd {

StatusOr<std::variant<std::string, Hold>> PinRevision(const RepoConfig& repo, const ReleaseStep& step, Git* git) {
  using Answer = std::variant<std::string, Hold>;
  const auto source = git->FetchBranch(OnBranch(repo, step.promote.source));
  if (!source.ok()) return source.status();
  if (!source->has_value()) {
    return Answer(Hold{"no_branch", "the remote has no branch " + step.promote.source});
  }
  const std::string& revision = step.promote.revision;
  if (revision.empty()) return Answer(**source);
  const auto found = git->FindCommit(repo, revision);
  if (!found.ok()) return found.status();
  if (!found->has_value()) return Answer(Hold{"revision_not_found", revision});
  const auto is_on_source = git->IsAncestor(repo, **found, **source);
  if (!is_on_source.ok()) return is_on_source.status();
  if (!*is_on_source) {
    return Answer(Hold{"revision_not_on_source", revision + " is not on " + step.promote.source});
  }
  return Answer(**found);
}

}  // namespace revertd
