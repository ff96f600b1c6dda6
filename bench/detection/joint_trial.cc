#include "bench/detection/joint_trial.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "analysis/analysis_loop.h"
#include "analysis/control.h"
#include "analysis/recovery_watch.h"
#include "analysis/rollups.h"
#include "base/check.h"
#include "base/service_table.h"
#include "bench/detection/cells.h"

namespace revertd::bench {
namespace {

constexpr int64_t kDaySeconds = 86'400;
constexpr int64_t kDeploySeconds = 10;
constexpr int64_t kApartSeconds = 60;  // at most, of two deploys
constexpr int64_t kRevertAfter = 5;    // from the trigger to the start of the rollback's deploy
constexpr double kWarmUpFactor = 2.5;
constexpr double kWarmUpSeconds = 20;
constexpr char kHead[] = "abcdef0";
constexpr char kRevertHead[] = "feedface0000";

enum class Role : uint64_t { kTarget, kNeighbour, kControl };

// Of everything that a version does.
struct Version {
  double errors = 1;
  Pace pace;
  bool warms_up = false;
};

class JointSink final : public PartialSink {
 public:
  void OnVerdict(const Verdict& verdict) override {
    const bool is_target = verdict.service == kTarget;
    if (verdict.state == VerdictState::kRegressed) (is_target ? target : neighbour).regressed_ns = verdict.at_ns;
    if (verdict.state == VerdictState::kAmbiguous) (is_target ? target : neighbour).ambiguous_ns = verdict.at_ns;
    const bool accused = verdict.state == VerdictState::kRegressed || verdict.state == VerdictState::kAmbiguous;
    if (is_target && accused) signal = verdict.evidence.front().signal;
  }
  Status OnTrigger(const RollbackTrigger& written) override {
    if (written.service == kTarget) trigger = written;
    return OkStatus();
  }
  void OnRecovery(const Recovery& told) override { recovery = told; }

  struct Told {
    std::optional<TimeNs> regressed_ns;
    std::optional<TimeNs> ambiguous_ns;
  };
  Told target, neighbour;
  std::string signal;
  std::optional<RollbackTrigger> trigger;
  std::optional<Recovery> recovery;
};

// One service and its draws. Services that share a climate have the same path, each from its own generator.
class SimulatedService {
 public:
  SimulatedService(const Cell& cell, std::string_view name, int64_t from, uint64_t climate_seed, uint64_t draws_seed)
      : name_(name),
        traffic_{cell.noise, cell.requests_per_second, cell.error_rate},
        climate_(cell.noise, from, climate_seed),
        drift_random_(SeedOf(climate_seed, 0)),
        random_(draws_seed) {
    if (!cell.noise.autoregressive) return;
    durations_.emplace(kDurationLogDeviation, drift_random_);
    arrivals_.emplace(kArrivalLogDeviation, drift_random_);
  }

  // What serves from `second` on.
  void Deploy(int64_t second, const Version& version) {
    before_ = now_;
    now_ = version;
    deployed_second_ = second;
  }

  void Draw(int64_t second, Window* window) {
    Climate climate = climate_.Next();
    if (arrivals_) climate.requests *= arrivals_->Next(drift_random_);
    const auto errors_at = [this](int64_t start) { return (start >= deployed_second_ ? now_ : before_).errors; };
    window->second = second;
    window->by_age = DrawSecond(traffic_, climate, {errors_at(second), errors_at(second - 1)}, random_);
    const RateCounts counts = AllAges(window->by_age);
    window->by_class[static_cast<size_t>(StatusClass::k2xx)] = static_cast<uint32_t>(counts.requests - counts.errors);
    window->by_class[static_cast<size_t>(StatusClass::k5xx)] = static_cast<uint32_t>(counts.errors);
    window->latency.Clear();
    DurationModel::Usual().Record(counts.requests, PaceAt(second), random_, &window->latency);
  }

  std::string_view name() const { return name_; }

