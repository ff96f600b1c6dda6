// A forge in memory, of the sandbox's remote: its pull requests are real branches there, and a merge is a real merge.
// What a test wants to go wrong, it says.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "actions/forge.h"
#include "actions/step.h"
#include "tests/actions/sandbox.h"

namespace revertd {

struct ForgeWorld {
  explicit ForgeWorld(Sandbox* sandbox_of) : sandbox(sandbox_of) {}
  PullRequest* Find(int64_t number);
  // As a person with the merge button does, with a merge commit, or none where the forge fast-forwards.
  void MergeByPerson(int64_t number);

  Sandbox* sandbox;
  std::vector<PullRequest> requests;
  std::vector<std::pair<int64_t, std::string>> comments;
  std::vector<std::string> calls;                    // by name, in order
  std::map<std::string, Status, std::less<>> fails;  // by call; what it answers
  std::string guilty_sha;                            // FindByCommit of it answers `guilty`
  PullRequest guilty;
  bool merges_only_in_words = false;  // says merged, and the branch is as it was
  bool fast_forwards = false;
  std::function<void(const std::string& call)> on_call = {};
};

OpenForge OpenFakeForge(ForgeWorld* world);

}  // namespace revertd
