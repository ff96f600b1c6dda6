// `revertd calibrate`: pretend deploys over recorded logs. It fills the state with what the logs tell, so that a
// sidecar starts calibrated, and prints what a deploy may expect: false rollbacks, settings, regressions found.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>

#include "analysis/analysis_loop.h"
#include "analysis/calibration_report.h"
#include "analysis/rollups.h"
#include "analysis/rule_play.h"
#include "analysis/signal_watch.h"
#include "daemon/calibration_text.h"
#include "daemon/commands.h"
#include "daemon/health_history.h"
#include "daemon/history_fill.h"
#include "daemon/output.h"
#include "daemon/recorded_logs.h"
#include "store/state_store.h"

namespace revertd {
namespace {

constexpr int64_t kRecentSeconds = 3600;

// A service's traffic of the last hour.
class RecentTraffic {
 public:
  void Add(const HistoryBlock& block) {
    blocks_.push_back(block);
    while (blocks_.front().start_second <= block.start_second - kRecentSeconds) blocks_.pop_front();
  }
  // Of logs that reach from one second to another; the service may have fallen silent in between.
  double RequestsPerSecond(int64_t first_second, int64_t end_second) const {
    const int64_t to = HistoryBlockStart(end_second);
    const int64_t from = std::max(to - kRecentSeconds, HistoryBlockStart(first_second));
    int64_t requests = 0;
    for (const HistoryBlock& block : blocks_) {
      if (block.start_second >= from) requests += block.requests;
    }
    return to > from ? static_cast<double>(requests) / static_cast<double>(to - from) : 0;
  }

 private:
  std::deque<HistoryBlock> blocks_;
};

// The pipeline of `run` without a gate and an executor: what analysis keeps goes into the fill, and what it would say
// of deploys that the state knows is not said.
class Calibrating final : public PartialSink {
 public:
  Calibrating(const Config& config, const RecordedLogs::Options& reading, StateStore* state, bool writes)
      : config_(config),
        logs_(config, reading),
        walk_(JudgingSettings(config.detect)),
        fill_(state, writes,
              [this](std::string_view service, const ShadowResult& shadow) { OnStanding(service, shadow); }),
        rollups_(logs_.services(), [this](std::string_view service, int64_t start_second,
                                          std::string_view bytes) { fill_.AddMinute(service, start_second, bytes); }),
        analysis_(
            config_, logs_.services(), [](const Deploy&) { return GateFacts{}; }, this, &rollups_) {
    for (const ServiceConfig& service : config.services) rules_.try_emplace(service.name, service, config.detect);
  }

  // What health checks said, by the state.
  void AddHealth(const HealthResult& change) {
    if (RulePlay* rules = RulesOf(change.service)) {
      rules->AddLevel(change.check, FloorToSecond(change.at_ns), change.level);
    }
  }

  Status Run(const std::vector<std::string>& paths) {
    REVERTD_RETURN_IF_ERROR(logs_.Run(
        paths, [this](const Window& window) { OnWindow(window); }, [this](int64_t second) { SealedThrough(second); }));
    REVERTD_RETURN_IF_ERROR(status_);
    rollups_.Finish();
    return fill_.Finish(end_second());
  }

  std::vector<ServiceCalibration> Report() const {
    std::vector<ServiceCalibration> services;
    for (const auto& [service, traffic] : traffic_) services.push_back(ReportOf(service, traffic));
    return services;
  }
  const RecordedLogs& logs() const { return logs_; }
  const HistoryFill::Filled& filled() const { return fill_.filled(); }

  void OnSecond(std::string_view service, const SecondCounts& counts) override {
    if (RulePlay* rules = RulesOf(service)) rules->AddSecond(counts);
    fill_.AddSecond(service, counts);
  }
  void OnHistoryBlock(std::string_view service, const HistoryBlock& block) override {
    auto traffic = traffic_.find(service);
    if (traffic == traffic_.end()) traffic = traffic_.try_emplace(std::string(service)).first;
    traffic->second.Add(block);
    fill_.AddBlock(service, block);
  }
  void OnShadow(std::string_view service, int64_t start_second, std::string_view result) override {
    // Now, while its seconds are known.
    if (RulePlay* rules = RulesOf(service)) rules->PlayErrors(start_second);
    fill_.AddShadow(service, start_second, result);
  }

 private:
  // Null: a service that is not in the configuration has none.
  RulePlay* RulesOf(std::string_view service) {
    const auto found = rules_.find(service);
    return found == rules_.end() ? nullptr : &found->second;
  }

  // A pretend deploy of the state or of the logs.
  void OnStanding(std::string_view service, const ShadowResult& shadow) {
    walk_.Observe(service, shadow);
    if (RulePlay* rules = RulesOf(service)) rules->PlayHealth(shadow.start_second);
  }

  void OnWindow(const Window& window) {
    // Whoever begins needs to know what was before, and only the first window says before what.
    if (first_second_ == kNoSecond) {
      first_second_ = window.second;
      status_ = fill_.Begin(first_second_, &analysis_, &rollups_);
    }
    rollups_.OnWindow(window);
    analysis_.OnWindow(window);
  }

  void SealedThrough(int64_t second) {
    if (status_.ok()) status_ = fill_.status();
    if (!status_.ok()) return logs_.Stop();
    analysis_.SealedThrough(second);
    rollups_.SealedThrough(second);
  }

  int64_t end_second() const { return FloorToSecond(logs_.sealed_ns()); }

