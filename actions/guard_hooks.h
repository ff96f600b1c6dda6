// The git hooks of `revertd guard install`: shell texts that keep people's commits off the branch that is in
// production. In a work tree they refuse commits, merges, patches, rebases and pushes of it; in a bare repository they
// refuse its deletion, a push that is no fast-forward, and commits that carry no trailer of revertd's.
//
// They guard against accidents, not against malice: whoever may write into the repository may remove them, and anybody
// can write a trailer. revertd's own git runs no hooks (GitProgram), so they never stand in its way.
//
// Pure, any thread. The texts are POSIX sh and need git and coreutils alone.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace revertd {

// Counted up whenever a text changes, so that people can tell an old hook from one that somebody edited.
inline constexpr int kGuardVersion = 2;
// A hook that stood in the place of ours: it is asked first, and goes back when ours is removed.
inline constexpr std::string_view kBeforeGuard = ".before-revertd";
// In the git folder that all work trees share: one line an override, with its reason. At 1 MiB it is moved to
// revertd-guard.log.1, over the one before.
inline constexpr std::string_view kGuardLog = "revertd-guard.log";

struct GuardHook {
  std::string name;  // as git calls it
  std::string text;
};

// `branch` without "refs/heads/"; any text is safe, it is quoted.
std::vector<GuardHook> MakeGuardHooks(bool is_bare, std::string_view branch);

// The version of a hook that MakeGuardHooks made; nullopt: it is somebody else's.
std::optional<int> GuardVersionOf(std::string_view text);

// As one word of the shell, whatever stands in it.
std::string QuoteForShell(std::string_view text);

}  // namespace revertd
