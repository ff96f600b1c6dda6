// Puts the hooks of guard_hooks.h into a repository, looks whether they are there, and takes them out again.
//
// Thread contract: any thread; one process a repository at a time, as people do it.
// Invariants: 1. a hook of somebody else's is never lost: it is moved beside ours, and back; 2. a hook changes as a
// whole: git runs the old one or the new one, never a part of it; 3. doing it twice does nothing the second time;
// 4. a dry run changes nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actions/guard_hooks.h"
#include "base/status.h"

namespace revertd {

// A repository as its user sees it, at a work tree's top or as a bare one.
struct GuardedRepository {
  bool is_bare = false;
  std::string folder;               // absolute: the work tree's top, or the bare repository itself
  std::string hooks_folder;         // absolute: where git looks for them, by core.hooksPath too
  std::string origin = {};          // URL of the remote `origin`; empty: none
  bool takes_push_options = false;  // bare: so that an override can be told
  bool push_options_ours = false;   // bare: set by InstallGuard
};

// environment: of this process; its GIT_* variables do not reach git. InvalidArgument: no repository, neither a work
// tree nor bare, or its hooks are shared with every repository of the user or of the machine.
StatusOr<GuardedRepository> FindGuardedRepository(const std::string& path, const std::vector<std::string>& environment);

enum class GuardState {
  kCurrent,  // as MakeGuardHooks makes it now
  kChanged,  // ours, of another version or branch, or edited
  kMissing,
  kForeign,  // somebody else's hook stands there
};
std::string_view NameOf(GuardState state);

struct GuardFinding {
  GuardHook wanted;
  std::string path;
  GuardState state = GuardState::kMissing;
  std::optional<int> version = std::nullopt;  // kCurrent, kChanged
  bool is_chained = false;                    // a hook that stood there before is kept beside it
};
StatusOr<std::vector<GuardFinding>> FindGuards(const GuardedRepository& repository, std::string_view branch);

// What was done to a hook, or to a setting of the repository.
struct GuardStep {
  std::string_view what;  // written, updated, unchanged, kept, removed, restored, left, set, unset
  std::string subject;    // path of the hook, or name of the setting
};

// FailedPrecondition, and nothing was changed: beside a hook of somebody else's stands one that was kept before, and
// which of them is to be asked is not ours to say. InvalidArgument: git knows no such branch names.
StatusOr<std::vector<GuardStep>> InstallGuard(const GuardedRepository& repository, std::string_view branch,
                                              const std::vector<std::string>& environment, bool is_dry_run);
// Hooks that are not ours are left.
StatusOr<std::vector<GuardStep>> RemoveGuard(const GuardedRepository& repository,
                                             const std::vector<std::string>& environment, bool is_dry_run);

}  // namespace revertd
