#include "actions/release/release_plan.h"

#include <algorithm>
#include <set>
#include <utility>

#include "actions/forge.h"
#include "actions/guards.h"
#include "actions/process.h"
#include "actions/release/plan_git.h"
#include "actions/release/plan_words.h"
#include "actions/release/release_tasks.h"
#include "actions/release/release_tools.h"
#include "actions/release/sidecar_life.h"
#include "base/strings.h"
#include "base/time_format.h"
#include "config/secrets.h"

namespace revertd {
namespace {

constexpr std::string_view kAbandoned = "abandoned";  // why there is no verdict on a deploy: docs/deploys.md

class Planner {
 public:
  Planner(const PlanTools& tools, TimeNs now)
      : tools_(tools), config_(*tools.config), file_(*tools.file), now_(now), git_(config_, file_, tools.git, now) {}

  StatusOr<ReleasePlan> Plan() {
    AskKillSwitch();
    AskFreeze();
    for (const ReleaseStage& stage : file_.stages) {
      for (const ReleaseStep& step : stage.steps) PlanStep(stage, step);
    }
    AskSecrets();
    REVERTD_RETURN_IF_ERROR(AskSidecar());
    REVERTD_RETURN_IF_ERROR(AskRollbacks());
    REVERTD_RETURN_IF_ERROR(AskDeploys());
    plan_.reverse_order = WayBack(file_);
    return std::move(plan_);
  }

 private:
  void Refuse(std::string step, std::string reason, std::string detail) {
    plan_.refusals.push_back({std::move(step), std::move(reason), std::move(detail)});
  }
  void Warn(std::string step, std::string reason, std::string detail) {
    plan_.warnings.push_back({std::move(step), std::move(reason), std::move(detail)});
  }
  const ServiceConfig* ServiceOf(const ReleaseStep& step) const { return config_.FindService(step.service); }

  void AskKillSwitch() {
    const KillSwitch kill_switch = ReadKillSwitch(config_.guard.kill_switch);
    if (kill_switch == KillSwitch::kOff) return;
    Refuse("", "kill_switch",
           config_.guard.kill_switch + (kill_switch == KillSwitch::kOn ? " exists" : " cannot be read"));
  }

  void AskFreeze() {
    plan_.frozen = FrozenAt(file_, now_);
    if (!plan_.frozen) return;
    const std::string& why = plan_.frozen->why;
    Warn("", "frozen",
         "no step begins before " + FormatRfc3339(plan_.frozen->until_ns) + (why.empty() ? "" : ": " + why));
  }

  void PlanStep(const ReleaseStage& stage, const ReleaseStep& step) {
    PlannedStep planned{.stage = &stage, .step = &step};
    if (step.promote.by != PromoteBy::kCommand) PlanGit(&planned);
    planned.promote = PromoteWords(config_, file_, step, planned.source_head);
    planned.inverse = InverseWords(config_, file_, step);
    planned.guard = GuardWords(config_, step);
    AskInverse(step);
    AskPrograms(step);
    AskWatches(step);
    if (step.promote.by == PromoteBy::kPullRequest) AskForge(step);
    plan_.steps.push_back(std::move(planned));
  }

