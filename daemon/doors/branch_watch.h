// BranchWatch: deploys of repos whose branch is asked (deploys_from: branch). A head that is new there is a deploy of
// every service of the repo, begun and finished when it was seen. What a person pushed and what revertd pushed look
// alike here; analysis knows its own reverts by their commits.
//
// Pure: answers and times are arguments. One thread. Invariants: 1. the first head of a repo of which no deploy is
// known is what serves, no deploy; 2. an answer is news only against the one before it, so a head that goes back and
// forth is a deploy each time; 3. a remote that fails is told once, asked ever more seldom, and told again when it is
// back.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/deploy.h"
#include "base/status.h"
#include "config/config.h"
#include "daemon/doors/deploy_news.h"

namespace revertd {

class BranchWatch {
 public:
  // A remote that is away for the night is asked six times an hour. A longer branch_poll stays as it is.
  static constexpr DurationNs kBackOffMax = 10 * kMinuteNs;

  using Head = StatusOr<std::optional<std::string>>;  // as Git::ReadRemoteBranch answers

  // `config` outlives it.
  explicit BranchWatch(const Config& config);

  // Every deploy that the state knows, oldest first: a push that was made since the newest one of a repo is news.
  void Restore(const std::vector<Deploy>& deploys);

  std::vector<const RepoConfig*> Due(TimeNs now) const;
  // Until the next repo is due; nullopt: no repo is asked.
  std::optional<DurationNs> RestFor(TimeNs now) const;

  DeployNews OnAnswer(const RepoConfig& repo, const Head& head, TimeNs now);

 private:
  enum class Trouble { kNone, kUnreachable, kNoBranch };
  struct Asked {
    const RepoConfig* repo = nullptr;
    std::string head;  // the last one known; empty: none
    DurationNs rest = 0;
    TimeNs due_ns = 0;
    Trouble trouble = Trouble::kNone;
  };

  std::string TellTrouble(Asked* asked, Trouble trouble, const std::string& words);
  std::vector<Deploy> DeploysOf(const RepoConfig& repo, const std::string& base, const std::string& head,
                                TimeNs now) const;

  const Config& config_;
  std::map<std::string, Asked> repos_;  // by name
};

}  // namespace revertd
