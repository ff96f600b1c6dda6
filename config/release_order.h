// In which order the stages of a release are run: a topological order that is stable, or a cycle that forbids any.
//
// Pure, any thread.
#pragma once

#include <cstddef>
#include <vector>

namespace revertd {

struct ReleaseOrder {
  // Each after all that it needs; at every place the first of the file that may stand there. Empty where there is a
  // cycle.
  std::vector<size_t> order = {};
  // Each needs the next, and the last the first; each once, the first of the file first. Empty: there is none.
  std::vector<size_t> cycle = {};
};

// needs[i]: what `i` needs, each below needs.size(); the same twice counts once.
ReleaseOrder OrderOf(const std::vector<std::vector<size_t>>& needs);

}  // namespace revertd
