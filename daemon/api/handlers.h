// The handlers of the API, by the file that holds them. Each answers one route of routes.cc.
//
// Thread contract: the HTTP server's thread alone.
#pragma once

#include "daemon/api/routes.h"

namespace revertd {

// system.cc: revertd itself.
HttpAnswer GetHealth(ApiContext& context, const HttpCall& call, const PathWords& words);
HttpAnswer GetReady(ApiContext& context, const HttpCall& call, const PathWords& words);
HttpAnswer GetMetrics(ApiContext& context, const HttpCall& call, const PathWords& words);
HttpAnswer GetDescription(ApiContext& context, const HttpCall& call, const PathWords& words);
HttpAnswer GetStatus(ApiContext& context, const HttpCall& call, const PathWords& words);
HttpAnswer GetKillSwitch(ApiContext& context, const HttpCall& call, const PathWords& words);
HttpAnswer PutKillSwitch(ApiContext& context, const HttpCall& call, const PathWords& words);

// services.cc
HttpAnswer ListServices(ApiContext& context, const HttpCall& call, const PathWords& words);
HttpAnswer ListWindows(ApiContext& context, const HttpCall& call, const PathWords& words);

// health.cc: what health checks found.
HttpAnswer ListHealth(ApiContext& context, const HttpCall& call, const PathWords& words);

// errors.cc: what applications' error trackers told.
HttpAnswer ListErrors(ApiContext& context, const HttpCall& call, const PathWords& words);
HttpAnswer ShowError(ApiContext& context, const HttpCall& call, const PathWords& words);
HttpAnswer ListTransactions(ApiContext& context, const HttpCall& call, const PathWords& words);
HttpAnswer TakeEnvelope(ApiContext& context, const HttpCall& call, const PathWords& words);
HttpAnswer TakeStore(ApiContext& context, const HttpCall& call, const PathWords& words);
HttpAnswer AnswerPreflight(ApiContext& context, const HttpCall& call, const PathWords& words);

// deploys.cc
HttpAnswer ListDeploys(ApiContext& context, const HttpCall& call, const PathWords& words);
HttpAnswer StartDeploy(ApiContext& context, const HttpCall& call, const PathWords& words);
HttpAnswer ShowDeploy(ApiContext& context, const HttpCall& call, const PathWords& words);
HttpAnswer FinishDeploy(ApiContext& context, const HttpCall& call, const PathWords& words);
HttpAnswer AbandonDeploy(ApiContext& context, const HttpCall& call, const PathWords& words);
HttpAnswer ListVerdicts(ApiContext& context, const HttpCall& call, const PathWords& words);
HttpAnswer AskGate(ApiContext& context, const HttpCall& call, const PathWords& words);
HttpAnswer GetManifest(ApiContext& context, const HttpCall& call, const PathWords& words);

// triggers.cc
HttpAnswer ListTriggers(ApiContext& context, const HttpCall& call, const PathWords& words);
HttpAnswer ShowTrigger(ApiContext& context, const HttpCall& call, const PathWords& words);
HttpAnswer ApproveTrigger(ApiContext& context, const HttpCall& call, const PathWords& words);
HttpAnswer DismissTrigger(ApiContext& context, const HttpCall& call, const PathWords& words);
HttpAnswer ListIncidents(ApiContext& context, const HttpCall& call, const PathWords& words);
HttpAnswer ShowIncident(ApiContext& context, const HttpCall& call, const PathWords& words);
HttpAnswer AnswerIncident(ApiContext& context, const HttpCall& call, const PathWords& words);
HttpAnswer CloseIncident(ApiContext& context, const HttpCall& call, const PathWords& words);

// events.cc
HttpAnswer ListEvents(ApiContext& context, const HttpCall& call, const PathWords& words);
HttpAnswer StreamEvents(ApiContext& context, const HttpCall& call, const PathWords& words);

// deliveries.cc: what forges and delivery tools tell.
HttpAnswer TakeArgoCd(ApiContext& context, const HttpCall& call, const PathWords& words);
HttpAnswer TakeWebhook(ApiContext& context, const HttpCall& call, const PathWords& words);
HttpAnswer TakeSentry(ApiContext& context, const HttpCall& call, const PathWords& words);
HttpAnswer TakeSentryHook(ApiContext& context, const HttpCall& call, const PathWords& words);
HttpAnswer ListSentryRepos(ApiContext& context, const HttpCall& call, const PathWords& words);

}  // namespace revertd