  ServiceCalibration ReportOf(const std::string& service, const RecentTraffic& traffic) const {
    const ShadowSettings judging = JudgingSettings(config_.detect);
    const int64_t baseline_end = end_second() - kSecondsBeforeDeployLeftOut;
    SignalPlan plan;
    plan.baseline = analysis_.BaselineAt(service, baseline_end);
    plan.calibration = walk_.CalibrationOf(service, baseline_end);
    plan.value_needed = judging.value_needed;
    plan.horizon_seconds = judging.horizon_seconds;
    ServiceCalibration report;
    report.service = service;
    report.walk = walk_.Of(service);
    report.calibration = plan.calibration;
    report.requests_per_second = traffic.RequestsPerSecond(first_second_, end_second());
    report.error_rate = ObservedRate(plan.baseline.counts);
    report.smallest = SmallestFound(plan, report.requests_per_second);
    if (const auto rules = rules_.find(service); rules != rules_.end()) {
      report.rule_errors = rules->second.errors();
      report.rule_health = rules->second.health();
    }
    return report;
  }

  const Config& config_;
  RecordedLogs logs_;
  WalkForward walk_;
  HistoryFill fill_;
  Rollups rollups_;
  AnalysisLoop analysis_;
  int64_t first_second_ = kNoSecond;
  Status status_;
  std::map<std::string, RecentTraffic, std::less<>> traffic_;
  std::map<std::string, RulePlay, std::less<>> rules_;
};

std::string Summary(const Calibrating& calibrating, const std::vector<ServiceCalibration>& services, bool dry_run,
                    double wall_seconds) {
  JsonWriter json;
  json.BeginObject().Field("event", "summary").Field("time_ns", calibrating.logs().sealed_ns());
  json.Field("service", "").Field("deploy", "");
  calibrating.logs().AppendLineCounts(json);
  json.Field("services", services.size());
  AppendTallies(json, SumOf(services));
  if (!dry_run) {
    const HistoryFill::Filled& filled = calibrating.filled();
    json.Key("filled").BeginObject().Field("blocks", filled.blocks).Field("minutes", filled.minutes);
    json.Field("shadows", filled.shadows).EndObject();
  }
  return json.Field("wall_seconds", wall_seconds).EndObject().Take();
}

Status Print(const std::vector<ServiceCalibration>& services, const std::string& summary, TimeNs at_ns, bool as_json) {
  OutputWriter out(STDOUT_FILENO);
  if (as_json) {
    for (const ServiceCalibration& service : services) REVERTD_RETURN_IF_ERROR(out.Line(ToEvent(service, at_ns)));
    REVERTD_RETURN_IF_ERROR(out.Line(summary));
  } else {
    for (const std::string& line : CalibrationTable(services)) REVERTD_RETURN_IF_ERROR(out.Line(line));
  }
  return out.Flush();
}

// What a person should know beside the table.
void SayHowItWent(const Calibrating& calibrating, bool empty, bool dry_run) {
  const Counters& counters = calibrating.logs().counters();
  const uint64_t lines = counters.Get(Counter::kLinesRead);
  const uint64_t sampled = counters.Get(Counter::kLinesSampled);
  const HistoryFill::Filled& filled = calibrating.filled();
  std::string words = std::to_string(lines) + " lines, " + std::to_string(lines - sampled) + " of them not counted";
  if (!dry_run) {
    words += "; new in the state: " + std::to_string(filled.blocks) + " blocks of history, " +
             std::to_string(filled.minutes) + " minutes, " + std::to_string(filled.shadows) + " pretend deploys";
  }
  Say(words);
  if (empty) return Say("no service had traffic for as long as one block of history");
  if (dry_run || calibrating.logs().sealed_ns() >= SystemClock().Now() - kHistoryBlocksKeptSeconds * kSecondNs) return;
  Say("the logs end longer ago than history is kept (14 days): a sidecar that starts now forgets them");
}

// A first look needs no configuration; what is to be filled has one.
StatusOr<Config> ConfigOf(const CalibrateOptions& options) {
  std::error_code ignored;
  if (options.dry_run && options.config.empty() && !std::filesystem::exists(kDefaultConfigPath, ignored)) {
    return Config();
  }
  return ConfigOrFail(options.config);
}

// Nothing where a dry run finds no state.
StatusOr<std::unique_ptr<StateStore>> OpenState(const Config& config, bool dry_run) {
  auto state = StateStore::Open(config.state, dry_run ? StateStore::Access::kReadOnly : StateStore::Access::kOwner);
  if (dry_run && state.status().code() == absl::StatusCode::kNotFound) return std::unique_ptr<StateStore>();
  return state;
}

}  // namespace

ExitCode CalibrateCommand(const CalibrateOptions& options) {
  const auto config = ConfigOf(options);
  if (!config.ok()) return Fail(config.status());
  const auto reading = RecordedLogs::OptionsOf(options.log);
  if (!reading.ok()) return Fail(reading.status());
  const auto state = OpenState(*config, options.dry_run);
  if (!state.ok()) return Fail(state.status());
  const auto started = std::chrono::steady_clock::now();
  Calibrating calibrating(*config, *reading, state->get(), !options.dry_run);
  if (*state != nullptr) {
    const Status status =
        ReadHealthChanges(**state, [&](const HealthResult& change) { calibrating.AddHealth(change); });
    if (!status.ok()) return Fail(status);
  }
  if (const Status status = calibrating.Run(options.log.paths); !status.ok()) return Fail(status);
  const std::vector<ServiceCalibration> services = calibrating.Report();
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - started;
  const std::string summary = Summary(calibrating, services, options.dry_run, wall.count());
  const Status printed = Print(services, summary, calibrating.logs().sealed_ns(), options.json);
  if (!printed.ok()) return Fail(printed);
  SayHowItWent(calibrating, services.empty(), options.dry_run);
  return ExitCode::kDone;
}

}  // namespace revertd
