#include "actions/guard_hooks.h"

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <utility>

#include "base/strings.h"

namespace revertd {
namespace {

constexpr std::string_view kFirstLine = "#!/bin/sh\n";
constexpr std::string_view kMarker = "# revertd-guard version ";

constexpr std::string_view kOpening = R"sh(
# Written by: revertd guard install. Removed by: revertd guard remove. What is changed here is lost.
# It guards against accidents, not against malice: whoever may write here may also remove it.
set -u
)sh";

// The old hook may have read standard input to its end, so both get a copy. The dot keeps the last newlines, which the
// shell would cut.
constexpr std::string_view kAskBeforeWithInput = R"sh(
# A hook that stood here before is asked first, with the same arguments and input; what it refuses stays refused.
input=$(cat && echo .) || exit 1
input=${input%.}
before=$0.before-revertd
if [ -f "$before" ] && [ -x "$before" ]; then
  printf %s "$input" 2>/dev/null | "$before" "$@" || exit $?
fi
)sh";

constexpr std::string_view kAskBefore = R"sh(
# A hook that stood here before is asked first, with the same arguments; what it refuses stays refused.
before=$0.before-revertd
if [ -f "$before" ] && [ -x "$before" ]; then
  "$before" "$@" || exit $?
fi
)sh";

constexpr std::string_view kWords = R"sh(
say() { printf 'revertd: %s\n' "$1" >&2; }

# Without control characters and not too long: for one line of a file, and for a terminal.
clean() { printf %s "$1" | LC_ALL=C tr '\000-\037\177' '[ *]' | cut -b 1-300; }

has_reason() {
  case $(clean "$1") in
    *[!\ ]*) return 0 ;;
    *) return 1 ;;
  esac
}

# record WHO WHAT REASON: an override that nobody can find again is none, so what cannot be recorded is not allowed.
record() {
  folder=$(git rev-parse --git-common-dir) || return 1
  log=$folder/revertd-guard.log
  [ -z "$(git config core.sharedRepository)" ] || umask 002
  if [ -f "$log" ] && [ "$(wc -c <"$log")" -gt 1048576 ]; then mv -f "$log" "$log.1"; fi
  printf '%s\t%s\t%s\t%s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$(clean "$1")" "$(clean "$2")" "$(clean "$3")" \
    >>"$log" || return 1
  say "allowed, and recorded in $log: $(clean "$3")"
}
)sh";

constexpr std::string_view kWorkTreeWords = R"sh(
reason=${REVERTD_GUARD_OVERRIDE:-}

refuse() {
  say "$guarded is guarded: $1 is refused."
  say 'It is what serves people. A release changes it, so that the change is watched and can be undone.'
  say 'Instead: commit to another branch, and promote that with: revertd release run FILE'
  say 'If it must be: REVERTD_GUARD_OVERRIDE="the reason" git ...  The reason is kept in revertd-guard.log.'
  exit 1
}

# allow WHAT REFS: ends the hook.
allow() {
  has_reason "$reason" || refuse "$1"
  who=$(git var GIT_COMMITTER_IDENT 2>/dev/null) || who=$(id -un) # with its time, which is cut off
  record "${who% * *}" "$1 ($2)" "$reason" && exit 0
  say 'The reason could not be recorded.'
  refuse "$1"
}
)sh";

constexpr std::string_view kOfHead = R"sh(
head_is_guarded() { [ "$(git symbolic-ref -q HEAD)" = "refs/heads/$guarded" ]; }
)sh";

// These two come early, before the work of slower hooks; git always asks prepare-commit-msg after them, and that one
// records: so one commit is one line.
constexpr std::string_view kPreCommit = R"sh(
head_is_guarded || exit 0
has_reason "$reason" || refuse 'a commit made on it'
)sh";

constexpr std::string_view kPreMergeCommit = R"sh(
head_is_guarded || exit 0
has_reason "$reason" || refuse 'a merge into it (git merge --abort takes back what it began)'
)sh";

// The only hook that cherry-pick and revert ask, and that --no-verify does not skip.
constexpr std::string_view kPrepareCommitMsg = R"sh(
head_is_guarded || exit 0
what='a commit made on it'
[ "${2:-}" != merge ] || what='a merge into it'
allow "$what" "refs/heads/$guarded after $(git rev-parse -q --verify HEAD || echo nothing)"
)sh";

constexpr std::string_view kApplyPatchMsg = R"sh(
head_is_guarded || exit 0
allow 'a patch applied to it' "refs/heads/$guarded after $(git rev-parse -q --verify HEAD || echo nothing)"
)sh";

constexpr std::string_view kPreRebase = R"sh(
if [ -n "${2:-}" ]; then
  [ "${2#refs/heads/}" = "$guarded" ] || exit 0
else
  head_is_guarded || exit 0
fi
allow 'a rebase of it' "refs/heads/$guarded onto $1"
)sh";

constexpr std::string_view kPrePush = R"sh(
refs=
# From the right: the first word is what the user typed, and that may have blanks (main@{1 hour ago}).
while read -r line; do
  theirs=${line##* }
  line=${line% *}
  ref=${line##* }
  line=${line% *}
  ours=${line##* }
  [ "$ref" != "refs/heads/$guarded" ] || refs="$ref $theirs $ours"
done <<END
$input
END
[ -n "$refs" ] || exit 0
allow 'a push to it' "$refs"
)sh";

constexpr std::string_view kPreReceive = R"sh(
# Of SHA-1 and of SHA-256.
is_zero() {
  case $1 in
    *[!0]*) return 1 ;;
    *) return 0 ;;
  esac
}

