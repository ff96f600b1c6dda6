// ShadowDesk: plays shadow deploys (shadow_deploy.h) on every service's own traffic, one behind the other, and keeps
// what they showed; beside each, a watch with the quick settings and the controls of that moment, as a real deploy
// would have been judged that has some. A deploy's settings are chosen from those that were over before it
// (calibration.h).
//
// One thread, the analysis thread. Invariants: 1. what a shadow deploy shows depends on the seconds up to its end and
// on the deploys that are known by then, never on how seconds were batched; 2. memory is at most BytesPerService() a
// service.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/attribution.h"
#include "analysis/baseline.h"
#include "analysis/calibration.h"
#include "analysis/deploy_registry.h"
#include "analysis/shadow_deploy.h"

namespace revertd {

// A week of one every 15 minutes: every hour of the day and day of the week is among them.
inline constexpr size_t kShadowsKept = size_t{7} * 24 * 4;

struct ShadowSettings {
  RateMargins margins;
  int64_t horizon_seconds = 0;  // of one; the next one follows at once
  double value_needed = 0;      // of E, for one track
};

class ShadowDesk {
 public:
  // Called with each shadow deploy that is over and counts.
  using OnResult = std::function<void(std::string_view service, const ShadowResult&)>;
  // `graph` must outlive it.
  ShadowDesk(const ShadowSettings& settings, const CallGraph& graph, OnResult on_result)
      : settings_(settings), graph_(graph), on_result_(std::move(on_result)) {}
  static uint64_t BytesPerService();

  // From before a restart, ascending for each service, before the first second.
  void Restore(std::string_view service, const ShadowResult& result);
  // Every second through `second` is in the services' series; those of the last kKeptSeconds are looked at.
  void SealedThrough(int64_t second, const SeriesByService& series, const DeployRegistry& registry);
  // By the shadow deploys that were over at `before_second`.
  Calibration CalibrationOf(std::string_view service, int64_t before_second) const;

 private:
  struct Player {
    int64_t next_second = kNoSecond;
    std::optional<ShadowDeploy> playing;
    ControlGroup controls;                  // of that moment,
    std::optional<SignalWatch> controlled;  // the watch beside them, if they are usable,
    bool blamed = false;                    // and whether it would have blamed the new version
    std::vector<ShadowResult> results;      // ascending
  };

  static void Keep(const ShadowResult& result, Player* player);
  void Play(std::string_view service, const SeriesByService& series, const DeployRegistry& registry, int64_t through,
            Player* player);
  // Each service has starts of its own, so that not all of them ask for a baseline in the same second.
  int64_t NextStart(std::string_view service, int64_t from) const;
  void Begin(std::string_view service, const SeriesByService& series, const DeployRegistry& registry, int64_t second,
             Player* player) const;
  static void Observe(const Series& series, const DeployRegistry& registry, int64_t second, Player* player);
  void End(std::string_view service, const DeployRegistry& registry, Player* player);

  const ShadowSettings settings_;
  const CallGraph& graph_;
  const OnResult on_result_;
  std::map<std::string, Player, std::less<>> players_;
};

}  // namespace revertd
