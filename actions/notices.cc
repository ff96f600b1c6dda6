#include "actions/notices.h"

#include <algorithm>
#include <array>
#include <utility>

#include "actions/git.h"
#include "base/strings.h"
#include "base/time_format.h"

namespace revertd {
namespace {

using Severity = Notice::Severity;
constexpr size_t kReleaseShown = 60;  // bytes; a name and a whole revision

struct ReasonRow {
  std::string_view reason;
  Severity severity;
  bool resolves;
  std::string_view advice;
};

constexpr std::string_view kConfigurationAdvice =
    "The configuration does not let the machine act: roll back by hand, then correct it.";
constexpr std::string_view kHistoryAdvice =
    "The deploy's commits are not where they were expected: compare its revision with the branch and roll back by "
    "hand.";
constexpr std::string_view kPersonAdvice = "Roll back by hand: this one needs a person's judgement.";
constexpr std::string_view kRemoteAdvice =
    "See why the repository could not be reached or changed, then roll back by hand or ask for it again.";
constexpr std::string_view kLimitAdvice =
    "The limit guards against a detector gone wrong: look at the evidence and roll back by hand if it is right.";
constexpr std::string_view kOthersAdvice = "Somebody is on it already: see that production recovers.";
constexpr std::string_view kAdviceForAll =
    "Look at the evidence with `revertd explain` and roll back by hand if production is still worse.";

constexpr auto kReasons = std::to_array<ReasonRow>({
    {"dismissed", Severity::kInfo, true, "A person said no: nothing is left to do."},
    {"already_fixed", Severity::kInfo, true, "Production is as it was before: nothing is left to do."},
    {"already_reverted", Severity::kWarning, false, "The branch holds a revert of it: see that it is deployed."},
    {"empty_change", Severity::kWarning, false, "The branch holds nothing of it any more: see that this is deployed."},
    {"revert_in_flight_by_person", Severity::kWarning, false, kOthersAdvice},
    {"proposal_closed", Severity::kWarning, false, "A person closed the pull request: see that production recovers."},
    {"kill_switch", Severity::kCritical, false,
     "Machines are told not to act: roll back by hand; they act again once that file is removed."},
    {"kill_switch_unreadable", Severity::kCritical, false,
     "It cannot be told whether machines may act: roll back by hand, then make that path readable."},
    {"deploy_too_old", Severity::kCritical, false, kPersonAdvice},
    {"pushes_per_day", Severity::kCritical, false, kLimitAdvice},
    {"proposals_per_day", Severity::kCritical, false, kLimitAdvice},
    {"post_mortem_overdue", Severity::kCritical, false,
     "Roll back by hand; machines act for this service again once its post-mortem is closed."},
    {"opted_out", Severity::kCritical, false, "Its author asked not to have it undone by a machine: ask the author."},
    {"opted_out_label", Severity::kCritical, false,
     "Its author asked not to have it undone by a machine: ask the author."},
    {"protected_path", Severity::kCritical, false,
     "It touches what no revert of files undoes, like data: undo it by hand, together with what it did."},
    {"merged_dependants", Severity::kCritical, false,
     "Later changes build upon it: undo them together, or repair it with a new change."},
    {"is_a_revert", Severity::kCritical, false,
     "The deploy is itself a rollback: undoing it would bring the older fault back. Choose by hand."},
    {"conflict", Severity::kCritical, false,
     "Later changes stand in the way: revert by hand and resolve the conflicts in the paths named."},
    {"range_not_of_service", Severity::kCritical, false, kPersonAdvice},
    {"range_not_apart", Severity::kCritical, false, kPersonAdvice},
    {"range_too_long", Severity::kCritical, false, kPersonAdvice},
    {"history_too_long", Severity::kCritical, false, kPersonAdvice},
    {"branch_not_found", Severity::kCritical, false, kHistoryAdvice},
    {"commit_not_on_branch", Severity::kCritical, false, kHistoryAdvice},
    {"base_not_in_history", Severity::kCritical, false, kHistoryAdvice},
    {"empty_range", Severity::kCritical, false, kHistoryAdvice},
    {"push_rejected", Severity::kCritical, false,
     "The remote refused the push: roll back by hand, then let revertd's key push to that branch."},
    {"proposal_expired", Severity::kCritical, false,
     "Nobody merged the pull request in time: roll back by hand, or open it again if it still fits."},
    {"proposal_unverified", Severity::kCritical, false,
     "What the forge shows is not what was proposed: look at the pull request before anybody merges it."},
    {"merge_refused", Severity::kCritical, false,
     "The forge refuses the merge: look at the pull request's checks and rules, then merge it by hand."},
    {"branch_taken", Severity::kCritical, false,
     "Somebody else's branch has the name of the proposal's: roll back by hand, then remove or rename it."},
    {"good_version_regressed", Severity::kCritical, false,
     "The version before was bad as well: choose by hand the one to go back to."},
    {"no_good_version", Severity::kCritical, false,
     "No earlier version is known to have been good: choose by hand the one to go back to."},
    {"command_failed", Severity::kCritical, false,
     "The command that should have changed production failed: see what it did, then finish it by hand."},
    {"not_seen", Severity::kCritical, false,
     "No deploy of it was seen: see whether production changed, then deploy it by hand."},
    {"branch_keeps_moving", Severity::kCritical, false, kRemoteAdvice},
    {"remote_unchanged", Severity::kCritical, false, kRemoteAdvice},
    {"remote_unreachable", Severity::kCritical, false, kRemoteAdvice},
    {"git_missing", Severity::kCritical, false, "Roll back by hand, then install git where revertd runs."},
    {"git_failed", Severity::kCritical, false, kRemoteAdvice},
    {"service_not_configured", Severity::kCritical, false, kConfigurationAdvice},
    {"repo_not_configured", Severity::kCritical, false, kConfigurationAdvice},
    {"repo_of_another_service", Severity::kCritical, false, kConfigurationAdvice},
    {"repo_alert_only", Severity::kCritical, false, kConfigurationAdvice},
    {"mode_does_not_act", Severity::kCritical, false, kConfigurationAdvice},
    {"bad_remote", Severity::kCritical, false, kConfigurationAdvice},
    {"no_command", Severity::kCritical, false, kConfigurationAdvice},
    {"no_forge", Severity::kCritical, false, kConfigurationAdvice},
});

const ReasonRow& RowOf(std::string_view reason) {
  static constexpr ReasonRow kUnknown = {"", Severity::kCritical, false, kAdviceForAll};
  for (const ReasonRow& row : kReasons) {
    if (row.reason == reason) return row;
  }
  return kUnknown;
}

std::string RangeText(std::string_view base, std::string_view head) {
  return base.empty() ? ShortRevision(head) : ShortRevision(base) + ".." + ShortRevision(head);
}

// "errors 0.01 % -> 4.1 %".
std::string ChangeText(const Evidence& evidence) {
  return RateText(evidence, evidence.before) + " -> " + RateText(evidence, evidence.after);
}

void AddEvidence(const Evidence& evidence, std::vector<NoticeFact>* facts) {
  const bool known = !evidence.signal.empty();
  const bool compared = known && !evidence.control.empty();
  facts->push_back({"signal", known ? SubjectOf(evidence) : ""});
  facts->push_back({"before -> after", known ? ChangeText(evidence) : ""});
  facts->push_back({"control", compared ? evidence.control + ": " + RateText(evidence, evidence.control_before) +
                                              " -> " + RateText(evidence, evidence.control_after)
                                        : ""});
  facts->push_back({"onset", evidence.onset_ns != 0 ? FormatRfc3339(evidence.onset_ns) : ""});
}

std::string ErrorText(const NamedError& error) {
  return (error.is_new ? "new " : "more ") + CutText(SubjectOf(error), kErrorTextMax);
}

// The one that has the most to say, for those who read no further than the first line.
std::string FirstError(const std::vector<NamedError>& errors) {
  return errors.empty() ? "" : "; " + ErrorText(errors.front());
}

void AddErrors(const std::vector<NamedError>& errors, std::vector<NoticeFact>* facts) {
  if (!errors.empty()) facts->push_back({"errors", ErrorsText(errors)});
}

// "errors 0.01 % -> 4.1 %", or of a person's own: why.
std::string WhyText(const RollbackTrigger& trigger, const NoticeContext& context) {
  if (trigger.evidence.signal.empty()) return trigger.reason;
  return SubjectOf(trigger.evidence) + " " + ChangeText(trigger.evidence) + FirstError(context.errors);
}

Notice Of(const RollbackTrigger& trigger, std::string_view event, Severity severity, const NoticeContext& context) {
  Notice notice;
  notice.key = trigger.id;
  notice.event = event;
  notice.service = trigger.service;
  notice.severity = severity;
  notice.facts = FactsOf(trigger);
  AddErrors(context.errors, &notice.facts);
  notice.audit_head = context.audit_head;
  notice.at_ns = context.at_ns;
  return notice;
}

}  // namespace

std::string ErrorsText(const std::vector<NamedError>& errors) {
  std::string text;
  for (size_t i = 0; i < std::min(kErrorsTold, errors.size()); ++i) {
    const NamedError& error = errors[i];
    text += (i == 0 ? "" : "; ") + ErrorText(error) + ", " + std::to_string(error.events) +
            (error.events == 1 ? " event" : " events");
    if (!error.release.empty()) text += " of " + CutText(Printable(error.release), kReleaseShown);
  }
  if (errors.size() > kErrorsTold) text += "; and " + std::to_string(errors.size() - kErrorsTold) + " others";
  return text;
}

std::vector<NoticeFact> FactsOf(const RollbackTrigger& trigger) {
  std::vector<NoticeFact> facts;
  AddEvidence(trigger.evidence, &facts);
  facts.push_back({"repo", trigger.repo});
  facts.push_back({"range", RangeText(trigger.base, trigger.head)});
  facts.push_back({"reason", trigger.reason});
  facts.push_back({"trigger", trigger.id});
  return facts;
}

Notice RollbackUnderWay(const RollbackTrigger& trigger, const NoticeContext& context) {
  Notice notice = Of(trigger, "rollback_under_way", Severity::kWarning, context);
  notice.summary = trigger.service + ": a rollback is already under way: " + WhyText(trigger, context);
  return Bounded(std::move(notice));
}

Notice RollbackProposed(const RollbackTrigger& trigger, std::string_view url, const NoticeContext& context) {
  // Production stays as bad as it is until a person merges.
  Notice notice = Of(trigger, "rollback_proposed", Severity::kCritical, context);
  notice.summary = trigger.service + ": a rollback is proposed and waits for a person: " + WhyText(trigger, context);
  notice.facts.push_back({"pull request", std::string(url)});
  notice.url = url;
  return Bounded(std::move(notice));
}

Notice RollbackPushed(const RollbackTrigger& trigger, std::string_view sha, std::string_view url,
                      const NoticeContext& context) {
  Notice notice = Of(trigger, "rollback_pushed", Severity::kWarning, context);
  notice.summary =
      trigger.service + ": the rollback is pushed as " + ShortRevision(sha) + " and verified on the remote";
  notice.facts.push_back({"commit", std::string(sha)});
  notice.url = url;
  return Bounded(std::move(notice));
}

Notice RollbackSwitched(const RollbackTrigger& trigger, std::string_view version, const NoticeContext& context) {
  Notice notice = Of(trigger, "rollback_switched", Severity::kWarning, context);
  notice.summary = trigger.service + ": the version command has deployed " + ShortRevision(version) + " again";
  notice.facts.push_back({"version", std::string(version)});
  return Bounded(std::move(notice));
}

Notice RollbackDeployed(const RollbackTrigger& trigger, std::string_view deploy_id, const NoticeContext& context) {
  Notice notice = Of(trigger, "rollback_deployed", Severity::kWarning, context);
  notice.summary = trigger.service + ": the rollback is deployed; whether production recovers is being watched";
  notice.facts.push_back({"deploy", std::string(deploy_id)});
  return Bounded(std::move(notice));
}

Notice RollbackJudged(const RollbackTrigger& trigger, const Recovery& recovery, const NoticeContext& context) {
  const bool known = recovery.n_now > 0;
  const std::string rates =
      RateText(trigger.evidence, recovery.rate_bad) + " -> " + RateText(trigger.evidence, recovery.rate_now);
  const std::string& signal = trigger.evidence.signal;
  const std::string change = known ? ": " + signal + (signal.empty() ? "" : " ") + rates : "";
  Notice notice;
  if (recovery.state == RecoveryState::kRecovered) {
    notice = Of(trigger, "rollback_recovered", Severity::kInfo, context);
    notice.resolves = true;
    notice.summary = trigger.service + ": recovered after the rollback" + change;
  } else if (recovery.state == RecoveryState::kNotRecovered) {
    notice = Of(trigger, "rollback_not_recovered", Severity::kCritical, context);
    notice.summary = trigger.service + ": NOT recovered after the rollback" + change;
    notice.facts.push_back({"what to do",
                            "The rolled back deploy was not the cause, or not the only one: look for "
                            "what else changed. No further rollback follows by itself."});
  } else {
    return RollbackUndecided(trigger, "the traffic since does not tell", context);
  }
  if (known) notice.facts.push_back({"bad -> now", rates});
  return Bounded(std::move(notice));
}

Notice RollbackUndecided(const RollbackTrigger& trigger, std::string_view detail, const NoticeContext& context) {
  Notice notice = Of(trigger, "rollback_undecided", Severity::kWarning, context);
  notice.summary = trigger.service + ": rolled back; whether it recovered is not known: " + std::string(detail);
  notice.facts.push_back({"what to do", "See whether production is well, and whether the rollback was deployed."});
  return Bounded(std::move(notice));
}

Notice RollbackHeld(const RollbackTrigger& trigger, std::string_view reason, std::string_view detail,
                    const NoticeContext& context) {
  const ReasonRow& row = RowOf(reason);
  Notice notice = Of(trigger, "rollback_held", row.severity, context);
  notice.resolves = row.resolves;
  notice.summary = trigger.service + ": not rolled back (" + std::string(reason) + "): " + WhyText(trigger, context);
  notice.facts.push_back({"held by", std::string(reason)});
  notice.facts.push_back({"detail", std::string(detail)});
  notice.facts.push_back({"what to do", std::string(row.advice)});
  return Bounded(std::move(notice));
}

std::string_view AdviceFor(std::string_view reason) { return RowOf(reason).advice; }

Notice DeployJudged(const Decision& decision, const Verdict& verdict, const Deploy& deploy,
                    const NoticeContext& context) {
  const bool ambiguous = decision.kind == DecisionKind::kTriage;
  const Evidence evidence = verdict.evidence.empty() ? Evidence{} : verdict.evidence.front();
  Notice notice;
  notice.key = decision.deploy_id;
  notice.event = ambiguous ? "deploy_ambiguous" : "deploy_regressed";
  notice.service = decision.service;
  notice.severity = ambiguous ? Severity::kWarning : Severity::kCritical;
  notice.summary = decision.service + (ambiguous ? ": worse since a deploy, which may not be the cause"
                                                 : ": worse since a deploy, which nobody rolls back by itself");
  if (!evidence.signal.empty()) {
    notice.summary += ": " + SubjectOf(evidence) + " " + ChangeText(evidence) + FirstError(verdict.errors);
  }
  AddEvidence(evidence, &notice.facts);
  notice.facts.push_back({"repo", deploy.repo});
  notice.facts.push_back({"range", RangeText(deploy.base, deploy.head)});
  notice.facts.push_back({"reason", decision.reason});
  notice.facts.push_back({"deploy", decision.deploy_id});
  AddErrors(verdict.errors, &notice.facts);
  notice.facts.push_back({"what to do", ambiguous ? "Choose the guilty one of what changed at that time, with "
                                                    "`revertd explain`, and roll it back by hand."
                                                  : "Look at the evidence with `revertd explain` and roll back."});
  notice.audit_head = context.audit_head;
  notice.at_ns = context.at_ns;
  return Bounded(std::move(notice));
}

std::string ChannelKey(std::string_view channel) { return "channel:" + std::string(channel); }

Notice ChannelFailing(std::string_view channel, std::string_view outcome, const NoticeContext& context) {
  Notice notice;
  notice.key = ChannelKey(channel);
  notice.event = kChannelFailing;
  notice.service = "revertd";
  notice.severity = Severity::kWarning;
  notice.summary =
      "revertd: nobody is reached through the channel " + std::string(channel) + ": " + std::string(outcome);
  notice.facts = {{"channel", std::string(channel)},
                  {"outcome", std::string(outcome)},
                  {"what to do", "Messages of this channel were given up; rollbacks go on. Correct the channel."}};
  notice.audit_head = context.audit_head;
  notice.at_ns = context.at_ns;
  return Bounded(std::move(notice));
}

Notice ChannelWorking(std::string_view channel, const NoticeContext& context) {
  Notice notice = ChannelFailing(channel, "", context);
  notice.event = kChannelWorking;
  notice.severity = Severity::kInfo;
  notice.resolves = true;
  notice.summary = Printable("revertd: people are reached again through the channel " + std::string(channel));
  notice.facts.resize(1);
  return Bounded(std::move(notice));
}

}  // namespace revertd
