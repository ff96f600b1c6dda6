// `revertd replay`: the same pipeline over recorded logs, on the logs' clock, in one thread; prints events, never acts.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <map>
#include <set>

#include "analysis/analysis_loop.h"
#include "analysis/rollups.h"
#include "config/load.h"
#include "daemon/commands.h"
#include "daemon/deploy_spec.h"
#include "daemon/event_json.h"
#include "daemon/output.h"
#include "daemon/recorded_logs.h"

namespace revertd {
namespace {

// Prints what analysis tells and remembers the last verdict of each deploy for the summary.
class PrintingSink final : public PartialSink {
 public:
  explicit PrintingSink(OutputWriter* out) : out_(out) {}

  void OnVerdict(const Verdict& verdict) override {
    last_[verdict.deploy_id] = verdict;
    Line(ToEvent(verdict));
  }
  void OnDecision(const Decision& decision) override { Line(ToEvent(decision)); }
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
  Replay(const Config& config, std::vector<Deploy> deploys, const RecordedLogs::Options& reading, bool print_windows)
      : print_windows_(print_windows),
        deploys_(std::move(deploys)),
        logs_(config, reading),
        out_(STDOUT_FILENO),
        sink_(&out_),
        rollups_(logs_.services(), nullptr),
        analysis_(
            config, logs_.services(), [](std::string_view) { return GateFacts{}; }, &sink_, &rollups_) {
    std::stable_sort(deploys_.begin(), deploys_.end(),
                     [](const Deploy& a, const Deploy& b) { return a.start_ns < b.start_ns; });
  }

  ExitCode Run(const std::vector<std::string>& logs) {
    const auto started = std::chrono::steady_clock::now();
    const Status read = logs_.Run(
        logs, [this](const Window& window) { OnWindow(window); }, [this](int64_t second) { SealedThrough(second); });
    if (!read.ok()) return Fail(read);
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
  // A deploy becomes known when the log reaches it, as it does in `run`.
  void RegisterDeploysThrough(int64_t second) {
    for (; next_deploy_ < deploys_.size() && FloorToSecond(deploys_[next_deploy_].start_ns) <= second; ++next_deploy_) {
      if (const auto deploy = analysis_.OnDeploy(deploys_[next_deploy_]); !deploy.ok()) Say(MessageOf(deploy.status()));
    }
  }

  void OnWindow(const Window& window) {
    RegisterDeploysThrough(window.second);
    if (print_windows_) sink_.Line(ToEvent(window, logs_.services().NameOf(window.service)));
    if (window.service != ServiceTable::kOther) ++windows_;
    if (!judges()) return;
    rollups_.OnWindow(window);
    analysis_.OnWindow(window);
  }

  void SealedThrough(int64_t second) {
    // Nobody reads any more: the rest of the log is not worth reading either.
    if (!sink_.status().ok()) logs_.Stop();
    if (!judges()) return;
    RegisterDeploysThrough(second);
    analysis_.SealedThrough(second);
    rollups_.SealedThrough(second);
  }

  // Without a deploy there is nothing to remember for.
  bool judges() const { return !deploys_.empty(); }

  std::string Summary(double wall_seconds) const {
    JsonWriter json;
    const uint64_t lines = logs_.counters().Get(Counter::kLinesRead);
    json.BeginObject().Field("event", "summary").Field("time_ns", logs_.sealed_ns());
    json.Field("service", "").Field("deploy", "");
    logs_.AppendLineCounts(json);
    json.Field("windows", windows_);
    json.Key("verdicts").BeginObject();
    for (const auto& [deploy, verdict] : sink_.last()) json.Field(deploy, NameOf(verdict.state));
    json.EndObject().Field("wall_seconds", wall_seconds);
    json.Field("lines_per_second", wall_seconds > 0 ? static_cast<double>(lines) / wall_seconds : 0.0);
    return json.EndObject().Take();
  }

  const bool print_windows_;
  std::vector<Deploy> deploys_;
  size_t next_deploy_ = 0;
  RecordedLogs logs_;
  OutputWriter out_;
  PrintingSink sink_;
  Rollups rollups_;
  AnalysisLoop analysis_;
  uint64_t windows_ = 0;
};

StatusOr<Config> ConfigOrDefaults(const std::string& path) {
  if (path.empty()) return Config();
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
  const auto reading = RecordedLogs::OptionsOf(options.log);
  if (!reading.ok()) return Fail(reading.status());
  return Replay(*config, *std::move(deploys), *reading, options.windows).Run(options.log.paths);
}

}  // namespace revertd
