#include "actions/release/promote_tasks.h"

#include <algorithm>
#include <utility>

#include "actions/release/ask_command.h"
#include "actions/release/deploy_tasks.h"
#include "actions/release/freeze.h"
#include "actions/release/pin_revision.h"
#include "actions/release/plan_words.h"
#include "actions/revert_plan.h"
#include "actions/trailers.h"
#include "base/strings.h"

namespace revertd {
namespace {

std::string Trailers(const ReleaseFile& file, const ReleaseStep& step) {
  return std::string(kReleaseTrailer) + file.id + "\n" + std::string(kReleaseStepTrailer) + step.name;
}

std::string MergeMessage(const ReleaseFile& file, const ReleaseStep& step, const std::string& branch) {
  return "Promote " + step.promote.source + " to " + branch + ": " + step.name + "\n\n" + Trailers(file, step);
}

bool HasLine(std::string_view text, std::string_view line) {
  const std::vector<std::string_view> lines = Split(text, '\n');
  return std::ranges::find(lines, line) != lines.end();
}

bool IsOurs(const GitCommit& commit, const ReleaseFile& file, const ReleaseStep& step) {
  return HasLine(commit.message, std::string(kReleaseTrailer) + file.id) &&
         HasLine(commit.message, std::string(kReleaseStepTrailer) + step.name);
}

Finished Conflict(const CommitAnswer& merge) { return {"conflict", Join(merge.conflicts, ", ")}; }

}  // namespace

std::string RegisteredText(const Registered& registered) {
  return registered.revision + "\n" + registered.target_head + "\n" + registered.watches;
}

Registered RegisteredFrom(std::string_view text) {
  const std::vector<std::string_view> lines = Split(text, '\n');
  Registered registered;
  if (!lines.empty()) registered.revision = lines[0];
  if (lines.size() > 1) registered.target_head = lines[1];
  if (lines.size() > 2) registered.watches = lines[2];
  return registered;
}

std::string PromoteCommandKey(std::string_view step) { return std::string(step) + " promote"; }

std::string PinsText(const Pins& pins) {
  std::string text;
  for (const auto& [step, revision] : pins) text += step + " " + revision + "\n";
  return text;
}

Pins PinsFrom(std::string_view text) {
  Pins pins;
  for (std::string_view line : Split(text, '\n')) {
    const size_t space = line.find(' ');
    if (space != std::string_view::npos) pins.emplace(line.substr(0, space), line.substr(space + 1));
  }
  return pins;
}

const RepoConfig& PromoteTasks::RepoOf(const ReleaseStep& step) const {
  return *tools_.config->FindRepo(tools_.config->FindService(step.service)->repo);
}

std::optional<TaskWaiting> PromoteTasks::WhyNotNow() const {
  if (auto waiting = KillSwitchHolds(*tools_.config)) return waiting;
  if (const auto frozen = FrozenAt(*tools_.file, tools_.clock->Now())) {
    return TaskWaiting{"frozen", frozen->why, frozen->until_ns};
  }
  return std::nullopt;
}

StatusOr<TaskAnswer> PromoteTasks::Pin() {
  Pins pins;
  for (const ReleaseStep* step : StepsInOrder(*tools_.file)) {
    if (step->promote.by == PromoteBy::kCommand) continue;
    auto answer = PinRevision(RepoOf(*step), *step, tools_.git);
    if (!answer.ok()) return answer.status();
    if (const auto* refusal = std::get_if<Hold>(&*answer)) return Finished{refusal->reason, refusal->detail};
    pins[step->name] = std::get<std::string>(*std::move(answer));
  }
  return Finished{std::string(kDone), PinsText(pins)};
}

StatusOr<TaskAnswer> PromoteTasks::Register(const ReleaseStep& step, const std::string& pinned) {
  if (auto waiting = WhyNotNow()) return *std::move(waiting);
  Registered registered;
  registered.watches = WatchWords(*tools_.config, step);
  if (step.promote.by != PromoteBy::kCommand) {
    const auto target = tools_.git->FetchBranch(RepoOf(step));
    if (!target.ok()) return target.status();
    if (!target->has_value()) return Finished{"no_branch", RepoOf(step).branch};
    registered.target_head = **target;
    registered.revision = pinned;
  }
  return Finished{std::string(kDone), RegisteredText(registered)};
}

StatusOr<TaskAnswer> PromoteTasks::Promote(const ReleaseStep& step, const Registered& registered, TimeNs registered_ns,
                                           TimeNs begun_ns, bool is_resumed) {
  switch (step.promote.by) {
    case PromoteBy::kMerge: return Merge(step, registered, registered_ns, begun_ns);
    case PromoteBy::kPullRequest: return PullRequestOf(step, registered, begun_ns);
    case PromoteBy::kCommand: break;
  }
  return RunCommand(step, begun_ns, is_resumed);
}

StatusOr<std::optional<Promotion>> PromoteTasks::FindOnBranch(const RepoConfig& repo, const ReleaseStep& step,
                                                              const std::string& head, TimeNs start_ns) {
  const auto commits =
      tools_.git->ReadCommits(repo, {.since = "", .until = head, .first_parents = true, .limit = kAdoptCommitsMax});
  if (!commits.ok()) return commits.status();
  for (const GitCommit& commit : *commits) {
    if (!IsOurs(commit, *tools_.file, step) || commit.parents.empty()) continue;
    return std::optional<Promotion>({commit.parents.front(), commit.sha, start_ns});
  }
  return std::nullopt;
}

// The one that is kept where it fits: a signed commit is another one each time it is made.
StatusOr<CommitAnswer> PromoteTasks::MakeMerge(const RepoConfig& repo, const ReleaseStep& step, const std::string& onto,
                                               const std::string& revision, TimeNs date_ns) {
  const std::string id = ReleaseDeployId(tools_.file->id, step.name);
  auto kept = tools_.git->ReadPrepared(repo, id);
  if (!kept.ok()) return kept.status();
  const std::vector<std::string> parents = {onto, revision};
  if (kept->has_value() && (*kept)->parents == parents && IsOurs(**kept, *tools_.file, step)) {
    return CommitAnswer{CommitAnswer::Kind::kCommitted, (*kept)->sha, "", {}};
  }
  auto merge = tools_.git->Merge(repo, {onto, revision, MergeMessage(*tools_.file, step, repo.branch), date_ns});
  if (!merge.ok()) return merge.status();
  if (merge->kind == CommitAnswer::Kind::kCommitted) {
    REVERTD_RETURN_IF_ERROR(tools_.git->KeepPrepared(repo, id, merge->sha));
  }
  return merge;
}

StatusOr<TaskAnswer> PromoteTasks::Merge(const ReleaseStep& step, const Registered& registered, TimeNs registered_ns,
                                         TimeNs begun_ns) {
  const RepoConfig& repo = RepoOf(step);
  std::string refused_on;
  std::string refusal;
  for (int attempt = 0; attempt < kPushAttemptsMax; ++attempt) {
    const auto head = tools_.git->FetchBranch(repo);
    if (!head.ok()) return head.status();
    if (!head->has_value()) return Finished{"no_branch", repo.branch};
    const auto ours = FindOnBranch(repo, step, **head, begun_ns);
    if (!ours.ok()) return ours.status();
    if (ours->has_value()) return Promoted(step, **ours);
    // The branch stands where it stood when the remote said no, so it was not a race.
    if (**head == refused_on) return Finished{std::string(kPushRejected), refusal};
    const auto merge = MakeMerge(repo, step, **head, registered.revision, registered_ns);
    if (!merge.ok()) return merge.status();
    if (merge->kind == CommitAnswer::Kind::kConflict) return Conflict(*merge);
    if (merge->kind == CommitAnswer::Kind::kEmpty) return NothingToPromote(repo, registered);
    if (auto waiting = WhyNotNow()) return *std::move(waiting);
    const Promotion promotion = {**head, merge->sha, tools_.clock->Now()};
    const auto pushed = tools_.git->Push(repo, **head, promotion.head, false);
    if (!pushed.ok()) return pushed.status();
    if (pushed->accepted) return Promoted(step, promotion);
    refused_on = **head;
    refusal = pushed->detail;
  }
  return Finished{"branch_keeps_moving", std::to_string(kPushAttemptsMax) + " attempts; " + refusal};
}

StatusOr<TaskAnswer> PromoteTasks::Promoted(const ReleaseStep& step, const Promotion& promotion) {
  REVERTD_RETURN_IF_ERROR(TellOfDeploy(step, promotion));
  return Finished{std::string(kDone), PromotionText(promotion)};
}

// What the branch did not hold when the step was registered, somebody else has brought since: nobody watches it.
StatusOr<TaskAnswer> PromoteTasks::NothingToPromote(const RepoConfig& repo, const Registered& registered) {
  const auto was_in = tools_.git->IsAncestor(repo, registered.revision, registered.target_head);
  if (!was_in.ok()) return was_in.status();
  if (!*was_in) return Finished{"promoted_by_others", registered.revision};
  return Finished{std::string(kDone), PromotionText({registered.target_head, registered.target_head})};
}

// A fast-forward brings what the source had on what stood there before; a merge or a squash is one commit on that, a
// rebase as many as the source had. Anything else would undo what is not ours.
StatusOr<TaskAnswer> PromoteTasks::OfMerged(const ReleaseStep& step, const Registered& registered,
                                            const PullRequest& request, TimeNs begun_ns) {
  const RepoConfig& repo = RepoOf(step);
  if (request.merge_sha.empty()) return Finished{"merge_unclear", request.url + ": the forge does not name its commit"};
  const auto head = tools_.git->FetchBranch(repo);
  if (!head.ok()) return head.status();
  const auto known = before_merge_.find(step.name);
  const std::string& before = known == before_merge_.end() ? registered.target_head : known->second;
  const auto line = tools_.git->ReadCommits(
      repo, {.since = before, .until = request.merge_sha, .first_parents = true, .limit = kAdoptCommitsMax});
  if (!line.ok()) return line.status();
  if (line->empty()) return Finished{"merge_unclear", request.url + ": no commit since " + before};
  const GitCommit& newest = line->front();
  // A commit may be older than the release where the forge made none of its own: production changed later.
  const TimeNs start_ns = std::min(std::max(newest.committed_ns, begun_ns), tools_.clock->Now());
  if (newest.sha == registered.revision) return Promoted(step, {before, newest.sha, start_ns});
  // A merge stands on what was there before it, whoever pushed that.
  if (newest.parents.size() > 1) return Promoted(step, {newest.parents.front(), newest.sha, start_ns});
  const auto brought =
      tools_.git->ReadCommits(repo, {.since = before, .until = registered.revision, .limit = kAdoptCommitsMax});
  if (!brought.ok()) return brought.status();
  const bool is_rebase = std::ranges::equal(*line, *brought, {}, &GitCommit::message, &GitCommit::message);
  if (line->size() != 1 && !is_rebase) {
    return Finished{"merge_unclear", request.url + ": " + std::to_string(line->size()) + " commits since " + before};
  }
  return Promoted(step, {before, newest.sha, start_ns});
}

StatusOr<TaskAnswer> PromoteTasks::PullRequestOf(const ReleaseStep& step, const Registered& registered,
                                                 TimeNs begun_ns) {
  const RepoConfig& repo = RepoOf(step);
  if (!repo.forge || !tools_.open_forge) return Finished{"no_forge", repo.name};
  Asked& asked = asked_forge_[step.name];
  if (!IsDue(tools_.clock->Now(), asked.next_ns, kAskForgeEvery)) return asked.answer;
  auto answer = AskForge(step, registered, begun_ns);
  if (!answer.ok()) return answer;
  if (const auto* waiting = std::get_if<TaskWaiting>(&*answer)) {
    asked = {tools_.clock->Now() + kAskForgeEvery, *waiting};
  }
  return answer;
}

StatusOr<std::optional<PullRequest>> PromoteTasks::OpenRequest(const ReleaseStep& step, const Registered& registered,
                                                               Forge* forge) {
  const RepoConfig& repo = RepoOf(step);
  const std::string branch = ForgeBranch(*tools_.file, step);
  const RepoConfig ours = OnBranch(repo, branch);
  const auto there = tools_.git->ReadRemoteBranch(ours);
  if (!there.ok()) return there.status();
  if (!there->has_value()) {
    const auto pushed = tools_.git->Push(ours, "", registered.revision, false);
    if (!pushed.ok()) return pushed.status();
    if (!pushed->accepted) return FailedPrecondition(pushed->detail);
  }
  auto opened = forge->Open(
      {branch, repo.branch, "Promote " + step.promote.source + ": " + step.name,
       "Release " + tools_.file->id + ", step " + step.name + ".\n\n" + Trailers(*tools_.file, step), false});
  if (!opened.ok()) return Annotate(opened.status(), kForge);
  return std::optional<PullRequest>(*std::move(opened));
}

StatusOr<TaskAnswer> PromoteTasks::AskForge(const ReleaseStep& step, const Registered& registered, TimeNs begun_ns) {
  const RepoConfig& repo = RepoOf(step);
  const auto is_in = tools_.git->IsAncestor(repo, registered.revision, registered.target_head);
  if (!is_in.ok()) return is_in.status();
  if (*is_in) return NothingToPromote(repo, registered);
  const auto forge = tools_.open_forge(*repo.forge);
  if (!forge.ok()) return Annotate(forge.status(), kForge);
  auto request = (*forge)->FindByBranch(ForgeBranch(*tools_.file, step));
  if (!request.ok()) return Annotate(request.status(), kForge);
  if (request->has_value() && (*request)->state == PullRequest::State::kMerged) {
    return OfMerged(step, registered, **request, begun_ns);
  }
  if (auto waiting = WhyNotNow()) return *std::move(waiting);
  if (!request->has_value()) request = OpenRequest(step, registered, forge->get());
  if (absl::IsFailedPrecondition(request.status())) {
    return Finished{std::string(kPushRejected), std::string(MessageOf(request.status()))};
  }
  if (!request.ok()) return request.status();
  const PullRequest& found = **request;
  if (found.state == PullRequest::State::kClosed) return Finished{"pull_request_closed", found.url};
  if (found.head_sha != registered.revision) return Finished{"pull_request_moved", found.url + " " + found.head_sha};
  const auto before = tools_.git->FetchBranch(repo);
  if (!before.ok()) return before.status();
  before_merge_[step.name] = before->value_or("");
  // What stands above may have taken minutes.
  if (auto waiting = WhyNotNow()) return *std::move(waiting);
  const auto merged = (*forge)->Merge(found.number, registered.revision);
  if (merged.ok()) return OfMerged(step, registered, *merged, begun_ns);
  // Its checks have not passed, or a review is missing: the forge's own words.
  if (absl::IsFailedPrecondition(merged.status())) {
    return TaskWaiting{"pull_request", found.url + ": " + std::string(MessageOf(merged.status())), 0, true};
  }
  return Annotate(merged.status(), kForge);
}

StatusOr<TaskAnswer> PromoteTasks::RunCommand(const ReleaseStep& step, TimeNs begun_ns, bool is_resumed) {
  Promotion promotion = {"", step.promote.version, begun_ns};
  const CommandWords words = WordsOf(*tools_.file, step, promotion);
  const std::string key = PromoteCommandKey(step.name);
  if (is_resumed && !asked_whether_done_.contains(step.name)) {
    const CommandAnswer done = AskCommand(tools_.commands, step.name + " promote verify", step.promote.verify, words);
    switch (done.says) {
      case CommandSays::kNothingYet: return TaskWaiting{"asking_whether_done"};
      case CommandSays::kYes: return Promoted(step, promotion);
      case CommandSays::kCannotTell: return Finished{"verify_unknown", done.words};
      case CommandSays::kNo: asked_whether_done_.insert(step.name); break;
    }
  }
  if (!tools_.commands->IsRunning(key)) {
    if (auto waiting = WhyNotNow()) return *std::move(waiting);
    promotion.start_ns = tools_.clock->Now();
    command_began_ns_[step.name] = promotion.start_ns;
    REVERTD_RETURN_IF_ERROR(TellOfDeploy(step, promotion));
    REVERTD_RETURN_IF_ERROR(tools_.journal->Begin(tools_.file->id, StartedRow(step.name), promotion.start_ns));
  }
  const CommandAnswer ran = AskCommand(tools_.commands, key, step.promote.command, words);
  if (ran.says == CommandSays::kNothingYet) return TaskWaiting{"command_running", step.promote.command.argv.front()};
  asked_whether_done_.erase(step.name);
  promotion.start_ns = command_began_ns_[step.name];
  if (ran.says == CommandSays::kYes) return Finished{std::string(kDone), PromotionText(promotion)};
  return Finished{"command_failed", ran.words};
}

StatusOr<TaskAnswer> PromoteTasks::Verify(const ReleaseStep& step, const Promotion& promotion) {
  if (step.promote.by == PromoteBy::kCommand) {
    const CommandAnswer done =
        AskCommand(tools_.commands, step.name + " verify", step.promote.verify, WordsOf(*tools_.file, step, promotion));
    switch (done.says) {
      case CommandSays::kNothingYet: return TaskWaiting{"verifying"};
      case CommandSays::kYes: return Finished{std::string(kDone), ""};
      case CommandSays::kNo: return Finished{"command_not_done", done.words};
      case CommandSays::kCannotTell: return Finished{"verify_unknown", done.words};
    }
  }
  const RepoConfig& repo = RepoOf(step);
  const auto head = tools_.git->ReadRemoteBranch(repo);
  if (!head.ok()) return head.status();
  if (!head->has_value()) return Finished{"remote_unchanged", "the branch is gone"};
  if (**head == promotion.head) return Finished{std::string(kDone), **head};
  const auto fetched = tools_.git->FetchBranch(repo);
  if (!fetched.ok()) return fetched.status();
  if (!fetched->has_value()) return Finished{"remote_unchanged", "the branch is gone"};
  const auto holds = tools_.git->IsAncestor(repo, promotion.head, **fetched);
  if (!holds.ok()) return holds.status();
  if (!*holds) return Finished{"remote_unchanged", "the branch is at " + **fetched};
  const auto since =
      tools_.git->ReadCommits(repo, {.since = promotion.head, .until = **fetched, .limit = kAdoptCommitsMax});
  if (!since.ok()) return since.status();
  const GitCommit* revert = FindStandingRevert(*since, promotion.head);
  if (revert != nullptr) return Finished{"reverted_meanwhile", "by " + revert->sha};
  return Finished{std::string(kDone), **fetched};
}

StatusOr<TaskAnswer> PromoteTasks::FindOut(const ReleaseStep& step, std::optional<Promotion> promoted,
                                           const Registered& registered, TimeNs begun_ns) {
  if (!promoted && step.promote.by == PromoteBy::kCommand) {
    const auto started = tools_.journal->ReadStep(tools_.file->id, StartedRow(step.name));
    if (!started.ok()) return started.status();
    if (started->has_value()) promoted = Promotion{"", step.promote.version, (*started)->begun_ns};
  }
  const std::string deploy_id = ReleaseDeployId(tools_.file->id, step.name);
  for (const std::string& key : {PromoteCommandKey(step.name), DeployCommandKey(deploy_id)}) {
    if (!tools_.commands->IsRunning(key)) continue;
    const CommandAnswer ran = AskCommand(tools_.commands, key, step.promote.command, {});
    if (ran.says == CommandSays::kNothingYet) return TaskWaiting{"command_running", key};
    // What stays has to be judged as any deploy.
    const bool is_deployed = promoted && ran.says == CommandSays::kYes && !step.service.empty();
    if (!is_deployed) continue;
    REVERTD_RETURN_IF_ERROR(tools_.state->Post(DeployMessage(*tools_.config, deploy_id, step.service, promoted->base,
                                                             promoted->head, promoted->start_ns, tools_.clock->Now())));
  }
  if (promoted) return Finished{std::string(kDone), PromotionText(*promoted)};
  if (step.promote.by == PromoteBy::kCommand) return Finished{std::string(kDone), ""};
  const RepoConfig& repo = RepoOf(step);
  if (step.promote.by == PromoteBy::kPullRequest && repo.forge && tools_.open_forge) {
    return CloseRequest(step, registered, begun_ns);
  }
  const auto head = tools_.git->FetchBranch(repo);
  if (!head.ok()) return head.status();
  if (!head->has_value()) return Finished{std::string(kDone), ""};
  const auto ours = FindOnBranch(repo, step, **head, begun_ns);
  if (!ours.ok()) return ours.status();
  if (ours->has_value()) return Promoted(step, **ours);
  return Finished{std::string(kDone), ""};
}

// One that was merged before it could be closed is promoted.
StatusOr<TaskAnswer> PromoteTasks::CloseRequest(const ReleaseStep& step, const Registered& registered,
                                                TimeNs begun_ns) {
  const auto forge = tools_.open_forge(*RepoOf(step).forge);
  if (!forge.ok()) return Annotate(forge.status(), kForge);
  auto found = (*forge)->FindByBranch(ForgeBranch(*tools_.file, step));
  if (!found.ok()) return Annotate(found.status(), kForge);
  if (!found->has_value()) return Finished{std::string(kDone), ""};
  PullRequest request = **std::move(found);
  if (request.state == PullRequest::State::kOpen) {
    auto closed = (*forge)->Close(request.number);
    if (!closed.ok()) return Annotate(closed.status(), kForge);
    request = *std::move(closed);
  }
  if (request.state == PullRequest::State::kMerged) return OfMerged(step, registered, request, begun_ns);
  return Finished{std::string(kDone), ""};
}

Status PromoteTasks::TellOfDeploy(const ReleaseStep& step, const Promotion& promotion) {
  if (step.service.empty()) return OkStatus();
  return tools_.state->Post(DeployMessage(*tools_.config, ReleaseDeployId(tools_.file->id, step.name), step.service,
                                          promotion.base, promotion.head, promotion.start_ns, 0));
}

}  // namespace revertd
