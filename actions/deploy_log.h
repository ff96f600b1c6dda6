// The log of one watched deploy, healthy or not, for people: a shorter record than a rollback's.
//
// Pure, any thread. What others chose stands as code (actions/markdown.h).
#pragma once

#include <string>
#include <vector>

#include "base/deploy.h"
#include "base/verdict.h"

namespace revertd {

struct DeployLogFacts {
  Deploy deploy;
  std::vector<Verdict> verdicts;  // oldest first
  std::vector<Decision> decisions;
};

std::string DeployLogMarkdown(const DeployLogFacts& facts);

}  // namespace revertd
