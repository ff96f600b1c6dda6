#include "actions/drift/drift_knowledge.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

#include "actions/step.h"
#include "store/executor_store.h"
#include "store/release_databases.h"
#include "store/state_store.h"

namespace revertd {
namespace {

Status ReadState(const StateStore& state, DriftKnowledge* knowledge) {
  StatusOr<std::vector<Deploy>> deploys = state.ReadDeploys(0);
  if (!deploys.ok()) return deploys.status();
  const StatusOr<std::vector<RollbackTrigger>> triggers = state.ReadTriggers();
  if (!triggers.ok()) return triggers.status();
  knowledge->deploys = *std::move(deploys);
  for (const RollbackTrigger& trigger : *triggers) knowledge->own_ids.insert(trigger.id);
  knowledge->has_state = true;
  return OkStatus();
}

Status ReadOwnIds(const ExecutorStore& journal, DriftKnowledge* knowledge) {
  StatusOr<std::vector<std::string>> triggers = journal.ReadTriggerIds();
  if (!triggers.ok()) return triggers.status();
  const StatusOr<std::vector<ReleaseRecord>> releases = journal.ReadReleases();
  if (!releases.ok()) return releases.status();
  knowledge->own_ids.insert(triggers->begin(), triggers->end());
  for (const ReleaseRecord& release : *releases) knowledge->own_ids.insert(release.id);
  return OkStatus();
}

StatusOr<std::optional<UndoneCommit>> FindUndone(const ExecutorStore& journal, const StateStore& state,
                                                 const std::string& trigger_id, bool has_post_mortem) {
  const StatusOr<std::optional<JournalRow>> revert = ReadRevert(journal, trigger_id);
  if (!revert.ok()) return revert.status();
  if (!revert->has_value()) return std::optional<UndoneCommit>();
  const StatusOr<std::optional<RollbackTrigger>> trigger = state.ReadTrigger(trigger_id);
  if (!trigger.ok()) return trigger.status();
  if (!trigger->has_value() || !IsRevision((*trigger)->head)) return std::optional<UndoneCommit>();
  const JournalRow& row = **revert;
  return std::optional<UndoneCommit>({trigger_id, (*trigger)->service, (*trigger)->repo, (*trigger)->head, row.detail,
                                      has_post_mortem, row.finished_ns});
}

// post_mortems: triggers that have one, open or closed, whose journal is read already; those of this one are added.
Status ReadUndone(const ExecutorStore& journal, const StateStore& state, std::set<std::string>* post_mortems,
                  DriftKnowledge* knowledge) {
  const StatusOr<std::vector<Incident>> incidents = journal.ReadIncidents();
  if (!incidents.ok()) return incidents.status();
  for (const Incident& incident : *incidents) {
    post_mortems->insert(incident.trigger_id);
    if (incident.closed_ns != 0) continue;
    StatusOr<std::optional<UndoneCommit>> undone = FindUndone(journal, state, incident.trigger_id, true);
    if (!undone.ok()) return undone.status();
    if (undone->has_value()) knowledge->undone.push_back(**std::move(undone));
  }
  return OkStatus();
}

// A release opens no post-mortem; where the sidecar went on with a rollback of one, and opened it, that one counts.
Status ReadUndoneByReleases(const ExecutorStore& journal, const StateStore& state,
                            const std::set<std::string>& post_mortems, DriftKnowledge* knowledge) {
  const StatusOr<std::vector<std::string>> ids = journal.ReadTriggerIds();
  if (!ids.ok()) return ids.status();
  std::vector<UndoneCommit> found;
  for (const std::string& id : *ids) {
    if (post_mortems.contains(id)) continue;
    StatusOr<std::optional<UndoneCommit>> undone = FindUndone(journal, state, id, false);
    if (!undone.ok()) return undone.status();
    if (undone->has_value()) found.push_back(**std::move(undone));
  }
  std::sort(found.begin(), found.end(),
            [](const UndoneCommit& a, const UndoneCommit& b) { return a.undone_ns > b.undone_ns; });
  if (found.size() > kReleaseUndoneMax) {
    found.resize(kReleaseUndoneMax);
    knowledge->undone_cut = true;
  }
  std::move(found.begin(), found.end(), std::back_inserter(knowledge->undone));
  return OkStatus();
}

}  // namespace

DriftKnowledge ReadDriftKnowledge(const Config& config, const std::string& state_folder) {
  DriftKnowledge knowledge;
  const auto state = StateStore::Open(config.state, StateStore::Access::kReadOnly);
  knowledge.state = state.ok() ? ReadState(**state, &knowledge) : state.status();
  if (absl::IsNotFound(knowledge.state)) knowledge.state = OkStatus();
  if (!knowledge.state.ok()) knowledge.unread.emplace_back("state.db", MessageOf(knowledge.state));

  std::set<std::string> post_mortems;
  bool knows_post_mortems = true;
  std::vector<std::string> paths = {state_folder + "/executor.db"};
  const auto environments = FindReleaseEnvironments(state_folder);
  if (environments.ok()) {
    for (const std::string& name : *environments) paths.push_back(ReleaseDatabaseIn(state_folder, name));
  } else {
    knowledge.rollbacks = environments.status();
    knowledge.unread.emplace_back("releases", MessageOf(environments.status()));
  }
  for (const std::string& path : paths) {
    const bool of_executor = path == paths.front();
    const auto journal = ExecutorStore::Open(path, ExecutorStore::Access::kReadOnly);
    if (absl::IsNotFound(journal.status())) continue;
    Status status = journal.ok() ? ReadOwnIds(**journal, &knowledge) : journal.status();
    if (status.ok() && knowledge.has_state) status = ReadUndone(**journal, **state, &post_mortems, &knowledge);
    if (status.ok() && knowledge.has_state && !of_executor && knows_post_mortems) {
      status = ReadUndoneByReleases(**journal, **state, post_mortems, &knowledge);
    }
    if (status.ok()) continue;
    if (of_executor) knows_post_mortems = false;  // its people may have closed one
    knowledge.rollbacks = status;
    knowledge.unread.emplace_back(std::filesystem::path(path).filename().string(), MessageOf(status));
  }
  if (!knowledge.state.ok()) knowledge.rollbacks = knowledge.state;
  return knowledge;
}

}  // namespace revertd
