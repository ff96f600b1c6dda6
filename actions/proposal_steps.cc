#include "actions/proposal_steps.h"

#include <algorithm>
#include <utility>

#include "actions/markdown.h"
#include "base/strings.h"

namespace revertd {
namespace {

constexpr size_t kDiffstatMax = 8000;  // bytes shown; the forge shows the whole change itself

RepoConfig OnBranch(const RepoConfig& repo, std::string branch) {
  RepoConfig other = repo;
  other.branch = std::move(branch);
  return other;
}

// "NUMBER SHA URL", as the step's detail keeps it.
struct Proposed {
  int64_t number = 0;  // 0: the revert was on the branch already
  std::string sha;
};
std::optional<Proposed> ProposedIn(std::string_view detail) {
  const std::vector<std::string_view> words = Split(detail, ' ');
  const auto number = ParseUnsigned(words.front());
  if (!number || words.size() < 2 || !IsRevision(words[1])) return std::nullopt;
  return Proposed{static_cast<int64_t>(*number), std::string(words[1])};
}

}  // namespace

std::string ProposalTitle(std::string_view revert_message) {
  constexpr size_t kTitleMax = 200;
  return Printable(revert_message.substr(0, revert_message.find('\n'))).substr(0, kTitleMax);
}

std::string ProposalBranch(const RollbackTrigger& trigger) { return "revertd/" + EncodeName(trigger.id); }

std::string ProposalBody(const RollbackTrigger& trigger, std::string_view revert_message, std::string_view diffstat,
                         const std::vector<std::string>& changed_again) {
  const Evidence& evidence = trigger.evidence;
  std::string body =
      "**" + MarkdownCode(trigger.service) + " got worse with the deploy of " + MarkdownCode(trigger.head) + ".** ";
  if (!evidence.signal.empty()) {
    body += "\n\n| signal | before | after | 95 % interval | e-value | requests | compared with |\n";
    body += "| --- | --- | --- | --- | --- | --- | --- |\n";
    body += "| " + MarkdownCellCode(SubjectOf(evidence)) + " | " + RateText(evidence, evidence.before) + " | " +
            RateText(evidence, evidence.after) + " | " + RateText(evidence, evidence.after_low) + " to " +
            RateText(evidence, evidence.after_high) + " | " + FormatNumber(evidence.e_value) + " (needed " +
            FormatNumber(evidence.e_value_needed) + ") | " + std::to_string(evidence.n_after) + " | " +
            (evidence.control.empty() ? "its own history" : MarkdownCellCode(evidence.control)) + " |\n";
  }
  body += "\nMerging this undoes it; closing it ends revertd's case. `revertd explain " +
          std::string(EncodeName(trigger.id) == trigger.id ? trigger.id : "ID") + "` tells the whole story.\n";
  if (!changed_again.empty()) {
    body += "\nCommits since then changed some of the same files, so look whether they need what is undone: ";
    constexpr size_t kShown = 10;
    for (size_t i = 0; i < std::min(kShown, changed_again.size()); ++i)
      body += (i ? ", " : "") + MarkdownCode(changed_again[i]);
    body += changed_again.size() > kShown ? " and more.\n" : ".\n";
  }
  body += "\n" + MarkdownBlock(diffstat.substr(0, kDiffstatMax)) + "\n" + MarkdownBlock(revert_message);
  return body;
}

// From an earlier try. It is ours if it is the very commit that the mirror keeps: a trailer anybody can write.
StatusOr<std::optional<ProposalSteps::Branch>> ProposalSteps::TakeUpBranch(const RollbackTrigger& trigger,
                                                                           const RepoConfig& repo) {
  const RepoConfig branch = OnBranch(repo, ProposalBranch(trigger));
  StatusOr<std::optional<std::string>> there = tools_.git->FetchBranch(branch);
  if (!there.ok()) return there.status();
  if (!there->has_value()) return std::optional<Branch>();
  StatusOr<std::optional<GitCommit>> kept = tools_.git->ReadPrepared(repo, trigger.id);
  if (!kept.ok()) return kept.status();
  if (kept->has_value() && (*kept)->sha == **there) return std::optional(Branch{**there, std::nullopt});
  return std::optional(Branch{"", Hold{"branch_taken", branch.branch + " is " + **there}});
}

StatusOr<ProposalSteps::Branch> ProposalSteps::PushBranch(const RollbackTrigger& trigger, const RepoConfig& repo,
                                                          const RevertPlan& plan) {
  const RepoConfig branch = OnBranch(repo, ProposalBranch(trigger));
  StatusOr<Prepared> prepared = git_->Prepare(trigger, repo, plan);
  if (!prepared.ok()) return prepared.status();
  if (prepared->hold) return Branch{"", prepared->hold};
  StatusOr<PushAnswer> pushed = tools_.git->Push(branch, "", prepared->sha, false);
  if (!pushed.ok()) return pushed.status();
  if (!pushed->accepted) return Branch{"", Hold{std::string(kPushRejected), branch.branch + ": " + pushed->detail}};
  StatusOr<std::optional<std::string>> read_back = tools_.git->ReadRemoteBranch(branch);
  if (!read_back.ok()) return read_back.status();
  if (read_back->value_or("") == prepared->sha) return Branch{prepared->sha, std::nullopt};
  return Branch{"", Hold{"remote_unchanged", "the remote's " + branch.branch + " is " + read_back->value_or("gone") +
                                                 ", not " + prepared->sha}};
}

// What makes it easier to find and to merge. None of it is worth a rollback: what failed is said in the detail.
std::string ProposalSteps::Decorate(const RollbackTrigger& trigger, const ForgeConfig& config, int64_t number,
                                    Forge* forge) {
  std::string failures;
  const auto note = [&failures](std::string_view what, const Status& status) {
    if (!status.ok()) failures += "; " + std::string(what) + ": " + std::string(MessageOf(status));
  };
  if (!config.labels.empty()) note("labels", forge->AddLabels(number, config.labels));
  if (!config.reviewers.empty()) note("reviewers", forge->RequestReviewers(number, config.reviewers));
  if (config.auto_merge) note("auto-merge", forge->EnableAutoMerge(number));
  StatusOr<std::vector<PullRequest>> guilty = forge->FindByCommit(trigger.head);
  if (!guilty.ok()) {
    note("comment", guilty.status());
  } else if (!guilty->empty() && guilty->front().number != number) {
    const std::string words = MarkdownCode(trigger.service) + " got worse with the deploy of this change (" +
                              MarkdownCode(trigger.head) + "): #" + std::to_string(number) +
                              " would undo it.\n\n<!-- " + ProposalBranch(trigger) + " -->";
    note("comment", forge->Comment(guilty->front().number, ProposalBranch(trigger), words));
  }
  return failures;
}

StatusOr<StepAnswer> ProposalSteps::OpenRequest(const RollbackTrigger& trigger, const RepoConfig& repo,
                                                const RevertPlan& plan, const std::string& sha, Forge* forge) {
  StatusOr<std::string> diffstat = tools_.git->DiffStat(repo, plan.order.onto, sha);
  if (!diffstat.ok()) return diffstat.status();
  NewPullRequest wanted;
  wanted.head_branch = ProposalBranch(trigger);
  wanted.base_branch = repo.branch;
  wanted.title = ProposalTitle(plan.order.message);
  wanted.body = ProposalBody(trigger, plan.order.message, *diffstat, plan.changed_again);
  StatusOr<PullRequest> opened = forge->Open(wanted);
  if (!opened.ok()) return Annotate(opened.status(), kForge);
  StatusOr<PullRequest> read_back = forge->Read(opened->number);
  if (!read_back.ok()) return Annotate(read_back.status(), kForge);
  return Opened(trigger, repo, *read_back, sha, forge);
}

StatusOr<StepAnswer> ProposalSteps::Opened(const RollbackTrigger& trigger, const RepoConfig& repo,
                                           const PullRequest& request, const std::string& sha, Forge* forge) {
  const bool ours = request.head_branch == ProposalBranch(trigger) && request.base_branch == repo.branch &&
                    (request.head_sha.empty() || request.head_sha == sha);
  if (!ours) {
    return Finished{"proposal_unverified", "#" + std::to_string(request.number) + " is of " + request.head_branch +
                                               " at " + request.head_sha + " into " + request.base_branch};
  }
  // A rebase would change the SHA; the merge's own is told once it is known.
  REVERTD_RETURN_IF_ERROR(TellSidecar(tools_, trigger, sha));
  const std::string failures = Decorate(trigger, *repo.forge, request.number, forge);
  return Finished{std::string(kDone),
                  std::to_string(request.number) + " " + sha + " " + request.url + Printable(failures)};
}

StatusOr<StepAnswer> ProposalSteps::Propose(const RollbackTrigger& trigger, const RepoConfig& repo) {
  if (!repo.forge || !tools_.open_forge) return Finished{"no_forge", repo.name};
  StatusOr<PlanAnswer> answer = git_->FetchAndPlan(trigger, repo);
  if (!answer.ok()) return answer.status();
  if (const auto* adoption = std::get_if<PlanAdoption>(&*answer)) {
    return Finished{std::string(kDone), "0 " + adoption->sha};
  }
  StatusOr<std::unique_ptr<Forge>> forge = tools_.open_forge(*repo.forge);
  if (!forge.ok()) return Annotate(forge.status(), kForge);
  StatusOr<std::optional<Branch>> branch = TakeUpBranch(trigger, repo);
  if (!branch.ok()) return branch.status();
  if (branch->has_value() && !(*branch)->hold) {
    // One that an earlier try has opened must not be left alone: whatever the guards would say now, it is watched.
    StatusOr<std::optional<PullRequest>> there = (*forge)->FindByBranch(ProposalBranch(trigger));
    if (!there.ok()) return Annotate(there.status(), kForge);
    if (there->has_value() && (*there)->state == PullRequest::State::kOpen) {
      return Opened(trigger, repo, **there, (*branch)->sha, forge->get());
    }
  }
  StatusOr<std::optional<Hold>> hold = git_->Guard(trigger, Route::kPropose, *answer);
  if (!hold.ok()) return hold.status();
  if (hold->has_value()) return Ended(**hold);
  const auto& plan = std::get<RevertPlan>(*answer);
  if (!branch->has_value()) {
    StatusOr<Branch> pushed = PushBranch(trigger, repo, plan);
    if (!pushed.ok()) return pushed.status();
    *branch = *std::move(pushed);
  }
  if ((*branch)->hold) return Ended(*(*branch)->hold);
  return OpenRequest(trigger, repo, plan, (*branch)->sha, forge->get());
}

// The forge's word is not enough: the branch itself must hold the revert, and not have held that commit before.
StatusOr<StepAnswer> ProposalSteps::VerifyMerge(const RollbackTrigger& trigger, const RepoConfig& repo,
                                                const PullRequest& request, const std::string& ours) {
  StatusOr<std::optional<std::string>> head = tools_.git->FetchBranch(repo);
  if (!head.ok()) return head.status();
  if (!head->has_value()) return Finished{"remote_unchanged", "the branch is gone"};
  const std::string merged = IsRevision(request.merge_sha) ? request.merge_sha : ours;
  StatusOr<std::optional<std::string>> found = tools_.git->FindCommit(repo, merged);
  if (!found.ok()) return found.status();
  StatusOr<bool> holds = found->has_value() ? tools_.git->IsAncestor(repo, merged, **head) : StatusOr<bool>(false);
  if (!holds.ok()) return holds.status();
  StatusOr<bool> is_old = *holds ? tools_.git->IsAncestor(repo, merged, trigger.head) : StatusOr<bool>(false);
  if (!is_old.ok()) return is_old.status();
  if (*holds && !*is_old) {
    REVERTD_RETURN_IF_ERROR(TellSidecar(tools_, trigger, merged));
    return Finished{std::string(kDone), merged};
  }
  // A forge may tell of it before its git does.
  if (++merges_not_seen_[trigger.id] < kMergeChecksMax) return Waiting{};
  return Finished{"remote_unchanged", "the forge calls #" + std::to_string(request.number) + " merged, but " +
                                          repo.branch + " at " + **head + " does not hold it"};
}

// Once a person has approved it here: now, or as soon as the forge's checks pass. What was approved is our commit:
// whatever else stands there by now is not merged by us.
StatusOr<StepAnswer> ProposalSteps::Approve(const RepoConfig& repo, const PullRequest& request, const std::string& ours,
                                            Forge* forge) {
  const bool is_ours = (request.head_sha.empty() || request.head_sha == ours) && request.base_branch == repo.branch;
  if (!is_ours) return Finished{"proposal_changed", request.url + " is at " + request.head_sha + ", not " + ours};
  StatusOr<PullRequest> merged = forge->Merge(request.number, ours);
  if (merged.ok() || absl::IsUnavailable(merged.status())) return Waiting{true};  // read again at the next poll
  const Status later = forge->EnableAutoMerge(request.number);
  if (later.ok() || absl::IsUnavailable(later)) return Waiting{true};
  return Finished{"merge_refused", Printable(MessageOf(merged.status())) + "; " + Printable(MessageOf(later))};
}

// One that the forge would still merge by itself must not outlive the case that watches production.
StatusOr<StepAnswer> ProposalSteps::Expire(const RepoConfig& repo, const PullRequest& request, bool approved,
                                           Forge* forge) {
  if (repo.forge->auto_merge || approved) {
    StatusOr<PullRequest> closed = forge->Close(request.number);
    if (!closed.ok()) return Annotate(closed.status(), kForge);
  }
  return Finished{"proposal_expired", request.url};
}

StatusOr<StepAnswer> ProposalSteps::AwaitMerge(const RollbackTrigger& trigger, const RepoConfig& repo, Route route,
                                               TimeNs begun_ns) {
  const TimeNs now = tools_.clock->Now();
  StatusOr<std::optional<RollbackTrigger>> row = tools_.state->ReadTrigger(trigger.id);
  if (!row.ok()) return row.status();
  const TriggerState state = row->has_value() ? (*row)->state : trigger.state;
  TimeNs& next_poll = next_poll_ns_[trigger.id];
  if (now < next_poll && state == TriggerState::kProposed) return Waiting{true};
  StatusOr<std::string> detail = DetailOf(tools_, trigger, "proposed");
  if (!detail.ok()) return detail.status();
  const std::optional<Proposed> proposed = ProposedIn(*detail);
  if (!proposed) return Internal("the journal's proposed step has no number and SHA: " + *detail);
  if (proposed->number == 0) return Finished{std::string(kDone), proposed->sha};
  if (!repo.forge || !tools_.open_forge) return Finished{"no_forge", repo.name};
  if (now < next_poll) return Waiting{true};
  StatusOr<StepAnswer> answer = Poll(trigger, repo, {proposed->number, proposed->sha, route, state, begun_ns});
  next_poll = tools_.clock->Now() + kPollEvery;  // from its end: one that hangs is not due again at once
  if (!answer.ok()) return answer;
  if (std::holds_alternative<Finished>(*answer)) next_poll_ns_.erase(trigger.id);
  return answer;
}

StatusOr<StepAnswer> ProposalSteps::Poll(const RollbackTrigger& trigger, const RepoConfig& repo, const Open& open) {
  StatusOr<std::unique_ptr<Forge>> forge = tools_.open_forge(*repo.forge);
  if (!forge.ok()) return Annotate(forge.status(), kForge);
  StatusOr<PullRequest> request = (*forge)->Read(open.number);
  if (!request.ok()) return Annotate(request.status(), kForge);
  switch (request->state) {
    case PullRequest::State::kMerged: return VerifyMerge(trigger, repo, *request, open.sha);
    case PullRequest::State::kClosed: return Finished{"proposal_closed", request->url};
    case PullRequest::State::kOpen: break;
  }
  if (open.state == TriggerState::kDismissed) {
    StatusOr<PullRequest> closed = (*forge)->Close(open.number);
    if (!closed.ok()) return Annotate(closed.status(), kForge);
    return Finished{"dismissed", request->url};
  }
  // Of a push that the remote refused, the trigger was never a proposal: whoever may merge there merges it.
  // A release's own is approved: its author wrote the way back before the start.
  const bool approved =
      open.route == Route::kPropose && (open.state == TriggerState::kPending || open.state == TriggerState::kInRelease);
  if (tools_.clock->Now() - open.begun_ns > tools_.config->guard.commit_age_propose) {
    return Expire(repo, *request, approved, forge->get());
  }
  if (!approved || ReadKillSwitch(tools_.config->guard.kill_switch) != KillSwitch::kOff) return Waiting{true};
  return Approve(repo, *request, open.sha, forge->get());
}

StatusOr<std::string> ProposalSteps::Reapply(const RollbackTrigger& trigger, const RepoConfig& repo, Forge* forge) {
  StatusOr<std::optional<std::string>> head = tools_.git->FetchBranch(repo);
  if (!head.ok()) return head.status();
  StatusOr<std::optional<GitCommit>> revert = tools_.git->ReadPrepared(repo, trigger.id);
  if (!revert.ok()) return revert.status();
  if (!head->has_value() || !revert->has_value()) return Internal("the revert is not in the mirror");
  const RepoConfig branch = OnBranch(repo, "revertd/reapply-" + EncodeName(trigger.id));
  StatusOr<std::optional<std::string>> there = tools_.git->ReadRemoteBranch(branch);
  if (!there.ok()) return there.status();
  if (!there->has_value()) {
    RevertOrder order;
    order.onto = **head;
    order.steps = {{(*revert)->sha, 0}};
    order.message = "Reapply: " + std::string(SubjectOf(**revert)) + "\n\nThis reverts commit " + (*revert)->sha +
                    ", once what " + trigger.id + " found is mended.\n";
    order.date_ns = trigger.created_ns;
    StatusOr<CommitAnswer> reapplied = tools_.git->Revert(repo, order);
    if (!reapplied.ok()) return reapplied.status();
    if (reapplied->kind != CommitAnswer::Kind::kCommitted) return FailedPrecondition("it does not apply by itself");
    StatusOr<PushAnswer> pushed = tools_.git->Push(branch, "", reapplied->sha, false);
    if (!pushed.ok()) return pushed.status();
    if (!pushed->accepted) return FailedPrecondition(branch.branch + ": " + pushed->detail);
  }
  StatusOr<std::vector<PullRequest>> guilty = forge->FindByCommit(trigger.head);
  if (!guilty.ok()) return guilty.status();
  std::string body = "What was reverted for " + MarkdownCode(trigger.id) + ", for its author to mend and bring back.";
  if (!guilty->empty())
    body += "\n\n@" + guilty->front().author + ", it was #" + std::to_string(guilty->front().number) + ".";
  NewPullRequest wanted;
  wanted.head_branch = branch.branch;
  wanted.base_branch = repo.branch;
  wanted.title = ProposalTitle("Reapply: " + std::string(SubjectOf(**revert)));
  wanted.body = body;
  wanted.draft = true;
  StatusOr<PullRequest> opened = forge->Open(wanted);
  if (!opened.ok()) return opened.status();
  return opened->url;
}

StatusOr<StepAnswer> ProposalSteps::OfferReapply(const RollbackTrigger& trigger, const RepoConfig& repo) {
  if (!repo.forge || !repo.forge->reapply_draft || !tools_.open_forge) return Finished{std::string(kDone), ""};
  StatusOr<std::unique_ptr<Forge>> forge = tools_.open_forge(*repo.forge);
  if (!forge.ok()) return Finished{std::string(kDone), "not offered: " + std::string(MessageOf(forge.status()))};
  StatusOr<std::string> url = Reapply(trigger, repo, forge->get());
  if (url.ok()) return Finished{std::string(kDone), *url};
  return Finished{std::string(kDone), "not offered: " + Printable(MessageOf(url.status()))};
}

}  // namespace revertd
