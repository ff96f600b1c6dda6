#include "actions/release/release_dry_run.h"

#include <algorithm>
#include <map>
#include <utility>

#include "actions/process.h"
#include "actions/release/freeze.h"
#include "actions/release/plan_words.h"
#include "actions/release/release_tasks.h"
#include "base/json_writer.h"
#include "base/strings.h"

namespace revertd {
namespace {

constexpr size_t kOutputBytesMax = 64 * 1024;
constexpr int64_t kRecentSeconds = 60;
// A deploy older than this is no neighbour of the release.
constexpr DurationNs kVerdictAgeMax = 14 * 24 * kHourNs;

class DryRun {
 public:
  DryRun(const DryRunTools& tools, const ReleasePlan& plan, TimeNs now, const DryRunAccept& accept)
      : tools_(tools), config_(*tools.plan.config), file_(*tools.plan.file), plan_(plan), now_(now), accept_(accept) {}

  StatusOr<bool> Run() {
    earliest_ns_ = now_;
    for (size_t i = 0; i < plan_.steps.size(); ++i) {
      const PlannedStep& planned = plan_.steps[i];
      REVERTD_RETURN_IF_ERROR(Schedule(planned));
      REVERTD_RETURN_IF_ERROR(Promote(planned));
      REVERTD_RETURN_IF_ERROR(AskProduction(planned));
      const bool ends_stage = i + 1 == plan_.steps.size() || plan_.steps[i + 1].stage != planned.stage;
      if (ends_stage) earliest_ns_ += planned.stage->soak;
    }
    for (const std::string& name : plan_.reverse_order) {
      const auto planned = std::ranges::find_if(plan_.steps, [&](const auto& own) { return own.step->name == name; });
      REVERTD_RETURN_IF_ERROR(Reverse(*planned));
    }
    return well_;
  }

 private:
  JsonWriter Event(const ReleaseStep& step, std::string_view task) const {
    JsonWriter json;
    json.BeginObject()
        .Field("event", "dry_run")
        .Field("release", file_.id)
        .Field("step", step.name)
        .Field("task", task);
    return json;
  }
  Status Accept(JsonWriter json) const { return accept_(json.EndObject().Take()); }
  const RepoConfig& RepoOf(const PlannedStep& planned) const { return *config_.FindRepo(planned.repo); }

  Status Schedule(const PlannedStep& planned) {
    if (const auto frozen = FrozenAt(file_, earliest_ns_)) earliest_ns_ = frozen->until_ns;
    JsonWriter json = Event(*planned.step, "schedule");
    json.Field("stage", planned.stage->name).Field("earliest_ns", earliest_ns_);
    json.Field("approval", planned.step->approval);
    earliest_ns_ += planned.step->guard.min;
    return Accept(std::move(json));
  }

  Status Promote(const PlannedStep& planned) {
    const ReleaseStep& step = *planned.step;
    if (step.promote.by == PromoteBy::kCommand) {
      JsonWriter json = Event(step, "promote");
      json.Field("would_run", CommandText(step.promote.command, file_, step));
      REVERTD_RETURN_IF_ERROR(Accept(std::move(json)));
      JsonWriter verify = Event(step, "verify");
      verify.Field("would_run", CommandText(step.promote.verify, file_, step));
      return Accept(std::move(verify));
    }
    JsonWriter json = Event(step, "promote");
    json.Field("repo", planned.repo).Field("branch", planned.branch).Field("onto", planned.target_head);
    json.Field("revision", planned.source_head).Field("commits", planned.commits).Field("tree", planned.tree);
    json.Field("nothing_to_promote", planned.nothing_to_promote).Key("conflicts").BeginArray();
    for (const std::string& path : planned.conflicts) json.String(path);
    json.EndArray();
    well_ = well_ && (!planned.merge.empty() || planned.nothing_to_promote);
    REVERTD_RETURN_IF_ERROR(Accept(std::move(json)));
    return planned.merge.empty() ? OkStatus() : Push(planned);
  }

