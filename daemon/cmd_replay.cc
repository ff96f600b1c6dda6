// `revertd replay`: the same pipeline over recorded logs, on the logs' clock, in one thread; prints events, never acts.
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <set>

#include "analysis/analysis_loop.h"
#include "analysis/rollups.h"
#include "base/service_table.h"
#include "base/window_ring.h"
#include "config/load.h"
#include "daemon/commands.h"
#include "daemon/deploy_spec.h"
#include "daemon/event_json.h"
#include "daemon/log_input.h"
#include "daemon/output.h"
#include "daemon/status_report.h"
#include "ingest/format/format.h"
#include "ingest/ingest_loop.h"
#include "ingest/recorder.h"
#include "ingest/router.h"

namespace revertd {
namespace {

// Prints what analysis tells and remembers the last verdict of each deploy for the summary.
class PrintingSink final : public AnalysisSink {
 public:
  explicit PrintingSink(OutputWriter* out) : out_(out) {}

  void OnSecond(std::string_view, const SecondCounts&) override {}
  void OnHistoryBlock(std::string_view, const HistoryBlock&) override {}
  void OnDeploy(const Deploy&) override {}
  void OnVerdict(const Verdict& verdict) override {
    last_[verdict.deploy_id] = verdict;
    Line(ToEvent(verdict));
  }
  void OnDecision(const Decision& decision) override { Line(ToEvent(decision)); }
  Status OnTrigger(const RollbackTrigger&) override { return OkStatus(); }  // replay never acts
  void OnRecovery(const Recovery& recovery) override { Line(ToEvent(recovery)); }

  void Line(const std::string& json) {
    if (status_.ok()) status_ = out_->Line(json);
  }
  const Status& status() const { return status_; }
  const std::map<std::string, Verdict>& last() const { return last_; }

 private:
  OutputWriter* const out_;
  Status status_;
  std::map<std::string, Verdict> last_;
};

class Replay {
 public:
  Replay(const Config& config, std::vector<Deploy> deploys, const Format* format, ReaderOptions reader,
         SimdKernel kernel, bool print_windows)
      : config_(config),
        print_windows_(print_windows),
        deploys_(std::move(deploys)),
        format_(format),
        reader_(std::move(reader)),
        kernel_(kernel),
        services_(config.limits.table_places()),
        ring_(config.limits.table_places(), kRingSeconds, config.window_parts()),
        out_(STDOUT_FILENO),
        sink_(&out_),
        rollups_(services_, nullptr),
        analysis_(
            config_, services_, [](std::string_view) { return GateFacts{}; }, &sink_, &rollups_),
        router_(config_, &services_),
        details_(config),
        recorder_({.lateness_seconds = config.detect.lateness_seconds,
                   .live = false,
                   .zone = reader_.zone,
                   .details = &details_},
                  &ring_, &counters_, [this] {
                    Pump();
                    return true;
                  }) {
    std::stable_sort(deploys_.begin(), deploys_.end(),
                     [](const Deploy& a, const Deploy& b) { return a.start_ns < b.start_ns; });
  }

  ExitCode Run(const std::vector<std::string>& logs) {
    const auto started = std::chrono::steady_clock::now();
    for (size_t i = 0; i < logs.size(); ++i) {
      if (const Status status = ReadLog(logs[i], i + 1 == logs.size()); !status.ok()) return Fail(status);
    }
    Pump();
    RegisterDeploysThrough(std::numeric_limits<int64_t>::max());
    analysis_.Finish();
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - started;
    sink_.Line(Summary(wall.count()));
    if (sink_.status().ok()) {
      if (const Status status = out_.Flush(); !status.ok()) return Fail(status);
    } else {
      return Fail(sink_.status());
    }
    const bool regressed = std::any_of(sink_.last().begin(), sink_.last().end(), [](const auto& entry) {
      return entry.second.state == VerdictState::kRegressed;
    });
    return regressed ? ExitCode::kBadNews : ExitCode::kDone;
  }

 private:
  Status ReadLog(const std::string& path, bool last) {
    auto input = LogInput::Open(path);
    if (!input.ok()) return input.status();
    IngestLoop loop({.seal_at_end = last, .reader = reader_, .kernel = kernel_}, input->source(), format_, &router_,
                    &recorder_, &counters_, &clock_, [this] { Pump(); });
    return Annotate(loop.Run(stop_), "reading " + path);
  }

  // A deploy becomes known when the log reaches it, as it does in `run`.
  void RegisterDeploysThrough(int64_t second) {
    for (; next_deploy_ < deploys_.size() && FloorToSecond(deploys_[next_deploy_].start_ns) <= second; ++next_deploy_) {
      if (const auto deploy = analysis_.OnDeploy(deploys_[next_deploy_]); !deploy.ok()) Say(MessageOf(deploy.status()));
    }
  }

