#include "config/release_order.h"

#include <algorithm>

namespace revertd {
namespace {

// All that is left needs something that is left, so that whoever follows the needs comes round.
std::vector<size_t> CycleOf(const std::vector<std::vector<size_t>>& needs, const std::vector<bool>& placed) {
  std::vector<size_t> trail;
  auto at = static_cast<size_t>(std::find(placed.begin(), placed.end(), false) - placed.begin());
  auto seen = trail.end();
  while (seen == trail.end()) {
    trail.push_back(at);
    at = *std::find_if(needs[at].begin(), needs[at].end(), [&](size_t need) { return !placed[need]; });
    seen = std::find(trail.begin(), trail.end(), at);
  }
  trail.erase(trail.begin(), seen);
  std::rotate(trail.begin(), std::min_element(trail.begin(), trail.end()), trail.end());
  return trail;
}

}  // namespace

ReleaseOrder OrderOf(const std::vector<std::vector<size_t>>& needs) {
  ReleaseOrder answer;
  std::vector<bool> placed(needs.size(), false);
  const auto may_follow = [&](size_t i) {
    return !placed[i] && std::all_of(needs[i].begin(), needs[i].end(), [&](size_t need) { return placed[need]; });
  };
  while (answer.order.size() < needs.size()) {
    // A quadratic search: there are at most as many stages as steps.
    size_t next = 0;
    while (next < needs.size() && !may_follow(next)) ++next;
    if (next == needs.size()) return {.order = {}, .cycle = CycleOf(needs, placed)};
    placed[next] = true;
    answer.order.push_back(next);
  }
  return answer;
}

}  // namespace revertd
