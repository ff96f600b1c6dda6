#include "analysis/shadow_desk.h"

#include <algorithm>
#include <utility>

#include "base/fnv.h"
#include "base/window.h"

namespace revertd {
namespace {

// A younger baseline is read at so high a bound that nothing fires against it: it would teach carelessness.
constexpr int64_t kBlocksNeeded = 3600 / kHistoryBlockSeconds;

constexpr size_t kResultsStep = 96;  // a day of them is made room for at once

}  // namespace

uint64_t ShadowDesk::BytesPerService() {
  return sizeof(Player) + (kShadowsKept + kResultsStep) * sizeof(ShadowResult) + ShadowDeploy::HeapBytes() +
         kControlsMax * sizeof(ServiceSignals);
}

void ShadowDesk::Restore(std::string_view service, const ShadowResult& result) {
  Player& player = players_[std::string(service)];
  if (player.results.empty() || player.results.back().start_second < result.start_second) Keep(result, &player);
}

void ShadowDesk::Keep(const ShadowResult& result, Player* player) {
  std::vector<ShadowResult>& results = player->results;
  if (results.size() == kShadowsKept) results.erase(results.begin());
  if (results.size() == results.capacity()) results.reserve(results.size() + kResultsStep);
  results.push_back(result);
}

void ShadowDesk::SealedThrough(int64_t second, const SeriesByService& series, const DeployRegistry& registry) {
  for (const auto& entry : series) {
    const std::string& service = entry.first;
    auto player = players_.find(service);
    if (player == players_.end()) player = players_.try_emplace(service).first;
    Play(service, series, registry, second, &player->second);
  }
}

void ShadowDesk::Play(std::string_view service, const SeriesByService& series, const DeployRegistry& registry,
                      int64_t through, Player* player) {
  const Series& own = series.find(service)->second;
  int64_t& next = player->next_second;
  // Before the first second, or after a jump over what is no longer kept: nothing is known of what lies between.
  if (next == kNoSecond || next < through + 1 - kKeptSeconds) {
    player->playing.reset();
    player->controlled.reset();
    next = through;
  }
  while (next <= through) {
    if (!player->playing) {
      next = NextStart(service, next);
      if (next > through) return;
      Begin(service, series, registry, next, player);
      if (!player->playing) {
        ++next;
        continue;
      }
    }
    Observe(own, registry, next++, player);
    if (player->playing->IsOver(next)) End(service, registry, player);
  }
}

int64_t ShadowDesk::NextStart(std::string_view service, int64_t from) const {
  const auto every = static_cast<uint64_t>(settings_.horizon_seconds);
  const uint64_t into = (static_cast<uint64_t>(from) + Fnv1a(service) % every) % every;
  return from + (into == 0 ? 0 : static_cast<int64_t>(every - into));
}

void ShadowDesk::Begin(std::string_view service, const SeriesByService& series, const DeployRegistry& registry,
                       int64_t second, Player* player) const {
  const SignalTimes times{.before_second = second - kSecondsBeforeDeployLeftOut,
                          .first_second = second,
                          .horizon_seconds = settings_.horizon_seconds};
  const ServiceSources sources{series, registry, graph_, nullptr, {.errors = settings_.margins, .latency = {}}};
  const ServiceSignals signals = SignalsOf(service, times, sources);
  const Baseline& baseline = signals.baseline(Signal::kErrors);
  if (!baseline.known() || baseline.blocks < kBlocksNeeded) return;
  ShadowPlan plan;
  plan.start_second = second;
  plan.horizon_seconds = settings_.horizon_seconds;
  plan.null_rate = baseline.null_rate;
  plan.spread = baseline.spread;
  plan.old_rate = ObservedRate(baseline.counts);
  plan.value_needed = settings_.value_needed;
  plan.seed = Fnv1a(service) ^ static_cast<uint64_t>(second);
  player->playing.emplace(plan);
  player->controls = ChooseControls(signals, times, sources);
  SignalPlan beside = PlanOf(Signal::kErrors, signals, player->controls, times);
  if (beside.control.empty()) return;
  beside.value_needed = settings_.value_needed;
  player->controlled.emplace(std::move(beside));
  player->blamed = false;
}

void ShadowDesk::Observe(const Series& series, const DeployRegistry& registry, int64_t second, Player* player) {
  const AgeCounts* counts = series.Find(second);
  if (counts != nullptr) player->playing->Observe(second, AllAges(*counts));
  if (!player->controlled) return;
  const ControlGroup::Reading control =
      player->controls.Read(registry, second, player->playing->start_second())[Signal::kErrors];
  const RateCounts target = counts != nullptr ? AllAges(*counts) : RateCounts{};
  player->controlled->Observe(
      second, {.target = target, .told = target, .control = control.counts, .control_expected = control.expected});
  player->blamed = player->blamed || (player->controlled->fired_at() && player->controlled->ControlAgrees());
}

// What a real deploy brought is no healthy traffic, and was found or refuted by its own watch.
void ShadowDesk::End(std::string_view service, const DeployRegistry& registry, Player* player) {
  ShadowResult result = player->playing->Result();
  if (player->controlled) {
    result.controlled = player->blamed                   ? ControlledOutcome::kBlamed
                        : player->controlled->fired_at() ? ControlledOutcome::kHeldBack
                                                         : ControlledOutcome::kQuiet;
  }
  const int64_t from = result.start_second;
  if (!AnyTouches(registry.LeftOut(service), from, from + settings_.horizon_seconds)) {
    Keep(result, player);
    on_result_(service, result);
  }
  player->playing.reset();
  player->controlled.reset();
}

Calibration ShadowDesk::CalibrationOf(std::string_view service, int64_t before_second) const {
  const auto player = players_.find(service);
  if (player == players_.end()) return {};
  const std::vector<ShadowResult>& results = player->second.results;
  const auto end = std::partition_point(results.begin(), results.end(), [&](const ShadowResult& result) {
    return result.start_second + settings_.horizon_seconds <= before_second;
  });
  return Calibrate({results.begin(), end}, settings_.value_needed);
}

}  // namespace revertd
