// The gate that a pipeline asks before it goes on with a rollout: pass, fail or undecided, with the reason. Pure, any
// thread. (What revertd itself does about a verdict is analysis/gate.)
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/deploy.h"
#include "base/verdict.h"

namespace revertd {

enum class GatePass { kPass, kFail, kUndecided };
std::string_view NameOf(GatePass pass);

struct GateQuestion {
  std::optional<Deploy> deploy;       // absent: announced, and not taken up yet
  std::optional<Verdict> verdict;     // the newest of a release
  std::optional<Recovery> recovery;   // the newest of a revert's trigger
  bool brings_reverted_back = false;  // it holds a commit that was rolled back and not mended
};

struct GateAnswer {
  GatePass pass = GatePass::kUndecided;
  std::string reason;     // the verdict's, or a name of its own
  bool is_final = false;  // waiting longer brings nothing else
};

GateAnswer AnswerGate(const GateQuestion& question);

}  // namespace revertd