  Status Push(const PlannedStep& planned) {
    RepoConfig repo = RepoOf(planned);
    const bool by_request = planned.step->promote.by == PromoteBy::kPullRequest;
    if (by_request) repo.branch = ForgeBranch(file_, *planned.step);
    // The branch stands where it stands: a step onto an earlier one's merge is rehearsed from there, both at once.
    const auto head = by_request ? std::optional<std::string>("") : RemoteHead(repo);
    if (!head) return Pushed(*planned.step, repo.branch, false, "the remote's branch cannot be read");
    const auto answer = tools_.plan.git->Push(repo, *head, by_request ? planned.source_head : planned.merge, true);
    if (!answer.ok()) return Pushed(*planned.step, repo.branch, false, std::string(MessageOf(answer.status())));
    return Pushed(*planned.step, repo.branch, answer->accepted, answer->detail);
  }

  std::optional<std::string> RemoteHead(const RepoConfig& repo) const {
    const auto head = tools_.plan.git->ReadRemoteBranch(repo);
    return head.ok() ? *head : std::nullopt;
  }

  Status Pushed(const ReleaseStep& step, const std::string& branch, bool allowed, const std::string& detail) {
    well_ = well_ && allowed;
    JsonWriter json = Event(step, "push");
    json.Field("branch", branch).Field("allowed", allowed).Field("detail", Printable(detail));
    return Accept(std::move(json));
  }

  Status AskProduction(const PlannedStep& planned) {
    const ReleaseStep& step = *planned.step;
    if (const ServiceConfig* service = config_.FindService(step.service)) {
      REVERTD_RETURN_IF_ERROR(AskRunning(step, *service));
      REVERTD_RETURN_IF_ERROR(AskHealthOf(step, *service));
      REVERTD_RETURN_IF_ERROR(ReadVerdict(step));
    }
    // What it would be asked of is not known.
    if (std::ranges::find(plan_.refusals, step.name, &PlanProblem::step) != plan_.refusals.end()) return OkStatus();
    for (const ReleaseCondition& condition : step.conditions) {
      REVERTD_RETURN_IF_ERROR(AskCondition(planned, condition));
    }
    return OkStatus();
  }

  Status AskRunning(const ReleaseStep& step, const ServiceConfig& service) {
    if (!service.running.given()) return OkStatus();
    const auto running = tools_.running->Ask(service);
    well_ = well_ && running.ok();
    JsonWriter json = Event(step, "running");
    json.Field("service", service.name).Field("revision", running.ok() ? *running : "");
    json.Field("detail", running.ok() ? "" : Printable(MessageOf(running.status())));
    return Accept(std::move(json));
  }

  Status AskHealthOf(const ReleaseStep& step, const ServiceConfig& service) {
    for (const HealthCheckConfig& check : service.health.checks) {
      const HealthResult result = tools_.ask_health(service.name, check, now_);
      const bool is_well = result.level == HealthLevel::kOk || result.level == HealthLevel::kWarn;
      well_ = well_ && (is_well || !check.fatal);
      JsonWriter json = Event(step, "health");
      json.Field("service", service.name).Field("check", check.name).Field("level", NameOf(result.level));
      json.Field("reason", result.reason).Field("detail", result.detail);
      REVERTD_RETURN_IF_ERROR(Accept(std::move(json)));
    }
    return OkStatus();
  }

  Status AskCondition(const PlannedStep& planned, const ReleaseCondition& condition) {
    const ReleaseStep& step = *planned.step;
    const bool by_git = step.promote.by != PromoteBy::kCommand;
    // Where nothing is to be promoted the branch stays where it is.
    const std::string& head = planned.merge.empty() ? planned.target_head : planned.merge;
    const Promotion promotion = {planned.target_head, by_git ? head : step.promote.version};
    const std::vector<std::string> argv = FillIn(condition.command, WordsOf(file_, step, promotion));
    const auto result = RunProcess({.program = argv.front(),
                                    .arguments = {argv.begin() + 1, argv.end()},
                                    .working_directory = "",
                                    .environment = tools_.command_environment,
                                    .time_limit_ns = condition.command.time_limit,
                                    .output_bytes_max = kOutputBytesMax});
    const bool is_well = result.ok() && result->exit_code == 0 && !result->timed_out;
    well_ = well_ && is_well;
    JsonWriter json = Event(step, "condition");
    json.Field("condition", condition.name).Field("holds", is_well);
    json.Field("detail", result.ok() ? Outcome(*result) : std::string(MessageOf(result.status())));
    return Accept(std::move(json));
  }

