// DeployNews: what a source that revertd watches by itself had to tell this time. Plain values, any thread.
#pragma once

#include <string>
#include <vector>

#include "base/deploy.h"

namespace revertd {

struct DeployNews {
  // To be registered, in this order. One that was told before comes again once it is finished, with the same id.
  std::vector<Deploy> deploys;
  std::string words;  // for people; empty: nothing
};

}  // namespace revertd
