// The command line of detection_latency.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bench/detection/joint.h"
#include "bench/detection/late.h"

namespace revertd::bench {

struct Options {
  bool healthy = false;
  bool delay = false;
  bool validity = false;
  bool shared_outage = false;
  bool fingerprints = false;
  bool late = false;
  std::vector<JointMode> joint;
  bool quick = false;
  bool runs_given = false;
  RunSettings run;
  Grid grid = FullGrid();
  Grid joint_grid = JointGrid();
  Grid late_grid = LateGrid();
  std::vector<double> effects = {1.5, 2, 5, 20};
  std::vector<double> outages = {5, 20};
  std::string out;  // run file; empty: none
  std::string commit = "unknown";
};

// None: what is wrong was said on stderr, with the usage.
std::optional<Options> ReadOptions(std::span<const char* const> arguments);

}  // namespace revertd::bench