# judge OLD NEW: prints why the branch may not go from one to the other; nothing where it may.
judge() {
  if is_zero "$2"; then
    echo 'it would be deleted'
    return
  fi
  if is_zero "$1"; then
    # The very first push: nothing was there to break. Later a new branch may begin at what is here already.
    [ -n "$(git for-each-ref --count=1)" ] || return
    set -- "$2" --not --all
  elif git merge-base --is-ancestor "$1" "$2"; then
    set -- "$1..$2"
  else
    echo 'it would not be a fast-forward'
    return
  fi
  if ! direct=$(git rev-list --first-parent --max-count=1 --basic-regexp --invert-grep \
    --grep='^Revertd-Release: [^ ]' --grep='^Revertd-Trigger: [^ ]' "$@" --); then
    echo 'what is new on it could not be read'
  elif [ -n "$direct" ]; then
    subject=$(git -c log.showSignature=false log -1 --format='%h (%s)' "$direct" --)
    echo "commit $(clean "$subject") has no trailer Revertd-Release or Revertd-Trigger"
  fi
}

# The push option revertd-override=REASON; the last one counts.
reason=
count=${GIT_PUSH_OPTION_COUNT:-0}
case $count in
  *[!0-9]*) count=0 ;;
esac
number=0
while [ "$number" -lt "$count" ]; do
  option=
  eval "option=\${GIT_PUSH_OPTION_$number:-}"
  case $option in
    revertd-override=*) reason=${option#revertd-override=} ;;
  esac
  number=$((number + 1))
done

# Symbolic branches that stand for the guarded one: a push to them moves it.
aliases=$(git for-each-ref --format='%(refname) %(symref)' refs/heads | while read -r name target; do
  [ "$target" != "refs/heads/$guarded" ] || echo "$name"
done)
is_guarded() {
  [ "$1" != "refs/heads/$guarded" ] || return 0
  [ -n "$1" ] || return 1
  case "
$aliases
" in
    *"
$1
"*) return 0 ;;
    *) return 1 ;;
  esac
}

why=
change=
while read -r old new ref; do
  is_guarded "$ref" || continue
  change="$ref $old $new"
  why=$(judge "$old" "$new")
done <<END
$input
END
[ -n "$why" ] || exit 0

# Who pushes is the server's to know: gitolite, GitLab, Gitea and git's own HTTP server say it so.
who=${GL_USER:-${GL_USERNAME:-${GITEA_PUSHER_NAME:-${REMOTE_USER:-$(id -un)}}}}
if has_reason "$reason"; then
  record "$who" "$why ($change)" "$reason" && exit 0
  say 'The reason could not be recorded.'
fi
say "$guarded is guarded: this push is refused: $why."
say 'It is what serves people. A release changes it, so that the change is watched and can be undone.'
say 'Instead: push another branch, and promote that with: revertd release run FILE'
say 'If it must be: git push -o revertd-override="the reason" ...  The reason is kept in revertd-guard.log.'
say 'Nothing of this push was taken. A trailer can be forged: this guards against accidents, not against malice;'
say 'protection of the branch by the forge is for that.'
exit 1
)sh";

}  // namespace

std::vector<GuardHook> MakeGuardHooks(bool is_bare, std::string_view branch) {
  const auto make = [branch](std::string_view name, std::initializer_list<std::string_view> parts) {
    std::string text(kFirstLine);
    text += std::string(kMarker) + std::to_string(kGuardVersion) + std::string(kOpening);
    text += "guarded=" + QuoteForShell(branch) + "\n";
    for (std::string_view part : parts) text += part;
    return GuardHook{std::string(name), std::move(text)};
  };
  if (is_bare) return {make("pre-receive", {kAskBeforeWithInput, kWords, kPreReceive})};
  return {make("pre-commit", {kAskBefore, kWords, kWorkTreeWords, kOfHead, kPreCommit}),
          make("pre-merge-commit", {kAskBefore, kWords, kWorkTreeWords, kOfHead, kPreMergeCommit}),
          make("prepare-commit-msg", {kAskBefore, kWords, kWorkTreeWords, kOfHead, kPrepareCommitMsg}),
          make("applypatch-msg", {kAskBefore, kWords, kWorkTreeWords, kOfHead, kApplyPatchMsg}),
          make("pre-rebase", {kAskBefore, kWords, kWorkTreeWords, kOfHead, kPreRebase}),
          make("pre-push", {kAskBeforeWithInput, kWords, kWorkTreeWords, kPrePush})};
}

std::optional<int> GuardVersionOf(std::string_view text) {
  if (!text.starts_with(kFirstLine)) return std::nullopt;
  text.remove_prefix(kFirstLine.size());
  if (!text.starts_with(kMarker)) return std::nullopt;
  text.remove_prefix(kMarker.size());
  const std::optional<uint64_t> version = ParseUnsigned(text.substr(0, text.find('\n')));
  if (!version || *version > uint64_t{std::numeric_limits<int>::max()}) return std::nullopt;
  return static_cast<int>(*version);
}

std::string QuoteForShell(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

}  // namespace revertd
