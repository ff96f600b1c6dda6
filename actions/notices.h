// The notices themselves: what people are told of each turn of a rollback, of a bad deploy that no machine undoes, and
// of a channel that reaches nobody. One incident is one key: the trigger's id, or the deploy's, or "channel:NAME".
//
// Pure, any thread. Every notice is Bounded. Severities: critical means that production is worse and no machine is
// doing anything about it, so that a person must; warning, that a machine is at work or a person may look tomorrow.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "actions/notice.h"
#include "base/clock.h"
#include "base/deploy.h"
#include "base/error_event.h"
#include "base/trigger.h"
#include "base/verdict.h"

namespace revertd {

// What is true of the moment and not of the incident.
struct NoticeContext {
  TimeNs at_ns = 0;
  std::string audit_head;               // AuditHead::text()
  std::vector<NamedError> errors = {};  // of the verdict that the trigger comes of
};

// Of a verdict's errors, so many of the first are named: a message is read on a telephone.
inline constexpr size_t kErrorsTold = 3;
// "new TypeError: cannot read <text> (checkout.views.pay), 41 events of 1.4.2; more ...; and 2 others".
std::string ErrorsText(const std::vector<NamedError>& errors);

// The facts of every notice of a trigger, always all and in this order: "signal", "before -> after", "control",
// "onset", "repo", "range", "reason", "trigger". "errors" follows them where the context names any, then the facts of
// the one notice.
std::vector<NoticeFact> FactsOf(const RollbackTrigger& trigger);

// "rollback_under_way". Says literally that a rollback is already under way, for those who are about to start one.
Notice RollbackUnderWay(const RollbackTrigger& trigger, const NoticeContext& context);
// "rollback_proposed": url is the pull request's.
Notice RollbackProposed(const RollbackTrigger& trigger, std::string_view url, const NoticeContext& context);
// "rollback_pushed": the remote itself answered that the branch holds `sha`. url: of the commit or merged pull request;
// empty: none.
Notice RollbackPushed(const RollbackTrigger& trigger, std::string_view sha, std::string_view url,
                      const NoticeContext& context);
// "rollback_switched": the user's command has deployed the last good version, `version`.
Notice RollbackSwitched(const RollbackTrigger& trigger, std::string_view version, const NoticeContext& context);
// "rollback_deployed": the good version serves again; whether it helps is not known yet.
Notice RollbackDeployed(const RollbackTrigger& trigger, std::string_view deploy_id, const NoticeContext& context);
// "rollback_recovered", which resolves; "rollback_not_recovered", critical; "rollback_undecided" for all else. A
// recovery without requests (n_now = 0) is told without its rates.
Notice RollbackJudged(const RollbackTrigger& trigger, const Recovery& recovery, const NoticeContext& context);
// "rollback_undecided": the rollback is made, and nobody can say what it did; `detail` why.
Notice RollbackUndecided(const RollbackTrigger& trigger, std::string_view detail, const NoticeContext& context);
// "rollback_held": it ended before production changed. `reason` is the outcome of the step that ended it, `detail` what
// a person needs beside it. Critical, but where a person or an older revert is why: then a warning, or it resolves.
Notice RollbackHeld(const RollbackTrigger& trigger, std::string_view reason, std::string_view detail,
                    const NoticeContext& context);
// What a person does about that reason; a sentence.
std::string_view AdviceFor(std::string_view reason);

// A decision that writes no trigger, or whose trigger no executor serves. Triage: "deploy_ambiguous", a warning; all
// else: "deploy_regressed", critical.
Notice DeployJudged(const Decision& decision, const Verdict& verdict, const Deploy& deploy,
                    const NoticeContext& context);

// "channel_failing" and, resolving it, "channel_working"; told to the other channels.
inline constexpr std::string_view kChannelFailing = "channel_failing";
inline constexpr std::string_view kChannelWorking = "channel_working";
std::string ChannelKey(std::string_view channel);
Notice ChannelFailing(std::string_view channel, std::string_view outcome, const NoticeContext& context);
Notice ChannelWorking(std::string_view channel, const NoticeContext& context);

}  // namespace revertd