  void PlanGit(PlannedStep* planned) {
    const ReleaseStep& step = *planned->step;
    const RepoConfig& repo = *config_.FindRepo(ServiceOf(step)->repo);
    GitPlan git = git_.Plan(step);
    planned->repo = repo.name;
    planned->branch = repo.branch;
    planned->source = step.promote.source;
    if (git.refusal) Refuse(step.name, std::move(git.refusal->reason), std::move(git.refusal->detail));
    planned->nothing_to_promote = !git.refusal && git.merge.empty();
    if (planned->nothing_to_promote) Warn(step.name, "nothing_to_promote", repo.branch + " holds all of it already");
    if (!git.is_protected.empty()) {
      Warn(step.name, "protected_path", "what it did no revert of files undoes: " + Join(git.is_protected, ", "));
    }
    for (const LostRevert& lost : git.lost_reverts) {
      const std::string revert = ShortRevision(lost.revert);
      Warn(step.name, "lost_reverts",
           ShortRevision(lost.undone) + " (" + lost.subject + ") was undone on " + repo.branch + " by " + revert +
               ", and promoting " + step.promote.source + " does not bring it back; to have it back, merge " +
               repo.branch + " into " + step.promote.source + " and revert " + revert + " there");
    }
    planned->source_head = std::move(git.source_head);
    planned->target_head = std::move(git.target_head);
    planned->merge = std::move(git.merge);
    planned->tree = std::move(git.tree);
    planned->conflicts = std::move(git.conflicts);
    planned->commits = git.commits;
    planned->diffstat = std::move(git.diffstat);
  }

  void AskInverse(const ReleaseStep& step) {
    if (step.inverse.by != InverseBy::kNone) return;
    plan_.irreversible.push_back(step.name);
    if (file_.inverse_required) Refuse(step.name, "missing_inverse", "the release says inverse: required");
    Warn(step.name, "irreversible", step.inverse.why.empty() ? "nothing undoes it" : step.inverse.why);
  }

  void AskPrograms(const ReleaseStep& step) {
    for (const NamedCommand& named : CommandsOf(config_, step)) {
      const Status status = CheckProgram(named.command->argv.front(), tools_.environment);
      if (!status.ok()) Refuse(step.name, "program_not_found", named.what + ": " + std::string(MessageOf(status)));
    }
  }

  void AskWatches(const ReleaseStep& step) {
    const ServiceConfig* const service = ServiceOf(step);
    bool is_asked = service != nullptr && step.guard.verdict;
    for (size_t i = 0; service != nullptr && i < service->health.checks.size(); ++i) {
      is_asked = is_asked || service->health.checks[i].fatal;
    }
    if (!is_asked && step.conditions.empty()) {
      Warn(step.name, "watched_by_time_alone", "no verdict, no fatal health check and no condition: nothing breaks it");
    }
    const bool by_git = step.promote.by != PromoteBy::kCommand;
    if (service == nullptr || service->running.given() || (by_git && service->deploy.given())) return;
    if (!by_git) return;  // its `verify` says that it is done
    Warn(step.name, "taken_for_deployed",
         "services." + service->name + " has neither `deploy` nor `running`: the push is taken for the deploy");
  }

  void AskForge(const ReleaseStep& step) {
    const RepoConfig& repo = *config_.FindRepo(ServiceOf(step)->repo);
    if (!repo.forge || !tools_.open_forge) return Refuse(step.name, "no_forge", repo.name);
    // A secret that cannot be read is said with the others.
    if (!asked_forges_.insert(repo.name).second || !ReadSecret(repo.forge->token).ok()) return;
    const auto forge = tools_.open_forge(*repo.forge);
    if (!forge.ok()) return Refuse(step.name, "forge_unreachable", Printable(MessageOf(forge.status())));
    const auto found = (*forge)->FindByBranch(ForgeBranch(file_, step));
    if (!found.ok()) Refuse(step.name, "forge_unreachable", Printable(MessageOf(found.status())));
  }

  // The secrets that a step cannot do without, and those of whoever is to be told.
  void AskSecrets() {
    const std::vector<NamedSecret> secrets = SecretsOf(config_);
    for (const ReleaseStep* step : StepsInOrder(file_)) {
      const ServiceConfig* const service = ServiceOf(*step);
      if (service == nullptr) continue;
      AskSecretsOf("services." + service->name + ".health.", secrets,
                   [&](const std::string& words) { Refuse(step->name, "missing_credentials", words); });
      if (step->promote.by != PromoteBy::kPullRequest) continue;
      AskSecretsOf("repos." + service->repo + ".forge.", secrets,
                   [&](const std::string& words) { Refuse(step->name, "missing_credentials", words); });
    }
    AskSecretsOf("notify.", secrets, [&](const std::string& words) { Warn("", "missing_credentials", words); });
  }

