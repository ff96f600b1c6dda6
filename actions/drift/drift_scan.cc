#include "actions/drift/drift_scan.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "actions/channel_worker.h"
#include "actions/drift/branch_line.h"
#include "actions/drift/work_tree_drift.h"
#include "actions/git_program.h"
#include "actions/http_client.h"
#include "actions/revert_plan.h"
#include "base/strings.h"

namespace revertd {
namespace {

// Of a work tree's newest commits, so many are looked through for those that the remote does not hold.
constexpr size_t kAheadLookedAt = 50;
// A service that is slow to say what it runs holds up the scan of the others.
constexpr HttpLimits kAskLimits = {
    .connect_timeout = 5 * kSecondNs, .total_timeout = 10 * kSecondNs, .response_bytes_max = size_t{1} << 20};

// Nobody who waits for the scan's end waits for somebody else's mirror: told to stop, every wait is over.
class HurriedClock final : public Clock {
 public:
  HurriedClock(Clock* clock, const std::atomic<bool>* stop) : clock_(clock), stop_(stop) {}
  TimeNs Now() const override { return clock_->Now(); }
  TimeNs Monotonic() const override { return clock_->Monotonic(); }
  void SleepFor(DurationNs duration) override {
    if (stop_ == nullptr || !stop_->load()) clock_->SleepFor(duration);
  }