  // What the detector last said of the service, and how it does now.
  Status ReadVerdict(const ReleaseStep& step) {
    if (tools_.plan.state == nullptr) return OkStatus();
    const StateStore& state = *tools_.plan.state;
    JsonWriter json = Event(step, "verdict");
    json.Field("service", step.service);
    const auto deploys = state.ReadDeploys(now_ - kVerdictAgeMax);
    if (!deploys.ok()) return deploys.status();
    for (auto deploy = deploys->rbegin(); deploy != deploys->rend(); ++deploy) {
      if (deploy->service != step.service) continue;
      const auto verdicts = state.ReadVerdicts(deploy->id);
      if (!verdicts.ok()) return verdicts.status();
      json.Field("deploy", deploy->id);
      if (!verdicts->empty())
        json.Field("state", NameOf(verdicts->back().state)).Field("reason", verdicts->back().reason);
      break;
    }
    const int64_t newest = FloorToSecond(now_);
    const auto seconds = state.ReadSeconds(step.service, newest - kRecentSeconds, newest);
    if (!seconds.ok()) return seconds.status();
    const RecentErrors recent = SumOf(*seconds);
    json.Field("requests_of_last_minute", recent.requests).Field("errors_of_last_minute", recent.errors);
    if (recent.requests > 0) {
      json.Field("error_rate", static_cast<double>(recent.errors) / static_cast<double>(recent.requests));
    }
    return Accept(std::move(json));
  }

  Status Reverse(const PlannedStep& planned) {
    const ReleaseStep& step = *planned.step;
    JsonWriter json = Event(step, "reverse");
    json.Field("by", NameOf(step.inverse.by));
    if (step.inverse.by == InverseBy::kCommand) {
      json.Field("would_run", CommandText(step.inverse.command, file_, step));
      json.Field("would_verify", CommandText(step.inverse.verify, file_, step));
    } else if (step.inverse.by == InverseBy::kNone) {
      json.Field("detail", step.inverse.why);
    } else if (!planned.merge.empty()) {
      return Revert(planned, std::move(json));
    } else {
      json.Field("detail", "nothing to undo");
    }
    return Accept(std::move(json));
  }

  // The merge that the plan made, undone on top of what the steps after it have left.
  Status Revert(const PlannedStep& planned, JsonWriter json) {
    const RepoConfig& repo = RepoOf(planned);
    std::string& tip = tips_[planned.repo];
    if (tip.empty()) tip = TipOf(planned.repo);
    const auto revert =
        tools_.plan.git->Revert(repo, {tip, {{planned.merge, 1}}, "Tried by a dry run of release " + file_.id, now_});
    if (!revert.ok()) return revert.status();
    const bool is_made = revert->kind == CommitAnswer::Kind::kCommitted;
    bool is_as_before = false;
    if (is_made) {
      tip = revert->sha;
      const auto changed = tools_.plan.git->ChangedPaths(repo, planned.target_head, revert->sha, {});
      if (!changed.ok()) return changed.status();
      is_as_before = changed->empty();
    }
    well_ = well_ && is_as_before;
    json.Field("can_be_reverted", is_made).Field("tree_as_before", is_as_before).Key("conflicts").BeginArray();
    for (const std::string& path : revert->conflicts) json.String(path);
    json.EndArray();
    return Accept(std::move(json));
  }

  // Where the branch would stand once every step is promoted.
  std::string TipOf(const std::string& repo) const {
    std::string tip;
    for (const PlannedStep& planned : plan_.steps) {
      if (planned.repo == repo && !planned.merge.empty()) tip = planned.merge;
    }
    return tip;
  }

  const DryRunTools& tools_;
  const Config& config_;
  const ReleaseFile& file_;
  const ReleasePlan& plan_;
  const TimeNs now_;
  const DryRunAccept& accept_;
  TimeNs earliest_ns_ = 0;
  std::map<std::string, std::string> tips_;  // by repo
  bool well_ = true;
};

}  // namespace

StatusOr<bool> RunDryRelease(const DryRunTools& tools, const ReleasePlan& plan, TimeNs now,
                             const DryRunAccept& accept) {
  return DryRun(tools, plan, now, accept).Run();
}

}  // namespace revertd