  void Pump() {
    const int64_t sealed = ring_.Collect([this](const Window& window) {
      RegisterDeploysThrough(window.second);
      if (print_windows_) sink_.Line(ToEvent(window, services_.NameOf(window.service)));
      if (window.service != ServiceTable::kOther) ++windows_;
      if (!judges()) return;
      rollups_.OnWindow(window);
      analysis_.OnWindow(window);
    });
    // Nobody reads any more: the rest of the log is not worth reading either.
    if (!sink_.status().ok()) stop_.store(true);
    if (sealed == kNoSecond) return;
    if (!judges()) return;
    RegisterDeploysThrough(sealed);
    analysis_.SealedThrough(sealed);
    rollups_.SealedThrough(sealed);
  }

  // Without a deploy there is nothing to remember for.
  bool judges() const { return !deploys_.empty(); }

  std::string Summary(double wall_seconds) const {
    JsonWriter json;
    const uint64_t lines = counters_.Get(Counter::kLinesRead);
    json.BeginObject().Field("event", "summary").Field("time_ns", sealed_ns()).Field("service", "").Field("deploy", "");
    json.Field("lines", lines).Field("bytes", counters_.Get(Counter::kBytesRead));
    json.Key("bad_lines").BeginObject();
    for (size_t i = 0; i < kCounterCount; ++i) {
      const auto counter = static_cast<Counter>(i);
      if (IsDrop(counter) && counters_.Get(counter) != 0) json.Field(NameOf(counter), counters_.Get(counter));
    }
    json.EndObject().Field("time_jumps", counters_.Get(Counter::kTimeJumps)).Field("windows", windows_);
    json.Key("verdicts").BeginObject();
    for (const auto& [deploy, verdict] : sink_.last()) json.Field(deploy, NameOf(verdict.state));
    json.EndObject().Field("wall_seconds", wall_seconds);
    json.Field("lines_per_second", wall_seconds > 0 ? static_cast<double>(lines) / wall_seconds : 0.0);
    return json.EndObject().Take();
  }
  TimeNs sealed_ns() const {
    const int64_t sealed = ring_.sealed_through();
    return sealed == kNoSecond ? 0 : (sealed + 1) * kSecondNs;
  }

  const Config& config_;
  const bool print_windows_;
  std::vector<Deploy> deploys_;
  size_t next_deploy_ = 0;
  std::atomic<bool> stop_{false};
  const Format* const format_;
  const ReaderOptions reader_;
  const SimdKernel kernel_;
  const SystemClock clock_;
  Counters counters_;
  ServiceTable services_;
  WindowRing ring_;
  OutputWriter out_;
  PrintingSink sink_;
  Rollups rollups_;
  AnalysisLoop analysis_;
  uint64_t windows_ = 0;
  Router router_;
  DetailFinder details_;
  Recorder recorder_;
};

StatusOr<Config> ConfigOrDefaults(const std::string& path) {
  if (path.empty()) return Config{};
  return LoadConfig(path);
}

StatusOr<std::vector<Deploy>> DeploysOf(const ReplayOptions& options) {
  std::vector<Deploy> deploys;
  if (!options.deploys_file.empty()) {
    auto read = ReadDeploysFile(options.deploys_file);
    if (!read.ok()) return read.status();
    deploys = *std::move(read);
  }
  for (const std::string& spec : options.deploys) {
    auto deploy = ParseDeploySpec(spec);
    if (!deploy.ok()) return Annotate(deploy.status(), "--deploy " + spec);
    deploys.push_back(*std::move(deploy));
  }
  std::set<std::string> ids;
  for (const Deploy& deploy : deploys) {
    if (!ids.insert(deploy.id).second) return InvalidArgument("two deploys have the id \"" + deploy.id + "\"");
  }
  return deploys;
}

}  // namespace

ExitCode ReplayCommand(const ReplayOptions& options) {
  const auto config = ConfigOrDefaults(options.config);
  if (!config.ok()) return Fail(config.status());
  auto deploys = DeploysOf(options);
  if (!deploys.ok()) return Fail(deploys.status());
  const auto format = FormatOrAuto(options.format);
  if (!format.ok()) return Fail(format.status());
  auto zone = TimeZone::Named(options.timezone);
  if (!zone.ok()) return Fail(Annotate(zone.status(), "--timezone"));
  const auto kernel = KernelNamed(options.simd);
  if (!kernel.ok()) return Fail(Annotate(kernel.status(), "--simd"));
  return Replay(*config, *std::move(deploys), *format, {.zone = *std::move(zone)}, *kernel, options.windows)
      .Run(LogsOrStdin(options.logs));
}

}  // namespace revertd