 private:
  Clock* const clock_;
  const std::atomic<bool>* const stop_;
};

std::string Short(const std::string& sha) { return sha.substr(0, 10); }

// Everything that is looked for in a repo, or with the help of it.
std::vector<std::string> AreasOf(const Config& config, const std::string& repo) {
  std::vector<std::string> areas = {LineArea(repo), RollbacksArea(repo)};
  for (const WorkTreeConfig& work_tree : config.drift.work_trees) {
    if (work_tree.repo == repo) areas.push_back(AheadArea(work_tree.path));
  }
  for (const ServiceConfig& service : config.services) {
    if (service.repo == repo) areas.push_back(DeployedArea(service.name));
  }
  return areas;
}

// Told later: a promotion may push hours-old commits some minutes before it says that it deploys them.
DriftFinding Unexplained(const RepoConfig& repo, DurationNs grace, std::string_view more, std::string_view text) {
  DriftFinding finding;
  finding.kind = drift::kUnexplainedCommit;
  finding.subject = Printable(repo.name);
  finding.key = DriftKey(finding.kind, repo.name, more);
  finding.text = Printable(text);
  finding.area = LineArea(repo.name);
  finding.repo = repo.name;
  finding.told_after = grace;
  return finding;
}

}  // namespace

DriftReport DriftScan::Run() {
  TellWhatIsUnread();
  for (const RepoConfig& repo : config_.repos) {
    if (!stopped()) LookAtRepo(repo);
  }
  for (const WorkTreeConfig& work_tree : config_.drift.work_trees) {
    if (!stopped()) LookAtWorkTree(work_tree);
  }
  for (const ServiceConfig& service : config_.services) {
    if (!stopped() && service.running.given()) LookAtService(service);
  }
  report_.stopped = stopped();
  return std::move(report_);
}

void DriftScan::TellWhatIsUnread() {
  if (!knowledge_.has_state && knowledge_.state.ok()) {
    report_.notes.emplace_back("no_state: no sidecar has kept a state here yet, so no deploy is known");
  }
  for (const auto& [name, why] : knowledge_.unread) report_.CannotLook(name, why, {});
  if (!knowledge_.state.ok()) {
    for (const RepoConfig& repo : config_.repos) report_.unseen.insert(LineArea(repo.name));
    for (const ServiceConfig& service : config_.services) {
      report_.unseen.insert({RunningArea(service.name), DeployedArea(service.name)});
    }
  }
  if (knowledge_.undone_cut) {
    report_.notes.push_back("rollbacks_cut: of what releases undid no more than the newest " +
                            std::to_string(kReleaseUndoneMax) + " of each environment are looked for");
  }
  if (knowledge_.rollbacks.ok()) return;
  for (const RepoConfig& repo : config_.repos) report_.unseen.insert(RollbacksArea(repo.name));
}

void DriftScan::LookAtRepo(const RepoConfig& repo) {
  const StatusOr<std::optional<std::string>> head = tools_.git->FetchBranch(repo);
  if (!head.ok()) return report_.CannotLook(repo.name, MessageOf(head.status()), AreasOf(config_, repo.name));
  if (!head->has_value()) {
    return report_.CannotLook(repo.name, "the remote has no branch " + repo.branch, AreasOf(config_, repo.name));
  }
  ++report_.repos;
  heads_.emplace(repo.name, **head);
  if (stopped() || !knowledge_.state.ok()) return;
  LookAtLine(repo, **head);
  LookAtRollbacks(repo, **head);
  LookAtDeployed(repo, **head);
}

bool DriftScan::IsOurs(const GitCommit& commit) const {
  const std::vector<std::string> ids = OwnTrailers(commit.message);
  // Where not every database could be read nobody is accused of what may be ours.
  return std::any_of(ids.begin(), ids.end(), [this](const std::string& id) {
    return !knowledge_.unread.empty() || knowledge_.own_ids.contains(id);
  });
}

void DriftScan::LookAtLine(const RepoConfig& repo, const std::string& head) {
  const auto deploys = DeployedOf(knowledge_.deploys, repo.name, tools_.now_ns - kDeploysLookedBack);
  if (deploys.empty()) {
    report_.notes.push_back("no_deploys_known: no deploy of " + repo.name +
                            " is known, so nothing can be said of its commits");
    return;
  }
  StatusOr<LineFacts> facts = BranchLineReader(&repo, tools_.git).Read(head, deploys);
  if (!facts.ok()) return report_.CannotLook(repo.name, MessageOf(facts.status()), {LineArea(repo.name)});
  if (facts->deploys.empty()) {
    report_.notes.push_back("no_deploys_known: no deploy of " + repo.name + " is one of " + repo.branch +
                            ", so nothing can be said of its commits");
    return;
  }
  facts->now_ns = tools_.now_ns;
  // What was committed before anybody told of a deploy is nobody's question.
  facts->since_ns = tools_.now_ns - kDeploysLookedBack;
  for (const Deploy& deploy : knowledge_.deploys) {
    if (deploy.repo != repo.name) continue;
    facts->since_ns = std::max(facts->since_ns, deploy.start_ns);
    break;
  }
  facts->grace = config_.drift.grace;
  facts->is_ours = [this](const GitCommit& commit) { return IsOurs(commit); };
  std::vector<GitCommit> commits;
  for (const size_t place : UnexplainedCommits(*facts)) commits.push_back(facts->line[place]);
  TellUnexplained(repo, commits);
}

// The oldest one by one: they stay the same ones when more come.
void DriftScan::TellUnexplained(const RepoConfig& repo, const std::vector<GitCommit>& commits) {
  const size_t named = std::min(commits.size(), kUnexplainedNamedMax);
  for (size_t i = 0; i < named; ++i) {
    const GitCommit& commit = commits[i];
    const std::string subject(SubjectOf(commit));
    DriftFinding finding =
        Unexplained(repo, config_.drift.grace, commit.sha,
                    repo.name + ": no deploy explains " + Short(commit.sha) + " on " + repo.branch + ": " + subject);
    finding.facts = {{"commit", commit.sha}, {"subject", Printable(subject)}, {"branch", repo.branch}};
    finding.commit = commit.sha;
    report_.findings.push_back(std::move(finding));
  }
  if (named == commits.size()) return;
  const std::string count = std::to_string(commits.size() - named);
  DriftFinding finding =
      Unexplained(repo, config_.drift.grace, "others",
                  repo.name + ": no deploy explains " + count + " newer commits on " + repo.branch + " either");
  finding.facts = {{"commits", count}, {"newest", commits.back().sha}};
  finding.commit = commits.back().sha;
  report_.findings.push_back(std::move(finding));
}

StatusOr<bool> DriftScan::Holds(const RepoConfig& repo, const std::string& head, const std::string& revision) {
  const StatusOr<std::optional<std::string>> sha = tools_.git->FindCommit(repo, revision);
  if (!sha.ok()) return sha.status();
  if (!sha->has_value()) return false;
  return tools_.git->IsAncestor(repo, **sha, head);
}

StatusOr<BranchHolds> DriftScan::ReadHolds(const RepoConfig& repo, const std::string& head,
                                           const UndoneCommit& undone) {
  BranchHolds holds;
  const StatusOr<bool> commit = Holds(repo, head, undone.commit);
  if (!commit.ok()) return commit.status();
  const StatusOr<bool> revert = Holds(repo, head, undone.revert);
  if (!revert.ok()) return revert.status();
  holds.commit = *commit;
  holds.revert = *revert;
  if (!holds.commit || !holds.revert) return holds;
  auto since = tools_.git->ReadCommits(repo, {.since = undone.revert, .until = head, .limit = kCommitsSinceMax});
  if (!since.ok()) return since.status();
  holds.since_revert = *std::move(since);
  return holds;
}

// Whether one of the branch's deploys since the rollback has it. The first that does has it in its base..head, whatever
// it says that its base is.
StatusOr<bool> DriftScan::IsBackOnPurpose(const RepoConfig& repo, const std::string& head, const UndoneCommit& undone,
                                          const std::string& by) {
  for (auto deploy = knowledge_.deploys.rbegin(); deploy != knowledge_.deploys.rend(); ++deploy) {
    if (!EndsLock(*deploy, undone)) continue;
    const StatusOr<bool> is_there = Holds(repo, head, deploy->head);
    if (!is_there.ok()) return is_there.status();
    if (!*is_there) continue;
    StatusOr<bool> has_it = tools_.git->IsAncestor(repo, by, deploy->head);
    if (!has_it.ok() || *has_it) return has_it;
  }
  return false;
}

void DriftScan::LookAtRollbacks(const RepoConfig& repo, const std::string& head) {
  for (const UndoneCommit& undone : knowledge_.undone) {
    if (undone.repo != repo.name || stopped()) continue;
    const StatusOr<BranchHolds> holds = ReadHolds(repo, head, undone);
    if (!holds.ok()) {
      report_.CannotLook("rollback " + undone.trigger_id, MessageOf(holds.status()), {RollbacksArea(repo.name)});
      continue;
    }
    const std::optional<std::string> by = BroughtBackBy(undone, *holds);
    const StatusOr<bool> on_purpose = by ? IsBackOnPurpose(repo, head, undone, *by) : false;
    if (!on_purpose.ok()) {
      report_.CannotLook("rollback " + undone.trigger_id, MessageOf(on_purpose.status()), {RollbacksArea(repo.name)});
      continue;
    }
    ++report_.rollbacks;
    if (by && !*on_purpose) report_.findings.push_back(ReturnedCommit(undone, *by, repo.branch));
  }
}

void DriftScan::LookAtDeployed(const RepoConfig& repo, const std::string& head) {
  for (const ServiceConfig& service : config_.services) {
    if (service.repo != repo.name || stopped()) continue;
    const DeployedState state = DeployedStateOf(knowledge_.deploys, service.name, tools_.now_ns, config_.drift.grace);
    if (!state.newest || state.newest->repo != repo.name || !IsRevision(state.newest->head)) continue;
    const bool is_young = state.newest->finish_ns > tools_.now_ns - config_.drift.grace;
    const StatusOr<bool> is_there = Holds(repo, head, state.newest->head);
    if (!is_there.ok()) {
      report_.CannotLook(service.name, MessageOf(is_there.status()), {DeployedArea(service.name)});
    } else if (!*is_there && !is_young) {
      report_.findings.push_back(DeployedNotOnBranch(*state.newest, repo.branch));
    }
  }
}

StatusOr<std::vector<GitCommit>> DriftScan::ReadAhead(WorkTree* work_tree, const WorkTreeFacts& facts,
                                                      const RepoConfig& repo, const std::string& head) {
  std::vector<GitCommit> ahead;
  if (facts.head.empty()) return ahead;
  const StatusOr<bool> is_there = Holds(repo, head, facts.head);
  if (!is_there.ok()) return is_there.status();
  if (*is_there) return ahead;
  const StatusOr<std::vector<GitCommit>> newest = work_tree->ReadNewest(kAheadLookedAt);
  if (!newest.ok()) return newest.status();
  for (const GitCommit& commit : *newest) {
    if (ahead.size() > kDriftNamedMax) break;
    const StatusOr<bool> is_known = Holds(repo, head, commit.sha);
    if (!is_known.ok()) return is_known.status();
    if (!*is_known) ahead.push_back(commit);
  }
  return ahead;
}

void DriftScan::LookAtWorkTree(const WorkTreeConfig& config) {
  const RepoConfig* repo = config_.FindRepo(config.repo);
  const std::vector<std::string> areas = {WorkTreeArea(config.path), AheadArea(config.path)};
  if (repo == nullptr) return report_.CannotLook(config.path, "its repo is not in the configuration", areas);
  WorkTree work_tree(config.path, tools_.environment, tools_.stop);
  const StatusOr<WorkTreeFacts> facts = work_tree.Read();
  if (!facts.ok()) {
    report_.unseen.insert(areas.begin(), areas.end());
    report_.findings.push_back(UnreadableWorkTree(config, facts.status()));
    return;
  }
  ++report_.work_trees;
  for (DriftFinding& finding : JudgeWorkTree(*facts, *repo)) report_.findings.push_back(std::move(finding));
  if (facts->not_compared > 0) {
    report_.notes.push_back(Printable("not_compared: " + std::to_string(facts->not_compared) + " changed paths of " +
                                      config.path + " are kept by a filter, which is not run to compare them"));
  }
  const auto head = heads_.find(repo->name);
  if (head == heads_.end() || stopped()) return;  // told of the repo
  const StatusOr<std::vector<GitCommit>> ahead = ReadAhead(&work_tree, *facts, *repo, head->second);
  if (!ahead.ok()) return report_.CannotLook(config.path, MessageOf(ahead.status()), {AheadArea(config.path)});
  for (DriftFinding& finding : JudgeAhead(*facts, *repo, *ahead)) report_.findings.push_back(std::move(finding));
}

void DriftScan::LookAtService(const ServiceConfig& service) {
  const StatusOr<std::string> running = tools_.running->Ask(service);
  if (stopped()) return;
  if (!running.ok()) {
    report_.unseen.insert(RunningArea(service.name));
    report_.findings.push_back(RunningUnknown(service.name, MessageOf(running.status())));
    return;
  }
  ++report_.services;
  if (!knowledge_.state.ok()) return;
  const DeployedState state = DeployedStateOf(knowledge_.deploys, service.name, tools_.now_ns, config_.drift.grace);
  if (state.may_run_any) {
    report_.notes.push_back("no_head_known: a deploy that " + service.name + " may run names no revision; it runs " +
                            *running);
  } else if (!state.newest) {
    report_.notes.push_back("no_deploys_known: no finished deploy of " + service.name + " is known; it runs " +
                            *running);
  } else if (auto finding = JudgeRunning(service.name, *running, state)) {
    report_.findings.push_back(*std::move(finding));
  }
}

bool HasDriftToLookFor(const Config& config) {
  const bool says_what_runs = std::any_of(config.services.begin(), config.services.end(),
                                          [](const ServiceConfig& service) { return service.running.given(); });
  return says_what_runs || !config.repos.empty() || !config.drift.work_trees.empty();
}

DriftReport LookForDrift(const Config& config, const std::string& state_folder,
                         const std::vector<std::string>& environment, Clock* clock, const std::atomic<bool>* stop) {
  const DriftKnowledge knowledge = ReadDriftKnowledge(config, state_folder);
  // A rollback may want the same mirror meanwhile.
  GitTimeLimits limits;
  limits.fetch = kMinuteNs;
  limits.stop = stop;
  HurriedClock hurried(clock, stop);
  GitProgram git(state_folder, environment, &hurried, limits);
  // A proxy's word is not the service's.
  CurlHttpClient http(kAskLimits, {.cuts_long_bodies = true, .leaves_lookups = true, .direct = true});
  RunningRevision running(&http, WithoutSecretVariables(environment, config), stop);
  const DriftTools tools = {&git, &running, environment, clock->Now(), stop};
  return DriftScan(config, knowledge, tools).Run();
}

}  // namespace revertd
