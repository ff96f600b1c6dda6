#include "actions/revert_plan.h"

#include <algorithm>
#include <optional>
#include <set>

#include "actions/trailers.h"
#include "base/check.h"
#include "base/strings.h"

namespace revertd {
namespace {

constexpr std::string_view kRevertsTrailer = "Reverts: ";
constexpr std::string_view kOptOutFooter = "No-Auto-Revert:";
constexpr std::string_view kGitsOwnWords = "This reverts commit ";
constexpr size_t kReasonBytesMax = 200;

// Text from outside on one line: a line break in it could forge a trailer.
std::string OneLine(std::string_view text) {
  std::string line(text.substr(0, kReasonBytesMax));
  std::replace_if(
      line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  return line;
}

std::string_view LeadingHex(std::string_view text) {
  const size_t end = text.find_first_not_of("0123456789abcdefABCDEF");
  return text.substr(0, end);
}

bool Names(std::string_view abbreviation, std::string_view sha) { return sha.starts_with(ToLower(abbreviation)); }

// Of the first `newer_than`. Only commits newer than the one they name count, so this ends.
const GitCommit* StandingRevertIn(const std::vector<GitCommit>& commits, size_t newer_than, std::string_view sha) {
  for (size_t i = 0; i < newer_than; ++i) {
    const std::vector<std::string> reverted = RevertedBy(commits[i].message);
    const bool undoes =
        std::any_of(reverted.begin(), reverted.end(), [sha](const std::string& named) { return Names(named, sha); });
    if (undoes && StandingRevertIn(commits, i, commits[i].sha) == nullptr) return &commits[i];
  }
  return nullptr;
}

const GitCommit* FindIn(const std::vector<GitCommit>& commits, std::string_view sha) {
  const auto found =
      std::find_if(commits.begin(), commits.end(), [sha](const GitCommit& commit) { return commit.sha == sha; });
  return found == commits.end() ? nullptr : &*found;
}

struct Line {
  std::vector<GitCommit> commits;  // newest first
  std::vector<RevertStep> steps;
};

// Walks from head to base, at each commit to the parent that is the base or holds it. The first such parent wins: the
// line of the branch itself where both sides of a merge hold the base.
std::optional<Line> LineToBase(const PlanFacts& facts) {
  Line line;
  std::string at = facts.head;
  while (at != facts.base) {
    const GitCommit* commit = FindIn(facts.range, at);
    if (commit == nullptr) return std::nullopt;
    const auto holds_base = [&facts](const std::string& parent) {
      const auto& holders = facts.descendants_of_base;
      return parent == facts.base || std::find(holders.begin(), holders.end(), parent) != holders.end();
    };
    const auto parent = std::find_if(commit->parents.begin(), commit->parents.end(), holds_base);
    if (parent == commit->parents.end()) return std::nullopt;
    const bool merge = commit->parents.size() > 1;
    line.steps.push_back({commit->sha, merge ? static_cast<int>(parent - commit->parents.begin()) + 1 : 0});
    line.commits.push_back(*commit);
    at = *parent;
  }
  return line;
}

// The one commit that a release put on its base: what it brought is taken back whole, however much, and whatever it
// undid in its turn.
bool IsReleasesOwn(const RollbackTrigger& trigger, const PlanFacts& facts) {
  const GitCommit* head = FindIn(facts.range, facts.head);
  return trigger.state == TriggerState::kInRelease && head != nullptr && !head->parents.empty() &&
         head->parents.front() == facts.base;
}

std::optional<PlanRefusal> RefuseByTopology(const RollbackTrigger& trigger, const PlanFacts& facts) {
  if (facts.branch_head.empty()) return PlanRefusal{"branch_not_found", facts.branch};
  if (facts.head.empty() || !facts.head_on_branch) return PlanRefusal{"commit_not_on_branch", trigger.head};
  if (facts.base.empty()) return PlanRefusal{"base_not_in_history", trigger.base.empty() ? "root" : trigger.base};
  if (facts.base == facts.head || facts.range.empty()) return PlanRefusal{"empty_range", facts.base};
  if (!facts.base_before_head) return PlanRefusal{"base_not_in_history", trigger.base};
  if (facts.range.size() > kRangeCommitsMax && !IsReleasesOwn(trigger, facts)) {
    return PlanRefusal{"range_too_long", "more than " + std::to_string(kRangeCommitsMax) + " commits"};
  }
  if (facts.since.size() > kCommitsSinceMax) {
    return PlanRefusal{"history_too_long", "more than " + std::to_string(kCommitsSinceMax) + " commits since"};
  }
  return std::nullopt;
}

std::optional<PlanRefusal> RefuseByMessages(const RollbackTrigger& trigger, const PlanFacts& facts, const Line& line) {
  for (const GitCommit& commit : line.commits) {
    const GitCommit* revert = FindStandingRevert(facts.since, commit.sha);
    if (revert != nullptr) return PlanRefusal{"already_reverted", commit.sha + " by " + revert->sha};
  }
  if (!facts.reverts_in_range.empty() && !IsReleasesOwn(trigger, facts)) {
    const auto& [commit, target] = facts.reverts_in_range.front();
    return PlanRefusal{"is_a_revert", commit + " of " + target};
  }
  if (!IsAutomatic(trigger)) return std::nullopt;
  for (const GitCommit& commit : facts.range) {
    for (std::string_view text : Split(commit.message, '\n')) {
      if (text.starts_with(kOptOutFooter)) return PlanRefusal{"opted_out", commit.sha + " " + OneLine(text)};
    }
  }
  const std::vector<std::string>& touched = facts.protected_touched;
  if (touched.empty()) return std::nullopt;
  const std::string others = touched.size() > 1 ? " and " + std::to_string(touched.size() - 1) + " more" : "";
  return PlanRefusal{"protected_path", OneLine(touched.front()) + others};
}

std::optional<std::string> SharedPath(const std::vector<LineChange>& changes) {
  std::set<std::string_view> own;
  for (const LineChange& change : changes) {
    if (change.of_service) own.insert(change.paths.begin(), change.paths.end());
  }
  for (const LineChange& change : changes) {
    if (change.of_service) continue;
    for (const std::string& path : change.paths) {
      if (own.contains(path)) return path;
    }
  }
  return std::nullopt;
}

// Leaves the service's own commits in the line, where the rest of the range is provably apart: it changes none of the
// service's paths, by what `of_service` means, and none that the service's commits change either.
std::optional<PlanRefusal> ScopeToService(const PlanFacts& facts, Line* line, std::vector<std::string>* left_alone) {
  const auto of_service = [](const LineChange& change) { return change.of_service; };
  const auto own = static_cast<size_t>(std::count_if(facts.changes.begin(), facts.changes.end(), of_service));
  if (own == facts.changes.size()) return std::nullopt;
  const bool asks = facts.mixed_range == MixedRange::kTriage;
  if (own == 0) return asks ? std::optional(PlanRefusal{"range_not_of_service", facts.head}) : std::nullopt;
  if (const auto shared = SharedPath(facts.changes)) {
    return asks ? std::optional(PlanRefusal{"range_not_apart", OneLine(*shared)}) : std::nullopt;
  }
  Line scoped;
  for (size_t i = 0; i < line->commits.size(); ++i) {
    const auto change = std::find_if(facts.changes.begin(), facts.changes.end(),
                                     [&](const LineChange& each) { return each.sha == line->commits[i].sha; });
    if (change == facts.changes.end() || change->of_service) {
      scoped.steps.push_back(line->steps[i]);
      scoped.commits.push_back(std::move(line->commits[i]));
    } else {
      left_alone->push_back(change->sha);
    }
  }
  *line = std::move(scoped);
  return std::nullopt;
}

std::string WhyReverted(const RollbackTrigger& trigger) {
  if (trigger.evidence.signal.empty()) return OneLine(trigger.reason.empty() ? "asked by a person" : trigger.reason);
  const Evidence& evidence = trigger.evidence;
  return OneLine(SubjectOf(evidence)) + " " + RateText(evidence, evidence.before) + " -> " +
         RateText(evidence, evidence.after);
}

// What git itself would write of one commit.
std::string GitsOwnSentence(const GitCommit& commit, const RevertStep& step) {
  std::string sentence = std::string(kGitsOwnWords) + commit.sha;
  if (step.mainline > 0) {
    sentence += ", reversing\nchanges made to " + commit.parents[static_cast<size_t>(step.mainline) - 1];
  }
  return sentence + ".\n";
}

}  // namespace

bool IsAutomatic(const RollbackTrigger& trigger) { return !trigger.deploy_id.empty(); }

std::vector<std::string> RevertedBy(std::string_view message) {
  std::vector<std::string> reverted;
  for (std::string_view line : Split(message, '\n')) {
    for (std::string_view words : {kGitsOwnWords, kRevertsTrailer}) {
      if (!line.starts_with(words)) continue;
      const std::string_view sha = LeadingHex(line.substr(words.size()));
      if (IsRevision(sha)) reverted.emplace_back(sha);
    }
  }
  return reverted;
}

const GitCommit* FindStandingRevert(const std::vector<GitCommit>& commits, std::string_view sha) {
  return StandingRevertIn(commits, commits.size(), sha);
}

bool HasTriggerTrailer(std::string_view message, std::string_view trigger_id) {
  const std::string wanted = std::string(kTriggerTrailer) + std::string(trigger_id);
  const std::vector<std::string_view> lines = Split(message, '\n');
  return std::find(lines.begin(), lines.end(), wanted) != lines.end();
}

std::string RevertMessage(const RollbackTrigger& trigger, const std::vector<GitCommit>& line,
                          const std::vector<RevertStep>& steps, std::string_view audit_head) {
  REVERTD_CHECK(!line.empty() && line.size() == steps.size());
  std::string message = "Revert \"" + std::string(SubjectOf(line.front())) + "\"";
  if (line.size() > 1) message += " and " + std::to_string(line.size() - 1) + " before it";
  message += "\n\n";
  for (size_t i = 0; i < line.size(); ++i) message += GitsOwnSentence(line[i], steps[i]);
  message += "\n" + std::string(kTriggerTrailer) + trigger.id + "\n";
  for (const GitCommit& commit : line) message += std::string(kRevertsTrailer) + commit.sha + "\n";
  message += "Reverted-Because: " + WhyReverted(trigger) + "\n";
  if (!audit_head.empty()) message += std::string(kAuditTrailer) + std::string(audit_head) + "\n";
  return message;
}

PlanAnswer PlanRevert(const RollbackTrigger& trigger, const PlanFacts& facts) {
  for (const GitCommit& commit : facts.since) {
    if (HasTriggerTrailer(commit.message, trigger.id)) return PlanAdoption{commit.sha};
  }
  if (auto refusal = RefuseByTopology(trigger, facts)) return *std::move(refusal);
  std::optional<Line> line = LineToBase(facts);
  if (!line) return PlanRefusal{"base_not_in_history", facts.base};
  RevertPlan plan;
  if (auto refusal = ScopeToService(facts, &*line, &plan.left_alone)) return *std::move(refusal);
  if (auto refusal = RefuseByMessages(trigger, facts, *line)) return *std::move(refusal);
  plan.trigger_id = trigger.id;
  plan.branch = facts.branch;
  plan.head = facts.head;
  plan.order.onto = facts.branch_head;
  plan.order.message = RevertMessage(trigger, line->commits, line->steps, facts.audit_head);
  plan.order.steps = std::move(line->steps);
  plan.order.date_ns = trigger.created_ns;
  plan.changed_again = facts.changed_again;
  return plan;
}

namespace {

Status ReadHeadAndBase(const RollbackTrigger& trigger, const RepoConfig& repo, Git* git, PlanFacts* facts) {
  StatusOr<std::optional<std::string>> head = git->FindCommit(repo, trigger.head);
  if (!head.ok()) return head.status();
  facts->head = head->value_or("");
  if (facts->head.empty()) return OkStatus();
  StatusOr<bool> on_branch = git->IsAncestor(repo, facts->head, facts->branch_head);
  if (!on_branch.ok()) return on_branch.status();
  facts->head_on_branch = *on_branch;
  if (!trigger.base.empty()) {
    StatusOr<std::optional<std::string>> base = git->FindCommit(repo, trigger.base);
    if (!base.ok()) return base.status();
    facts->base = base->value_or("");
  } else {
    StatusOr<std::vector<GitCommit>> self = git->ReadCommits(repo, {.since = "", .until = facts->head, .limit = 1});
    if (!self.ok()) return self.status();
    if (!self->empty() && !self->front().parents.empty()) facts->base = self->front().parents.front();
  }
  if (facts->base.empty()) return OkStatus();
  StatusOr<bool> before = git->IsAncestor(repo, facts->base, facts->head);
  if (!before.ok()) return before.status();
  facts->base_before_head = *before;
  return OkStatus();
}

// Verified in history and not by title: the named commit must exist and be older than the deploy.
Status ReadRevertsInRange(const RepoConfig& repo, Git* git, PlanFacts* facts) {
  for (const GitCommit& commit : facts->range) {
    for (const std::string& named : RevertedBy(commit.message)) {
      StatusOr<std::optional<std::string>> target = git->FindCommit(repo, named);
      if (!target.ok()) return target.status();
      if (!target->has_value()) continue;
      StatusOr<bool> older = git->IsAncestor(repo, **target, facts->base);
      if (!older.ok()) return older.status();
      if (*older) facts->reverts_in_range.emplace_back(commit.sha, **target);
    }
  }
  return OkStatus();
}

Status ReadLineChanges(const RepoConfig& repo, const std::vector<std::string>& service_paths, Git* git,
                       PlanFacts* facts) {
  const std::optional<Line> line = LineToBase(*facts);
  if (service_paths.empty() || !line || line->commits.size() < 2) return OkStatus();
  for (size_t i = 0; i < line->commits.size(); ++i) {
    const std::string& kept = i + 1 < line->commits.size() ? line->commits[i + 1].sha : facts->base;
    LineChange change{line->commits[i].sha, {}, false};
    StatusOr<std::vector<std::string>> paths = git->ChangedPaths(repo, kept, change.sha, {});
    if (!paths.ok()) return paths.status();
    StatusOr<std::vector<std::string>> own = git->ChangedPaths(repo, kept, change.sha, service_paths);
    if (!own.ok()) return own.status();
    change.paths = *std::move(paths);
    change.of_service = !own->empty();
    facts->changes.push_back(std::move(change));
  }
  return OkStatus();
}

Status ReadChangedAgain(const RepoConfig& repo, Git* git, PlanFacts* facts) {
  if (facts->since.empty()) return OkStatus();
  StatusOr<std::vector<std::string>> before = git->ChangedPaths(repo, facts->base, facts->head, {});
  if (!before.ok()) return before.status();
  StatusOr<std::vector<std::string>> since = git->ChangedPaths(repo, facts->head, facts->branch_head, {});
  if (!since.ok()) return since.status();
  const std::set<std::string_view> changed(before->begin(), before->end());
  for (const std::string& path : *since) {
    if (changed.contains(path)) facts->changed_again.push_back(path);
  }
  return OkStatus();
}

}  // namespace

StatusOr<PlanFacts> ReadPlanFacts(const RollbackTrigger& trigger, const RepoConfig& repo, const PlanRequest& request,
                                  Git* git) {
  PlanFacts facts;
  facts.branch = repo.branch;
  facts.branch_head = request.branch_head;
  facts.mixed_range = repo.mixed_range;
  facts.audit_head = request.audit_head;
  if (facts.branch_head.empty()) return facts;
  REVERTD_RETURN_IF_ERROR(ReadHeadAndBase(trigger, repo, git, &facts));
  if (!facts.head_on_branch) return facts;
  StatusOr<std::vector<GitCommit>> since =
      git->ReadCommits(repo, {.since = facts.head, .until = facts.branch_head, .limit = kCommitsSinceMax + 1});
  if (!since.ok()) return since.status();
  facts.since = *std::move(since);
  if (facts.base.empty() || !facts.base_before_head) return facts;
  CommitRange range = {.since = facts.base, .until = facts.head, .limit = kRangeCommitsMax + 1};
  StatusOr<std::vector<GitCommit>> commits = git->ReadCommits(repo, range);
  if (!commits.ok()) return commits.status();
  facts.range = *std::move(commits);
  range.descendants_only = true;
  StatusOr<std::vector<GitCommit>> descendants = git->ReadCommits(repo, range);
  if (!descendants.ok()) return descendants.status();
  for (const GitCommit& commit : *descendants) facts.descendants_of_base.push_back(commit.sha);
  StatusOr<std::vector<std::string>> touched = git->TouchedPaths(repo, range, repo.protected_paths);
  if (!touched.ok()) return touched.status();
  facts.protected_touched = *std::move(touched);
  REVERTD_RETURN_IF_ERROR(ReadRevertsInRange(repo, git, &facts));
  if (facts.range.size() > kRangeCommitsMax) return facts;
  REVERTD_RETURN_IF_ERROR(ReadLineChanges(repo, request.service_paths, git, &facts));
  REVERTD_RETURN_IF_ERROR(ReadChangedAgain(repo, git, &facts));
  return facts;
}

}  // namespace revertd