 private:
  Pace PaceAt(int64_t second) {
    const bool is_new = second >= deployed_second_;
    const Version& version = is_new ? now_ : before_;
    Pace pace = version.pace;
    if (durations_) pace.all *= durations_->Next(drift_random_);
    if (is_new && version.warms_up) {
      const auto since = static_cast<double>(second - deployed_second_);
      pace.all *= 1 + (kWarmUpFactor - 1) * std::exp(-since / kWarmUpSeconds);
    }
    return pace;
  }

  std::string_view name_;
  Traffic traffic_;
  ClimatePath climate_;
  Random drift_random_;
  std::optional<LogDrift> durations_;
  std::optional<LogDrift> arrivals_;
  Random random_;
  Version before_;
  Version now_;
  int64_t deployed_second_ = kNever;
};

// The services of a cell before the loop. What is told is in `sink`.
class Stage {
 public:
  Stage(const JointCell& cell, const TrialSettings& settings, const History& history, uint64_t seed)
      : settings_(settings), config_(ConfigOf(settings)), second_(history.end_second) {
    loop_.RestoreHistory(kTarget, history.target, {});
    for (const ShadowResult& shadow : history.shadows) loop_.RestoreShadow(kTarget, shadow);
    Add(cell, kTarget, Role::kTarget, seed);
    if (cell.has_neighbour) Add(cell, kNeighbour, Role::kNeighbour, seed);
    if (cell.traffic.control != ControlKind::kNone) Add(cell, kControl, Role::kControl, seed);
    if (!history.control.empty()) loop_.RestoreHistory(kControl, history.control, {});
    // The neighbour's past is drawn for each trial.
    if (cell.has_neighbour) loop_.RestoreHistory(kNeighbour, PastOf(cell.traffic, history.end_second, seed), {});
  }

  // A deploy of `name` that has `head` and finishes at finish_second.
  void Deploy(std::string_view name, const std::string& head, int64_t finish_second, const Version& version) {
    ServiceOf(name).Deploy(finish_second, version);
    revertd::Deploy deploy;
    deploy.service = name;
    deploy.head = head;
    deploy.id = deploy.service + head;
    deploy.start_ns = (finish_second - kDeploySeconds) * kSecondNs;
    deploy.finish_ns = finish_second * kSecondNs;
    REVERTD_CHECK(loop_.OnDeploy(deploy).ok());
  }
  void RevertPrepared(const std::string& trigger_id, std::string_view sha) { loop_.OnRevertPrepared(trigger_id, sha); }

  // Serves up to `to`, or until is_enough() holds after a second.
  template <typename IsEnough>
  void Serve(int64_t to, const IsEnough& is_enough) {
    while (second_ < to && !is_enough()) {
      for (SimulatedService& service : simulated_) {
        window_->service = services_.Intern(service.name());
        service.Draw(second_, window_.get());
        rollups_.OnWindow(*window_);
        loop_.OnWindow(*window_);
      }
      const int64_t sealed = second_++;
      if (second_ % settings_.batch_seconds != 0 && second_ < to) continue;
      loop_.SealedThrough(sealed);
      rollups_.SealedThrough(sealed);
    }
  }
  int64_t second() const { return second_; }

  JointSink sink;

 private:
  enum Part : uint64_t { kClimate = 100, kDraws, kClimateOfPast, kPast };

  std::vector<HistoryBlock> PastOf(const Cell& cell, int64_t end_second, uint64_t seed) const {
    const int64_t from = end_second - settings_.history_days * kDaySeconds;
    ClimatePath climate(cell.noise, from, SeedOf(seed, kClimateOfPast));
    Random random(SeedOf(seed, kPast));
    return DrawHistory({cell.noise, cell.requests_per_second, cell.error_rate}, from, end_second, climate, random);
  }
  void Add(const JointCell& cell, std::string_view name, Role role, uint64_t seed) {
    const bool own = cell.traffic.control == ControlKind::kOwn;
    const uint64_t climate = SeedOf(SeedOf(seed, kClimate), own ? static_cast<uint64_t>(role) : 0);
    const uint64_t draws = SeedOf(SeedOf(seed, kDraws), static_cast<uint64_t>(role));
    simulated_.emplace_back(cell.traffic, name, second_, climate, draws);
  }
  SimulatedService& ServiceOf(std::string_view name) {
    return *std::find_if(simulated_.begin(), simulated_.end(), [name](const auto& s) { return s.name() == name; });
  }

