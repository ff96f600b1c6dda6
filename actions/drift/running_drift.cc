#include "actions/drift/running_drift.h"

#include <algorithm>
#include <utility>

#include "actions/running_revision.h"
#include "base/strings.h"
#include "base/time_format.h"

namespace revertd {
namespace {

DriftFinding Of(std::string_view kind, std::string_view service, std::string_view text) {
  DriftFinding finding;
  finding.kind = kind;
  finding.subject = Printable(service);
  finding.key = DriftKey(kind, service);
  finding.text = Printable(std::string(service) + ": " + std::string(text));
  finding.service = service;
  return finding;
}

}  // namespace

DeployedState DeployedStateOf(const std::vector<Deploy>& deploys, std::string_view service, TimeNs now_ns,
                              DurationNs grace) {
  DeployedState state;
  const auto may_run = [&state](const Deploy& deploy) {
    if (deploy.head.empty()) {
      state.may_run_any = true;
    } else {
      state.may_run.push_back(deploy.head);
    }
  };
  const Deploy* newest = nullptr;
  const Deploy* before = nullptr;
  std::vector<const Deploy*> guessed;
  for (const Deploy& deploy : deploys) {
    if (deploy.service != service) continue;
    if (!deploy.finished()) continue;
    if (deploy.finish_guessed) {
      guessed.push_back(&deploy);
    } else if (newest == nullptr || deploy.finish_ns >= newest->finish_ns) {
      before = std::exchange(newest, &deploy);
    } else if (before == nullptr || deploy.finish_ns >= before->finish_ns) {
      before = &deploy;
    }
  }
  for (const Deploy& deploy : deploys) {
    const bool is_under_way =
        deploy.service == service && !deploy.finished() && deploy.start_ns >= now_ns - kUnderWayMax;
    // One that failed is never finished: a whole deploy that began later took its place.
    if (is_under_way && (newest == nullptr || newest->start_ns <= deploy.start_ns)) may_run(deploy);
  }
  const bool is_young = newest != nullptr && newest->finish_ns > now_ns - grace;
  const Deploy* oldest = is_young ? before : newest;  // that may still run
  if (newest != nullptr) may_run(*newest);
  if (oldest != nullptr && oldest != newest) may_run(*oldest);
  const bool is_certain = newest != nullptr;
  for (const Deploy* deploy : guessed) {
    if (oldest == nullptr || deploy->finish_ns >= oldest->finish_ns) may_run(*deploy);
    if (!is_certain && (newest == nullptr || deploy->finish_ns >= newest->finish_ns)) newest = deploy;
  }
  if (newest != nullptr && !newest->head.empty()) state.newest = *newest;
  return state;
}

std::optional<DriftFinding> JudgeRunning(std::string_view service, std::string_view running,
                                         const DeployedState& state) {
  const bool may_run = std::any_of(state.may_run.begin(), state.may_run.end(),
                                   [running](const std::string& head) { return IsSameRevision(running, head); });
  if (may_run || state.may_run_any || !state.newest) return std::nullopt;
  const Deploy& newest = *state.newest;
  DriftFinding finding = Of(drift::kWrongRevisionRunning, service,
                            "it runs " + std::string(running) + ", but its newest deploy " + newest.id + " is " +
                                newest.head + ", finished " + FormatRfc3339(newest.finish_ns));
  finding.facts = {{"running", Printable(running)}, {"deployed", Printable(newest.head)}, {"deploy", newest.id}};
  finding.area = RunningArea(service);
  finding.repo = newest.repo;
  return finding;
}

DriftFinding RunningUnknown(std::string_view service, std::string_view why) {
  DriftFinding finding = Of(drift::kRunningUnknown, service, "what it runs is not known: " + std::string(why));
  finding.facts = {{"why", Printable(why)}};
  return finding;
}

DriftFinding DeployedNotOnBranch(const Deploy& deploy, std::string_view branch) {
  DriftFinding finding =
      Of(drift::kDeployedNotOnBranch, deploy.service,
         "its newest deploy " + deploy.id + " is " + deploy.head + ", which is not on " + std::string(branch));
  finding.key = DriftKey(drift::kDeployedNotOnBranch, deploy.service, deploy.head);
  finding.facts = {{"deployed", deploy.head}, {"deploy", deploy.id}, {"branch", std::string(branch)}};
  finding.area = DeployedArea(deploy.service);
  finding.repo = deploy.repo;
  finding.commit = deploy.head;
  return finding;
}

}  // namespace revertd
