#include "daemon/health/health_board.h"

#include <iterator>

#include "base/check.h"

namespace revertd {

HealthBoard::HealthBoard(const Config& config) {
  for (const ServiceConfig& service : config.services) {
    for (const HealthCheckConfig& check : service.health.checks) {
      places_.emplace(std::pair(service.name, check.name), states_.size());
      HealthState state;
      state.newest.service = service.name;
      state.newest.check = check.name;
      state.newest.reason = "not_asked_yet";
      states_.push_back(std::move(state));
    }
  }
}

void HealthBoard::Put(HealthResult result, uint64_t missed) {
  const std::lock_guard lock(mutex_);
  const auto place = places_.find({result.service, result.check});
  REVERTD_CHECK(place != places_.end());
  HealthState& state = states_[place->second];
  result.is_change = !state.is_asked() || state.newest.level != result.level;
  if (result.is_change) state.since_ns = result.at_ns;
  state.missed += missed;
  ++state.results[static_cast<size_t>(result.level)];
  state.newest = result;
  if (waiting_.size() >= kWaitingMax) {
    waiting_.pop_front();
    ++results_dropped_;
  }
  waiting_.push_back(std::move(result));
}

std::vector<HealthResult> HealthBoard::Take() {
  const std::lock_guard lock(mutex_);
  std::vector<HealthResult> taken(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(waiting_.end()));
  waiting_.clear();
  return taken;
}

std::vector<HealthState> HealthBoard::Read() const {
  const std::lock_guard lock(mutex_);
  return states_;
}

uint64_t HealthBoard::results_dropped() const {
  const std::lock_guard lock(mutex_);
  return results_dropped_;
}

}  // namespace revertd
