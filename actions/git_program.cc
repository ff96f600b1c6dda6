#include "actions/git_program.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <system_error>
#include <utility>

#include "actions/git_settings.h"
#include "actions/git_words.h"
#include "base/check.h"
#include "base/strings.h"

namespace revertd {
namespace {

namespace fs = std::filesystem;

// Of every run, beside GitArguments(): what would change a commit between two machines, or write more than asked.
constexpr std::string_view kSettings[] = {"rerere.enabled=false", "core.autocrlf=false", "merge.renames=true",
                                          "merge.directoryRenames=conflict", "push.followTags=false"};

// Of every work tree, before what the tree itself and the user say: a revert moves what is committed, byte for byte. So
// no filter's program runs (not git-lfs, which may be missing, nor any other that a tree could ask for), and no line
// end, keyword or encoding is rewritten.
constexpr std::string_view kAttributes = "* !filter !ident -text !eol !working-tree-encoding\n";

std::string BranchRef(const RepoConfig& repo) { return "refs/heads/" + repo.branch; }
std::string TrackingRef(const RepoConfig& repo) { return "refs/remotes/origin/" + repo.branch; }

Status Unreachable(const RepoConfig& repo, std::string_view doing, const ProcessResult& result) {
  return Unavailable(std::string(doing) + " " + repo.branch + " of " + WithoutPassword(repo.url) + ": " +
                     (result.timed_out ? "no answer within the time limit" : WhyIn(result.standard_error, repo)));
}

void AppendGlobs(std::vector<std::string>* arguments, const std::vector<std::string>& globs) {
  for (const std::string& glob : globs) arguments->push_back(":(top,glob)" + glob);
}

}  // namespace

GitProgram::GitProgram(std::string state_directory, const std::vector<std::string>& environment, Clock* clock,
                       const GitTimeLimits& limits)
    : state_directory_(std::move(state_directory)),
      environment_(GitEnvironment(environment)),
      clock_(clock),
      limits_(limits) {}

StatusOr<ProcessResult> GitProgram::Run(Command command) {
  ProcessSpec spec;
  spec.program = "git";
  spec.arguments = GitArguments();
  for (std::string_view setting : kSettings) {
    spec.arguments.emplace_back("-c");
    spec.arguments.emplace_back(setting);
  }
  spec.arguments.insert(spec.arguments.end(), command.arguments.begin(), command.arguments.end());
  spec.working_directory = std::move(command.working_directory);
  spec.environment = environment_;
  for (std::string& variable : command.more_environment) spec.environment.push_back(std::move(variable));
  spec.time_limit_ns = command.time_limit_ns > 0 ? command.time_limit_ns : limits_.local;
  spec.stop = limits_.stop;
  return RunProcess(spec);
}

StatusOr<std::string> GitProgram::RunForOutput(Command command, std::string_view what_we_were_doing) {
  StatusOr<ProcessResult> result = Run(std::move(command));
  if (!result.ok()) return result.status();
  if (result->exit_code != 0 || result->timed_out || result->output_cut) {
    const std::string why = result->timed_out    ? "git did not end within its time limit"
                            : result->output_cut ? "git answered more than we keep"
                                                 : WhyIn(result->standard_error, RepoConfig{});
    return Internal(std::string(what_we_were_doing) + ": " + why);
  }
  return std::move(result->standard_output);
}

StatusOr<std::string> GitProgram::Version() {
  StatusOr<std::string> text = RunForOutput({.arguments = {"version"}}, "asking git for its version");
  if (!text.ok()) return text.status();
  return std::string(Trim(*text));
}

// Made beside its place and moved there whole: init on top of what a killed init left does not always mend it.
Status GitProgram::EnsureMirror(const MirrorPaths& paths) {
  struct stat found {};
  if (stat(paths.mirror.c_str(), &found) == 0) return OkStatus();
  const std::string unfinished = paths.mirror + ".new";
  std::error_code error;
  fs::remove_all(unfinished, error);
  fs::create_directories(unfinished, error);
  if (error) return Unavailable("making " + unfinished + ": " + error.message());
  REVERTD_RETURN_IF_ERROR(RunForOutput({.arguments = {"init", "--quiet", "--bare", "--template=", "--", unfinished}},
                                       "making the private mirror " + paths.mirror)
                              .status());
  fs::create_directories(unfinished + "/info", error);
  std::ofstream attributes(unfinished + "/info/attributes");
  attributes << kAttributes;
  attributes.close();
  if (!attributes) return Unavailable("writing the attributes of " + paths.mirror);
  fs::rename(unfinished, paths.mirror, error);
  if (error) return Unavailable("making " + paths.mirror + ": " + error.message());
  return OkStatus();
}

// The branch was fetched before: what is new of it is small.
StatusOr<DurationNs> GitProgram::FetchLimit(const MirrorPaths& paths, const RepoConfig& repo) {
  StatusOr<ProcessResult> known =
      Run({.arguments = {"--git-dir=" + paths.mirror, "show-ref", "--verify", "--quiet", "--", TrackingRef(repo)}});
  if (!known.ok()) return known.status();
  return known->exit_code == 0 ? limits_.fetch : limits_.first_fetch;
}

StatusOr<std::optional<std::string>> GitProgram::FetchBranch(const RepoConfig& repo) {
  const MirrorPaths paths = MirrorPathsOf(state_directory_, repo.name);
  StatusOr<std::unique_ptr<MirrorLock>> lock = MirrorLock::Take(paths, clock_);
  if (!lock.ok()) return lock.status();
  SweepMirror(paths);
  REVERTD_RETURN_IF_ERROR(EnsureMirror(paths));
  StatusOr<DurationNs> limit = FetchLimit(paths, repo);
  if (!limit.ok()) return limit.status();
  StatusOr<ProcessResult> result =
      Run({.arguments = {"--git-dir=" + paths.mirror, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head",
                         "--recurse-submodules=no", "--end-of-options", repo.url,
                         "+" + BranchRef(repo) + ":" + TrackingRef(repo)},
           .time_limit_ns = *limit});
  if (!result.ok()) return result.status();
  if (result->exit_code != 0 || result->timed_out) {
    if (result->standard_error.find("couldn't find remote ref") != std::string::npos) return std::nullopt;
    return Unreachable(repo, "fetching", *result);
  }
  StatusOr<std::string> head =
      RunForOutput({.arguments = {"--git-dir=" + paths.mirror, "rev-parse", "--verify", "--quiet", "--end-of-options",
                                  TrackingRef(repo) + "^{commit}"}},
                   "reading the fetched head");
  if (!head.ok()) return head.status();
  return std::optional<std::string>(Trim(*head));
}

StatusOr<std::optional<std::string>> GitProgram::ReadRemoteBranch(const RepoConfig& repo) {
  StatusOr<ProcessResult> result = Run(
      {.arguments = {"ls-remote", "--heads", "--", repo.url, BranchRef(repo)}, .time_limit_ns = limits_.ask_remote});
  if (!result.ok()) return result.status();
  if (result->exit_code != 0 || result->timed_out) return Unreachable(repo, "reading", *result);
  for (std::string_view line : Split(result->standard_output, '\n')) {
    const size_t tab = line.find('\t');
    // ls-remote matches the tail of names too, so refs/heads/x/refs/heads/production would answer as well.
    if (tab == std::string_view::npos || line.substr(tab + 1) != BranchRef(repo)) continue;
    if (!IsRevision(line.substr(0, tab))) return Internal("reading the remote's head: not a SHA");
    return std::optional<std::string>(line.substr(0, tab));
  }
  return std::nullopt;
}

StatusOr<PushAnswer> GitProgram::Push(const RepoConfig& repo, std::string_view expected_head, std::string_view sha,
                                      bool rehearse) {
  REVERTD_CHECK(IsRevision(sha));
  StatusOr<bool> forward = expected_head.empty() ? true : IsAncestor(repo, expected_head, sha);
  if (!forward.ok()) return forward.status();
  if (!*forward) return Internal("pushing: the new head does not descend from the expected one");
  const MirrorPaths paths = MirrorPathsOf(state_directory_, repo.name);
  const std::string ref = BranchRef(repo);
  std::vector<std::string> arguments = {
      "--git-dir=" + paths.mirror, "push", "--porcelain", "--no-verify", "--recurse-submodules=no",
      // The lease alone would let a descendant of nothing through; with the ancestor check above it is an exact
      // fast-forward of the head that the plan was made for, or nothing.
      "--force-with-lease=" + ref + ":" + std::string(expected_head)};
  if (rehearse) arguments.emplace_back("--dry-run");
  arguments.insert(arguments.end(), {"--end-of-options", repo.url, std::string(sha) + ":" + ref});
  StatusOr<ProcessResult> result = Run({.arguments = std::move(arguments), .time_limit_ns = limits_.push});
  if (!result.ok()) return result.status();
  for (std::string_view line : Split(result->standard_output, '\n')) {
    if (!line.starts_with("!\t")) continue;
    std::string remote_words;
    for (std::string_view word : Split(result->standard_error, '\n')) {
      if (word.starts_with("remote: ")) remote_words += "; " + std::string(Trim(word.substr(8)));
    }
    return PushAnswer{false,
                      std::string(line.substr(line.rfind('\t') + 1)) + remote_words.substr(0, kGitWordsBytesMax)};
  }
  if (result->exit_code != 0 || result->timed_out) return Unreachable(repo, "pushing to", *result);
  return PushAnswer{true, ""};
}

StatusOr<std::optional<std::string>> GitProgram::FindCommit(const RepoConfig& repo, std::string_view revision) {
  REVERTD_CHECK(IsRevision(revision));
  StatusOr<ProcessResult> result =
      Run({.arguments = {"--git-dir=" + MirrorPathsOf(state_directory_, repo.name).mirror, "rev-parse", "--verify",
                         "--quiet", "--end-of-options", std::string(revision) + "^{commit}"}});
  if (!result.ok()) return result.status();
  if (result->timed_out) return Internal("looking up " + std::string(revision) + ": git did not end in time");
  if (result->exit_code != 0) return std::nullopt;
  return std::optional<std::string>(Trim(result->standard_output));
}

StatusOr<bool> GitProgram::IsAncestor(const RepoConfig& repo, std::string_view ancestor, std::string_view descendant) {
  REVERTD_CHECK(IsRevision(ancestor) && IsRevision(descendant));
  StatusOr<ProcessResult> result =
      Run({.arguments = {"--git-dir=" + MirrorPathsOf(state_directory_, repo.name).mirror, "merge-base",
                         "--is-ancestor", "--end-of-options", std::string(ancestor), std::string(descendant)}});
  if (!result.ok()) return result.status();
  if (result->exit_code > 1) return Internal("comparing commits: " + WhyIn(result->standard_error, repo));
  return result->exit_code == 0;
}

StatusOr<std::vector<GitCommit>> GitProgram::ReadCommits(const RepoConfig& repo, const CommitRange& range) {
  REVERTD_CHECK(IsRevision(range.until) && (range.since.empty() || IsRevision(range.since)));
  std::vector<std::string> arguments = {"--git-dir=" + MirrorPathsOf(state_directory_, repo.name).mirror,
                                        "log",
                                        "-z",
                                        "--topo-order",
                                        "--format=%H%x00%P%x00%ct%x00%B",
                                        "--max-count=" + std::to_string(range.limit)};
  if (range.descendants_only) arguments.emplace_back("--ancestry-path");
  if (range.first_parents) arguments.emplace_back("--first-parent");
  arguments.emplace_back("--end-of-options");
  arguments.push_back(range.until);
  if (!range.since.empty()) arguments.push_back("^" + range.since);
  arguments.emplace_back("--");
  StatusOr<std::string> text = RunForOutput({.arguments = std::move(arguments)}, "reading the history of " + repo.name);
  if (!text.ok()) return text.status();
  return ParseCommits(*text);
}

StatusOr<std::vector<std::string>> GitProgram::TouchedPaths(const RepoConfig& repo, const CommitRange& range,
                                                            const std::vector<std::string>& globs) {
  REVERTD_CHECK(IsRevision(range.until) && IsRevision(range.since));
  if (globs.empty()) return std::vector<std::string>{};
  // --full-history: a path that was changed and changed back on a side branch was touched. A rename touches both names.
  std::vector<std::string> arguments = {"--git-dir=" + MirrorPathsOf(state_directory_, repo.name).mirror,
                                        "log",
                                        "-z",
                                        "--format=",
                                        "--name-only",
                                        "--full-history",
                                        "--diff-merges=dense-combined",
                                        "--no-renames",
                                        "--end-of-options",
                                        range.until,
                                        "^" + range.since,
                                        "--"};
  AppendGlobs(&arguments, globs);
  StatusOr<std::string> text =
      RunForOutput({.arguments = std::move(arguments)}, "looking for protected paths in " + repo.name);
  if (!text.ok()) return text.status();
  std::set<std::string> paths;
  for (std::string_view path : SplitAtNul(*text)) {
    path.remove_prefix(std::min(path.find_first_not_of('\n'), path.size()));  // which git puts before a commit's first
    if (!path.empty()) paths.emplace(path);
  }
  return std::vector<std::string>(paths.begin(), paths.end());
}

StatusOr<std::vector<std::string>> GitProgram::ChangedPaths(const RepoConfig& repo, std::string_view from,
                                                            std::string_view to,
                                                            const std::vector<std::string>& globs) {
  REVERTD_CHECK(IsRevision(from) && IsRevision(to));
  std::vector<std::string> arguments = {"--git-dir=" + MirrorPathsOf(state_directory_, repo.name).mirror,
                                        "diff",
                                        "-z",
                                        "--name-only",
                                        "--no-ext-diff",
                                        "--no-textconv",
                                        "--no-renames",
                                        "--end-of-options",
                                        std::string(from),
                                        std::string(to),
                                        "--"};
  AppendGlobs(&arguments, globs);
  StatusOr<std::string> text = RunForOutput({.arguments = std::move(arguments)}, "comparing the trees");
  if (!text.ok()) return text.status();
  return SplitAtNul(*text);
}

StatusOr<std::string> GitProgram::DiffStat(const RepoConfig& repo, std::string_view from, std::string_view to) {
  REVERTD_CHECK(IsRevision(from) && IsRevision(to));
  return RunForOutput(
      {.arguments = {"--git-dir=" + MirrorPathsOf(state_directory_, repo.name).mirror, "diff", "--no-ext-diff",
                     "--no-textconv", "--stat", "--end-of-options", std::string(from), std::string(to), "--"}},
      "comparing the trees");
}

}  // namespace revertd
