// Which commits of the production branch nobody's deploy explains: somebody pushed, merged or rewrote beside every way
// that is known.
//
// Pure, any thread. A place is how many commits of the branch's own line (first parents, newest first) a commit does
// not hold: of a commit of the line its index, of one that a merge brought the index of the newest it stands upon. What
// a commit holds of the line is then everything from its place on, so that ranges of deploys are ranges of places.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actions/git.h"
#include "base/clock.h"
#include "base/deploy.h"

namespace revertd {

// base..head of one deploy. base: no place where none is known: the head alone then.
struct DeployedPlaces {
  size_t head = 0;
  std::optional<size_t> base;
};

struct LineFacts {
  std::vector<GitCommit> line;  // newest first
  std::vector<DeployedPlaces> deploys;
  TimeNs now_ns = 0;
  TimeNs since_ns = 0;  // of the deploys; who deployed what is older may be forgotten
  DurationNs grace = 0;
  // Whether a commit is our own: it carries the id of a trigger or a release that is known.
  std::function<bool(const GitCommit&)> is_ours;
};

// Indexes into facts.line, oldest commit first. Explained are the ranges of deploys, our own commits, and those that
// are younger than the grace; older than the oldest head that was deployed, or than since_ns, is nobody's question.
// Empty without deploys. A commit that says it is of the future is as old as it looks to be wrong: judged at once
// beyond the grace. One is no older than those that it stands upon, whatever it says.
std::vector<size_t> UnexplainedCommits(const LineFacts& facts);

// One deploy's head, and the revisions that may be its base, the best first: its own, then the head that the service
// deployed before.
struct DeployedWords {
  std::string head;
  std::vector<std::string> bases;
};
// Of one repo's deploys with a head that began or ended at or after `since_ns`. deploys: oldest first, also older ones.
std::vector<DeployedWords> DeployedOf(const std::vector<Deploy>& deploys, std::string_view repo, TimeNs since_ns);

// The ids of the message's lines "NAME: ID", NAME being Revertd-Trigger or Revertd-Release.
std::vector<std::string> OwnTrailers(std::string_view message);

}  // namespace revertd
