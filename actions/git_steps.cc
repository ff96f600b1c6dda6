#include "actions/git_steps.h"

#include <algorithm>

#include "base/strings.h"

namespace revertd {
namespace {

constexpr DurationNs kDayNs = 24 * kHourNs;
// The newest seconds that tell whether the errors are over.
constexpr DurationNs kRecentNs = kMinuteNs;
// Pull requests of a range are asked for their labels this far: each is two questions to the forge.
constexpr size_t kCommitsAskedMax = 10;

std::string Shown(const PullRequest& request) { return "#" + std::to_string(request.number) + " " + request.url; }

}  // namespace

StatusOr<PlanAnswer> GitSteps::FetchAndPlan(const RollbackTrigger& trigger, const RepoConfig& repo) {
  StatusOr<std::optional<std::string>> branch_head = tools_.git->FetchBranch(repo);
  if (!branch_head.ok()) return branch_head.status();
  // Of the trigger's first finished step: the same however often it is planned, so that the commit is the same.
  StatusOr<std::optional<AuditHead>> audit = tools_.journal->FindAudit("step_finished", trigger.id);
  if (!audit.ok()) return audit.status();
  const ServiceConfig* service = tools_.config->FindService(trigger.service);
  StatusOr<PlanFacts> facts =
      ReadPlanFacts(trigger, repo,
                    {.branch_head = branch_head->value_or(""),
                     .service_paths = service == nullptr ? std::vector<std::string>{} : service->paths,
                     .audit_head = audit->has_value() ? (*audit)->text() : ""},
                    tools_.git);
  if (!facts.ok()) return facts.status();
  return PlanRevert(trigger, *facts);
}

// Of every commit that would be undone, as far as a forge is asked.
Status GitSteps::ReadForgeFacts(const RollbackTrigger& trigger, const ForgeConfig& config, const PlanAnswer& plan,
                                GuardFacts* facts) {
  if (!tools_.open_forge) return OkStatus();
  StatusOr<std::unique_ptr<Forge>> forge = tools_.open_forge(config);
  if (!forge.ok()) return forge.status();
  std::vector<std::string> commits = {trigger.head};
  if (const auto* revert = std::get_if<RevertPlan>(&plan)) {
    for (const RevertStep& step : revert->order.steps) {
      const bool is_new = std::find(commits.begin(), commits.end(), step.sha) == commits.end();
      if (is_new && commits.size() < kCommitsAskedMax) commits.push_back(step.sha);
    }
  }
  for (const std::string& commit : commits) {
    StatusOr<std::vector<PullRequest>> guilty = (*forge)->FindByCommit(commit);
    if (!guilty.ok()) return guilty.status();
    for (const PullRequest& request : *guilty) {
      const bool opted_out =
          std::find(request.labels.begin(), request.labels.end(), config.opt_out_label) != request.labels.end();
      if (opted_out) facts->opted_out = Shown(request);
      // The branches that the forges' own "Revert" buttons make.
      const std::string branch = config.kind == ForgeKind::kGitLab
                                     ? "revert-" + commit.substr(0, 8)
                                     : "revert-" + std::to_string(request.number) + "-" + request.head_branch;
      StatusOr<std::optional<PullRequest>> revert = (*forge)->FindByBranch(branch);
      if (!revert.ok()) return revert.status();
      // A merged one is in the history, which the plan reads.
      if (revert->has_value() && (*revert)->state != PullRequest::State::kMerged) {
        facts->persons_revert = Shown(**revert);
      }
    }
  }
  return OkStatus();
}

StatusOr<GuardFacts> GitSteps::ReadHardStops(const RollbackTrigger& trigger) {
  GuardFacts facts;
  facts.kill_switch = ReadKillSwitch(tools_.config->guard.kill_switch);
  facts.now_ns = tools_.clock->Now();
  StatusOr<std::optional<RollbackTrigger>> row = tools_.state->ReadTrigger(trigger.id);
  if (!row.ok()) return row.status();
  facts.dismissed = row->has_value() && (*row)->state == TriggerState::kDismissed;
  return facts;
}

StatusOr<std::optional<Hold>> GitSteps::HardStop(const RollbackTrigger& trigger) {
  StatusOr<GuardFacts> facts = ReadHardStops(trigger);
  if (!facts.ok()) return facts.status();
  return AskHardStops(*facts, tools_.config->guard);
}

Status GitSteps::ReadRecentErrors(const RollbackTrigger& trigger, GuardFacts* facts) {
  // Once a drain has taken the load away, few errors prove nothing.
  StatusOr<std::optional<JournalRow>> drained = tools_.journal->ReadStep(trigger.id, "drained");
  if (!drained.ok()) return drained.status();
  if (drained->has_value() && ((*drained)->finished_ns == 0 || !(*drained)->detail.empty())) return OkStatus();
  const TimeNs since = std::max(trigger.evidence.onset_ns, facts->now_ns - kRecentNs);
  StatusOr<std::vector<SecondCounts>> recent =
      tools_.state->ReadSeconds(trigger.service, FloorToSecond(since), FloorToSecond(facts->now_ns));
  if (!recent.ok()) return recent.status();
  facts->recent = SumOf(*recent);
  return OkStatus();
}

Status GitSteps::ReadAutomaticFacts(const RollbackTrigger& trigger, GuardFacts* facts) {
  StatusOr<std::optional<Deploy>> deploy = tools_.state->ReadDeploy(trigger.deploy_id);
  if (!deploy.ok()) return deploy.status();
  const TimeNs start_ns = deploy->has_value() ? (*deploy)->start_ns : trigger.created_ns;
  if (deploy->has_value() && (*deploy)->finished()) facts->deploy_finish_ns = (*deploy)->finish_ns;
  StatusOr<std::vector<Deploy>> since = tools_.state->ReadDeploys(start_ns + 1);
  if (!since.ok()) return since.status();
  for (const Deploy& newer : *since) {
    const bool is_ours = newer.id == trigger.deploy_id || newer.trigger_id == trigger.id;
    if (newer.service == trigger.service && newer.start_ns > start_ns && !is_ours) facts->newer_deploy = newer.id;
  }
  StatusOr<std::optional<Incident>> overdue = tools_.journal->FindOverdueIncident(trigger.service, facts->now_ns);
  if (!overdue.ok()) return overdue.status();
  if (overdue->has_value()) facts->overdue = (*overdue)->trigger_id;
  facts->evidence = trigger.evidence;
  return ReadRecentErrors(trigger, facts);
}

StatusOr<GuardFacts> GitSteps::ReadGuardFacts(const RollbackTrigger& trigger, Route route, const PlanAnswer& plan) {
  StatusOr<GuardFacts> facts = ReadHardStops(trigger);
  if (!facts.ok()) return facts.status();
  facts->automatic = IsAutomatic(trigger);
  facts->proposes = route == Route::kPropose;
  facts->reverts = route != Route::kVersion;
  for (std::string_view step : {"pushed", "switched", "proposed"}) {
    StatusOr<int64_t> count = tools_.journal->CountFinished(step, kDone, facts->now_ns - kDayNs);
    if (!count.ok()) return count.status();
    (step == "proposed" ? facts->proposals_today : facts->pushes_today) += *count;
  }
  // A person's change may be of any age, the request may not: it could have waited for an executor since last week.
  facts->deploy_finish_ns = trigger.created_ns;
  if (!facts->automatic) return facts;
  REVERTD_RETURN_IF_ERROR(ReadAutomaticFacts(trigger, &*facts));
  const RepoConfig* repo = tools_.config->FindRepo(trigger.repo);
  if (repo != nullptr && repo->forge) {
    const Status status = ReadForgeFacts(trigger, *repo->forge, plan, &*facts);
    if (!status.ok()) return Annotate(status, kForge);
  }
  return facts;
}

StatusOr<std::optional<Hold>> GitSteps::Guard(const RollbackTrigger& trigger, Route route, const PlanAnswer& plan) {
  StatusOr<GuardFacts> facts = ReadGuardFacts(trigger, route, plan);
  if (!facts.ok()) return facts.status();
  if (auto hold = AskGuards(*facts, tools_.config->guard, plan)) return hold;
  return HardStop(trigger);
}

// The version that served before the bad one, unless it was found bad itself.
StatusOr<StepAnswer> GitSteps::PlanVersion(const RollbackTrigger& trigger, const RepoConfig& repo) {
  StatusOr<std::vector<Deploy>> deploys = tools_.state->ReadDeploys(0);
  if (!deploys.ok()) return deploys.status();
  TimeNs bad_start_ns = trigger.created_ns;
  for (const Deploy& deploy : *deploys) {
    if (deploy.id == trigger.deploy_id) bad_start_ns = deploy.start_ns;
  }
  const Deploy* good = nullptr;
  const Deploy* served = nullptr;  // the newest that came to be
  bool base_never_served = false;
  for (const Deploy& deploy : *deploys) {
    if (deploy.service != trigger.service || deploy.head.empty() || deploy.start_ns >= bad_start_ns) continue;
    if (deploy.id == trigger.deploy_id || deploy.head == trigger.head) continue;
    if (!deploy.finished()) {
      base_never_served |= deploy.head == trigger.base;
      continue;
    }
    served = &deploy;
    if (trigger.base.empty() || deploy.head == trigger.base) good = &deploy;
  }
  // The base of a push may be a commit whose deploy was given up.
  if (good == nullptr && base_never_served) {
    good = served;
    if (good == nullptr) return Finished{"no_good_version", trigger.base + " never served"};
  }
  if (good != nullptr) {
    StatusOr<std::vector<Verdict>> verdicts = tools_.state->ReadVerdicts(good->id);
    if (!verdicts.ok()) return verdicts.status();
    if (!verdicts->empty() && verdicts->back().state == VerdictState::kRegressed) {
      return Finished{"good_version_regressed", good->head};
    }
  }
  const std::string version = good != nullptr ? good->head : trigger.base;
  if (version.empty()) return Finished{"no_good_version", "no earlier deploy of " + trigger.service + " is known"};
  // What keeps a revert from being made keeps a version from going back over it: a migration, an opt-out.
  StatusOr<PlanAnswer> answer = FetchAndPlan(trigger, repo);
  if (!answer.ok()) return answer.status();
  StatusOr<std::optional<Hold>> hold = Guard(trigger, Route::kVersion, *answer);
  if (!hold.ok()) return hold.status();
  if (hold->has_value()) return Ended(**hold);
  return Finished{std::string(kDone), version};
}

StatusOr<StepAnswer> GitSteps::Plan(const RollbackTrigger& trigger, const RepoConfig& repo, Route route) {
  if (route == Route::kVersion) return PlanVersion(trigger, repo);
  StatusOr<PlanAnswer> answer = FetchAndPlan(trigger, repo);
  if (!answer.ok()) return answer.status();
  if (const auto* adoption = std::get_if<PlanAdoption>(&*answer)) {
    return Finished{std::string(kDone), "adopts " + adoption->sha};
  }
  StatusOr<std::optional<Hold>> hold = Guard(trigger, route, *answer);
  if (!hold.ok()) return hold.status();
  if (hold->has_value()) return Ended(**hold);
  const auto& plan = std::get<RevertPlan>(*answer);
  std::string detail = "onto " + plan.order.onto + ", commits " + std::to_string(plan.order.steps.size());
  if (!plan.left_alone.empty()) detail += ", left alone " + std::to_string(plan.left_alone.size());
  return Finished{std::string(kDone), detail};
}

StatusOr<Prepared> GitSteps::Prepare(const RollbackTrigger& trigger, const RepoConfig& repo, const PlanAnswer& answer) {
  if (const auto* adoption = std::get_if<PlanAdoption>(&answer)) return Prepared{adoption->sha, std::nullopt};
  if (const auto* refusal = std::get_if<PlanRefusal>(&answer)) {
    return Prepared{"", Hold{refusal->reason, refusal->detail}};
  }
  const auto& plan = std::get<RevertPlan>(answer);
  StatusOr<std::optional<GitCommit>> kept = tools_.git->ReadPrepared(repo, trigger.id);
  if (!kept.ok()) return kept.status();
  if (kept->has_value() && (*kept)->parents == std::vector<std::string>{plan.order.onto} &&
      Trim((*kept)->message) == Trim(plan.order.message)) {
    return Prepared{(*kept)->sha, std::nullopt};
  }
  StatusOr<CommitAnswer> revert = tools_.git->Revert(repo, plan.order);
  if (!revert.ok()) return revert.status();
  if (revert->kind == CommitAnswer::Kind::kConflict) {
    return Prepared{"", Hold{"conflict", Join(revert->conflicts, ", ")}};
  }
  if (revert->kind == CommitAnswer::Kind::kEmpty) return Prepared{"", Hold{"empty_change", plan.head}};
  REVERTD_RETURN_IF_ERROR(tools_.git->KeepPrepared(repo, trigger.id, revert->sha));
  return Prepared{revert->sha, std::nullopt};
}

StatusOr<StepAnswer> GitSteps::MakeRevert(const RollbackTrigger& trigger, const RepoConfig& repo) {
  StatusOr<PlanAnswer> plan = FetchAndPlan(trigger, repo);
  if (!plan.ok()) return plan.status();
  StatusOr<Prepared> prepared = Prepare(trigger, repo, *plan);
  if (!prepared.ok()) return prepared.status();
  if (prepared->hold) return Ended(*prepared->hold);
  REVERTD_RETURN_IF_ERROR(TellSidecar(tools_, trigger, prepared->sha));
  return Finished{std::string(kDone), prepared->sha};
}

StatusOr<StepAnswer> GitSteps::Push(const RollbackTrigger& trigger, const RepoConfig& repo) {
  StatusOr<std::string> told = DetailOf(tools_, trigger, "reverted");
  if (!told.ok()) return told.status();
  std::string refused_on;  // the head on which the remote refused us, and its words
  std::string refusal;
  for (int attempt = 0; attempt <= kPushAttemptsMax; ++attempt) {
    StatusOr<PlanAnswer> answer = FetchAndPlan(trigger, repo);
    if (!answer.ok()) return answer.status();
    const auto* adoption = std::get_if<PlanAdoption>(&*answer);
    if (adoption == nullptr) {
      StatusOr<std::optional<Hold>> hold = Guard(trigger, Route::kPush, *answer);
      if (!hold.ok()) return hold.status();
      if (hold->has_value()) return Ended(**hold);
      // The branch stands where it stood when the remote said no, so it was not a race.
      if (std::get<RevertPlan>(*answer).order.onto == refused_on) return Finished{std::string(kPushRejected), refusal};
      if (attempt == kPushAttemptsMax) break;
    }
    StatusOr<Prepared> prepared = Prepare(trigger, repo, *answer);
    if (!prepared.ok()) return prepared.status();
    if (prepared->hold) return Ended(*prepared->hold);
    if (prepared->sha != *told) {
      REVERTD_RETURN_IF_ERROR(TellSidecar(tools_, trigger, prepared->sha));
      *told = prepared->sha;
    }
    if (adoption != nullptr) return Finished{std::string(kDone), adoption->sha};
    StatusOr<std::optional<Hold>> stop = HardStop(trigger);
    if (!stop.ok()) return stop.status();
    if (stop->has_value()) return Ended(**stop);
    const std::string& onto = std::get<RevertPlan>(*answer).order.onto;
    StatusOr<PushAnswer> pushed = tools_.git->Push(repo, onto, prepared->sha, false);
    if (!pushed.ok()) return pushed.status();
    if (pushed->accepted) return Finished{std::string(kDone), prepared->sha};
    refused_on = onto;
    refusal = pushed->detail;
  }
  return Finished{"branch_keeps_moving", std::to_string(kPushAttemptsMax) + " attempts; " + refusal};
}

StatusOr<StepAnswer> GitSteps::VerifyPush(const RollbackTrigger& trigger, const RepoConfig& repo) {
  StatusOr<std::string> ours = DetailOf(tools_, trigger, "pushed");
  if (!ours.ok()) return ours.status();
  StatusOr<std::optional<std::string>> head = tools_.git->ReadRemoteBranch(repo);
  if (!head.ok()) return head.status();
  if (!head->has_value()) return Finished{"remote_unchanged", "the branch is gone"};
  if (**head == *ours) return Finished{std::string(kDone), *ours};
  StatusOr<std::optional<std::string>> fetched = tools_.git->FetchBranch(repo);
  if (!fetched.ok()) return fetched.status();
  if (fetched->has_value()) {
    StatusOr<bool> holds_ours = tools_.git->IsAncestor(repo, *ours, **fetched);
    if (!holds_ours.ok()) return holds_ours.status();
    if (*holds_ours) return Finished{std::string(kDone), *ours};
  }
  return Finished{"remote_unchanged", "the remote's head is " + fetched->value_or("gone") + ", not " + *ours};
}

}  // namespace revertd