  template <typename Missing>
  static void AskSecretsOf(std::string_view prefix, const std::vector<NamedSecret>& secrets, Missing&& missing) {
    for (const NamedSecret& secret : secrets) {
      if (!secret.name.starts_with(prefix)) continue;
      const auto value = ReadSecret(*secret.where);
      if (!value.ok()) missing(secret.name + ": " + std::string(MessageOf(value.status())));
    }
  }

  Status AskSidecar() {
    bool is_asked = false;
    for (const ReleaseStep* step : StepsInOrder(file_)) is_asked |= step->guard.verdict && !step->service.empty();
    if (!is_asked) return OkStatus();
    const auto why = tools_.state == nullptr ? std::string("none has run yet") : WhyNoSidecar(*tools_.state, now_);
    if (!why.ok()) return why.status();
    if (!why->empty()) Refuse("", "sidecar_not_running", "nobody judges the deploys: " + *why);
    return OkStatus();
  }

  Status AskRollbacks() {
    if (tools_.state == nullptr) return OkStatus();
    std::set<std::string> asked;
    for (const ReleaseStep* step : StepsInOrder(file_)) {
      const ServiceConfig* const service = ServiceOf(*step);
      if (service == nullptr || !asked.insert(service->repo).second) continue;
      const auto pending = tools_.state->ReadTriggerIds(service->repo, TriggerState::kPending);
      if (!pending.ok()) return pending.status();
      for (const std::string& id : *pending) {
        const auto rows = tools_.executor == nullptr ? std::vector<JournalRow>() : tools_.executor->ReadJournal(id);
        if (!rows.ok()) return rows.status();
        if (NextStep(*rows)) Refuse(step->name, "rollback_under_way", id);
      }
    }
    return OkStatus();
  }

  // Nobody finishes one that has failed: a whole deploy that began later, as of its revert, or a person's word ends it.
  StatusOr<bool> IsUnderWay(const Deploy& deploy, const std::vector<Deploy>& deploys) const {
    const auto replaces = [&deploy](const Deploy& other) {
      return other.service == deploy.service && other.finished() && other.start_ns > deploy.start_ns;
    };
    if (deploy.finished() || std::ranges::any_of(deploys, replaces)) return false;
    const auto verdicts = tools_.state->ReadVerdicts(deploy.id);
    if (!verdicts.ok()) return verdicts.status();
    return verdicts->empty() || verdicts->back().reason != kAbandoned;
  }

  Status AskDeploys() {
    if (tools_.state == nullptr) return OkStatus();
    const auto deploys = tools_.state->ReadDeploys(now_ - kDeployUnderWayMax);
    if (!deploys.ok()) return deploys.status();
    for (const ReleaseStep* step : StepsInOrder(file_)) {
      if (step->service.empty()) continue;
      for (const Deploy& deploy : *deploys) {
        if (deploy.service != step->service) continue;
        const auto is_under_way = IsUnderWay(deploy, *deploys);
        if (!is_under_way.ok()) return is_under_way.status();
        if (*is_under_way) Refuse(step->name, "deploy_under_way", deploy.id);
      }
      const auto charge = tools_.state->ReadCharge(step->service);
      if (!charge.ok()) return charge.status();
      if (!charge->has_value() || !Holds(**charge, now_) || (*charge)->release == file_.id) continue;
      Refuse(step->name, "other_release", (*charge)->release + " answers for " + step->service);
    }
    return OkStatus();
  }

  const PlanTools& tools_;
  const Config& config_;
  const ReleaseFile& file_;
  const TimeNs now_;
  GitPlanner git_;
  ReleasePlan plan_;
  std::set<std::string> asked_forges_;
};

}  // namespace

StatusOr<ReleasePlan> PlanRelease(const PlanTools& tools, TimeNs now) { return Planner(tools, now).Plan(); }

}  // namespace revertd
