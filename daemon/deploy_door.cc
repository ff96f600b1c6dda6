#include "daemon/deploy_door.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "actions/git.h"
#include "analysis/deploy_registry.h"

namespace revertd {
namespace {

using Kind = InboxMessage::Kind;
using Messages = std::vector<InboxMessage>;

// What waits in the inbox is known too: a script's finish may come before the sidecar has taken its start.
constexpr int kInboxLookMax = 1000;

Status CheckWords(const Config& config, const DeployAsked& asked) {
  if (asked.service.empty()) return InvalidArgument("a deploy needs a service: its name must not be empty");
  for (const std::string& revision : {asked.commit, asked.base}) {
    if (!revision.empty() && !IsRevision(revision)) {
      return InvalidArgument("\"" + revision + "\" is no revision: 7 to 64 hexadecimal digits expected");
    }
  }
  if (!asked.repo.empty() && config.FindRepo(asked.repo) == nullptr) {
    return InvalidArgument("repo " + asked.repo + ": no such repo in the configuration");
  }
  if (asked.start_ns < 0 || asked.finish_ns < 0) return InvalidArgument("a deploy's times lie after 1970");
  if (asked.finish_ns != 0 && asked.finish_ns < asked.start_ns) {
    return InvalidArgument("a deploy cannot finish before it starts");
  }
  return OkStatus();
}

bool Abandons(const InboxMessage& message, const Deploy& deploy) {
  if (message.kind != Kind::kDeployAbandon) return false;
  if (!message.deploy.id.empty()) return message.deploy.id == deploy.id;
  return message.deploy.service == deploy.service && SameRevision(message.deploy.head, deploy.head);
}

// The last verdict that is known of a deploy, and whether it was abandoned by then or will be.
struct Known {
  std::optional<Deploy> deploy;
  std::optional<Verdict> verdict;
  bool abandoned = false;
};

StatusOr<Known> Look(const StateStore& store, const Messages& waiting, std::optional<Deploy> deploy) {
  Known known;
  known.deploy = std::move(deploy);
  if (!known.deploy) return known;
  auto verdicts = store.ReadVerdicts(known.deploy->id);
  if (!verdicts.ok()) return verdicts.status();
  if (!verdicts->empty()) known.verdict = std::move(verdicts->back());
  known.abandoned = (known.verdict && known.verdict->reason == kAbandoned) ||
                    std::any_of(waiting.begin(), waiting.end(),
                                [&](const InboxMessage& message) { return Abandons(message, *known.deploy); });
  return known;
}

// Of what waits alone: the order of telling decides.
template <typename Fits>
Known LookWaiting(const Messages& waiting, Fits fits) {
  Known known;
  for (const InboxMessage& message : waiting) {
    const bool starts = message.kind == Kind::kDeployStart && fits(message.deploy);
    if (starts && (!known.deploy || known.abandoned)) known = {.deploy = message.deploy, .verdict = std::nullopt};
    if (known.deploy && Abandons(message, *known.deploy)) known.abandoned = true;
  }
  return known;
}

StatusOr<Known> Find(const StateStore& store, const std::string& id) {
  const auto waiting = store.Peek(kInboxLookMax);
  if (!waiting.ok()) return waiting.status();
  auto deploy = store.ReadDeploy(id);
  if (!deploy.ok()) return deploy.status();
  if (deploy->has_value()) return Look(store, *waiting, *std::move(deploy));
  return LookWaiting(*waiting, [&](const Deploy& told) { return told.id == id; });
}

StatusOr<Known> FindOrNot(const StateStore& store, const std::string& id) {
  auto known = Find(store, id);
  if (known.ok() && !known->deploy) return NotFound("no deploy \"" + id + "\"; `revertd deploy list` shows all");
  return known;
}

Status IsPast(const std::string& id) {
  return FailedPrecondition("the deploy " + id + " was abandoned; a second try is a deploy of its own");
}

// Of one that is under way and was told of already; empty: there is none.
StatusOr<std::string> IdUnderWay(const StateStore& store, const DeployAsked& asked) {
  const auto waiting = store.Peek(kInboxLookMax);
  if (!waiting.ok()) return waiting.status();
  const auto is_of_commit = [&](const Deploy& deploy) {
    return deploy.service == asked.service && SameRevision(deploy.head, asked.commit);
  };
  // As the registry has it: of one commit within the window it is one deploy, unless another one came between.
  const auto deploys = store.ReadDeploys(asked.start_ns - kSameDeployWindow);
  if (!deploys.ok()) return deploys.status();
  std::optional<Deploy> newest;
  for (const Deploy& deploy : *deploys) {
    if (deploy.service == asked.service && deploy.start_ns <= asked.start_ns) newest = deploy;
  }
  const bool is_near = newest && is_of_commit(*newest) && asked.start_ns - newest->start_ns <= kSameDeployWindow;
  const auto known = Look(store, *waiting, is_near ? newest : std::nullopt);
  if (!known.ok()) return known.status();
  if (known->deploy && !known->abandoned) return known->deploy->id;
  const Known told = LookWaiting(*waiting, is_of_commit);
  return told.deploy && !told.abandoned ? told.deploy->id : "";
}

StatusOr<std::string> IdFor(const StateStore& store, const DeployAsked& asked) {
  if (!asked.id.empty()) {
    const auto known = Find(store, asked.id);
    if (!known.ok()) return known.status();
    return known->abandoned ? StatusOr<std::string>(IsPast(asked.id)) : asked.id;
  }
  if (!asked.commit.empty()) {
    StatusOr<std::string> under_way = IdUnderWay(store, asked);
    if (!under_way.ok() || !under_way->empty()) return under_way;
  }
  std::string id = MakeDeployId(asked.service, asked.start_ns);
  const auto known = Find(store, id);
  if (!known.ok()) return known.status();
  // A second try, told with the start of the first one.
  if (known->abandoned && asked.finish_ns != 0) id = MakeDeployId(asked.service, asked.finish_ns);
  return id;
}

}  // namespace

StatusOr<Deploy> CheckedStart(const Config& config, const StateStore& store, const DeployAsked& words, TimeNs now) {
  DeployAsked asked = words;
  if (asked.start_ns == 0) asked.start_ns = asked.finish_ns != 0 ? asked.finish_ns : now;
  REVERTD_RETURN_IF_ERROR(CheckWords(config, asked));
  auto id = IdFor(store, asked);
  if (!id.ok()) return id.status();
  const ServiceConfig* service = config.FindService(asked.service);
  Deploy deploy;
  deploy.id = *std::move(id);
  deploy.service = asked.service;
  deploy.repo = !asked.repo.empty() ? asked.repo : service != nullptr ? service->repo : "";
  // Zeros are what CI systems say where there is no commit before.
  if (asked.base.find_first_not_of('0') != std::string::npos) deploy.base = asked.base;
  deploy.head = asked.commit;
  deploy.start_ns = asked.start_ns;
  deploy.finish_ns = asked.finish_ns;
  return deploy;
}

Status CheckFinish(const StateStore& store, const std::string& id) {
  const auto known = FindOrNot(store, id);
  if (!known.ok()) return known.status();
  return known->abandoned ? IsPast(id) : OkStatus();
}

Status CheckAbandon(const StateStore& store, const std::string& id) {
  const auto known = FindOrNot(store, id);
  if (!known.ok()) return known.status();
  if (!known->verdict || known->verdict->state != VerdictState::kRegressed) return OkStatus();
  return FailedPrecondition("the deploy " + id + " was judged regressed: it came to be");
}

InboxMessage StartMessage(Deploy deploy) {
  InboxMessage message;
  message.kind = Kind::kDeployStart;
  message.deploy = std::move(deploy);
  return message;
}

InboxMessage FinishMessage(const std::string& id, TimeNs at_ns) {
  InboxMessage message;
  message.kind = Kind::kDeployFinish;
  message.deploy.id = id;
  message.deploy.finish_ns = at_ns;
  return message;
}

InboxMessage AbandonMessage(const std::string& id, TimeNs at_ns, const std::string& why) {
  InboxMessage message = FinishMessage(id, at_ns);
  message.kind = Kind::kDeployAbandon;
  message.text = why;
  return message;
}

InboxMessage AbandonHeadMessage(const std::string& service, const std::string& head, TimeNs at_ns,
                                const std::string& why) {
  InboxMessage message = AbandonMessage("", at_ns, why);
  message.deploy.service = service;
  message.deploy.head = head;
  return message;
}

}  // namespace revertd
