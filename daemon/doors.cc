#include "daemon/doors.h"

#include <algorithm>
#include <utility>

#include "daemon/commands.h"
#include "daemon/output.h"

namespace revertd {
namespace {

bool AsksForBranches(const Config& config) {
  return std::any_of(config.repos.begin(), config.repos.end(), [](const RepoConfig& repo) {
    return std::find(repo.deploys_from.begin(), repo.deploys_from.end(), DeploySource::kBranch) !=
           repo.deploys_from.end();
  });
}

}  // namespace

StatusOr<std::unique_ptr<Doors>> Doors::Open(const Config& config, const Board* board, const HealthBoard* health,
                                             Clock* clock, SentryIntake* sentry) {
  std::unique_ptr<Doors> doors(new Doors());
  const auto say = [](std::string_view words) { Say(words); };
  if (config.http) {
    auto http = HttpDoor::Open(config, board, health, clock, sentry);
    if (!http.ok()) return http.status();
    doors->http_ = *std::move(http);
  }
  if (AsksForBranches(config)) {
    auto edges = BranchPoller::OpenEdges(config, FolderOf(config), clock, say);
    if (!edges.ok()) return edges.status();
    doors->branches_ = std::make_unique<BranchPoller>(config, *std::move(edges));
    REVERTD_RETURN_IF_ERROR(doors->branches_->Restore());
  }
  if (!config.manifest.write.empty() || !config.manifest.watch.empty()) {
    auto state = StateStore::Open(config.state, StateStore::Access::kInboxOnly);
    if (!state.ok()) return state.status();
    doors->manifest_ = std::make_unique<ManifestKeeper>(
        config, ManifestKeeper::Edges{.state = *std::move(state), .clock = clock, .say = say});
  }
  return doors;
}

Doors::~Doors() {
  if (branches_) branches_->Stop();  // while the others end
}

void Doors::Start() {
  if (http_) http_->Start();
  if (branches_) branches_->Start();
  if (manifest_) manifest_->Start();
}

}  // namespace revertd