  const TrialSettings& settings_;
  const Config config_;
  int64_t second_;  // the next to be served
  std::vector<SimulatedService> simulated_;
  std::unique_ptr<Window> window_ = std::make_unique<Window>();
  ServiceTable services_{8};
  Rollups rollups_{services_, nullptr};
  AnalysisLoop loop_{config_, services_, [](const revertd::Deploy&) { return GateFacts{}; }, &sink, &rollups_};
};

void Revert(const JointCell& cell, const Version& bad, Stage* stage, JointOutcome* outcome) {
  const std::string trigger_id = stage->sink.trigger->id;
  stage->RevertPrepared(trigger_id, kRevertHead);
  const int64_t finish = stage->second() + kRevertAfter + kDeploySeconds;
  stage->Serve(finish - kDeploySeconds, [] { return false; });
  stage->Deploy(kTarget, kRevertHead, finish, cell.recovers ? Version{} : bad);
  const auto is_told = [stage] {
    return stage->sink.recovery && stage->sink.recovery->state != RecoveryState::kWatching;
  };
  stage->Serve(finish + kRecoverySecondsMax + 1, is_told);
  REVERTD_CHECK(is_told());
  outcome->recovery = stage->sink.recovery->state;
  outcome->recovery_second = FloorToSecond(stage->sink.recovery->at_ns) - finish;
}

std::string Number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

}  // namespace

std::string Describe(const JointCell& cell) {
  Cell traffic = cell.traffic;
  traffic.control = ControlKind::kNone;
  std::string text = Describe(traffic);
  text.resize(text.rfind(','));
  if (!cell.pace_name.empty()) text += ", " + std::string(cell.pace_name) + " x" + Number(cell.pace.slowest);
  if (cell.warms_up) text += ", warm-up";
  if (cell.has_neighbour) text += ", a neighbour deployed too";
  if (cell.is_reverted) text += cell.recovers ? ", rolled back" : ", rolled back in vain";
  return text + ", control: " + std::string(NameOf(cell.traffic.control));
}

int64_t JointOutcome::FiredSecond() const {
  const int64_t fired = ambiguous_second == kNever ? kNever : ambiguous_second - kBlameWaitSeconds;
  return std::min(regressed_second, fired);
}

JointOutcome RunJointTrial(const JointCell& cell, const TrialSettings& settings, const History& history,
                           uint64_t seed) {
  REVERTD_CHECK(settings.live_seconds >= kJointLiveSeconds);
  Stage stage(cell, settings, history, seed);
  const int64_t finish = history.end_second + settings.live_seconds + kDeploySeconds;
  const Version version{cell.traffic.effect, cell.pace, cell.warms_up};
  stage.Deploy(kTarget, kHead, finish, version);
  if (cell.has_neighbour) {
    const auto apart = static_cast<int64_t>(SeedOf(seed, kOutage) % (2 * kApartSeconds + 1)) - kApartSeconds;
    stage.Deploy(kNeighbour, kHead, finish + apart, Version{});
  }
  const JointSink& sink = stage.sink;
  stage.Serve(finish + settings.observe_seconds,
              [&sink] { return sink.target.regressed_ns || sink.neighbour.regressed_ns; });
  JointOutcome outcome;
  const auto since = [finish](const std::optional<TimeNs>& at) { return at ? FloorToSecond(*at) - finish : kNever; };
  outcome.regressed_second = since(sink.target.regressed_ns);
  outcome.ambiguous_second = since(sink.target.ambiguous_ns);
  outcome.signal = sink.signal;
  outcome.acted = sink.trigger.has_value();
  outcome.neighbour_regressed = sink.neighbour.regressed_ns.has_value();
  outcome.neighbour_ambiguous = sink.neighbour.ambiguous_ns.has_value();
  if (cell.is_reverted && outcome.acted) Revert(cell, version, &stage, &outcome);
  return outcome;
}

}  // namespace revertd::bench
