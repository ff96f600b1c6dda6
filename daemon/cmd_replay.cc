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
#include "daemon/recorded_errors.h"
#include "daemon/recorded_logs.h"
#include "daemon/sentry/error_services.h"

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
  Replay(const Config& config, std::vector<Deploy> deploys, const RecordedLogs::Options& reading,
         const ReplayOptions& options)
      : options_(options),
        deploys_(std::move(deploys)),
        logs_(config, reading),
        out_(STDOUT_FILENO),
        sink_(&out_),
        rollups_(logs_.services(), nullptr),
        analysis_(
            config, logs_.services(), [](const Deploy&) { return GateFacts{}; }, &sink_, &rollups_) {
    std::stable_sort(deploys_.begin(), deploys_.end(),
                     [](const Deploy& a, const Deploy& b) { return a.start_ns < b.start_ns; });
  }

  // `errors`: of the options' files, read already.
  ExitCode Run(RecordedErrors errors) {
    const auto started = std::chrono::steady_clock::now();
    errors_ = std::move(errors);
    if (HasLog()) {
      const Status read = logs_.Run(
          options_.log.paths, [this](const Window& window) { OnWindow(window); },
          [this](int64_t second) { SealedThrough(second); });
      if (!read.ok()) return Fail(read);
    } else {
      FeedThrough(std::numeric_limits<int64_t>::max());
      if (events_end_ns_ != 0) Seal(FloorToSecond(events_end_ns_) - 1);
    }
    if (judges()) errors_.RefuseRest();
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
    FeedThrough(window.second - 1);
    RegisterDeploysThrough(window.second);
    if (options_.windows) sink_.Line(ToEvent(window, logs_.services().NameOf(window.service)));
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
    FeedThrough(second);
    Seal(second);
  }

  void Seal(int64_t second) {
    analysis_.SealedThrough(second);
    rollups_.SealedThrough(second);
  }

  // An event becomes known in its own second, as in `run`: all before it is sealed, and it is not.
  void FeedThrough(int64_t second) {
    if (!judges()) return;
    for (auto next = errors_.NextSecond(); next && *next <= second; next = errors_.NextSecond()) {
      RegisterDeploysThrough(*next);
      Seal(*next - 1);
      errors_.TakeThrough(*next, [this](const ErrorEvent& event) { analysis_.OnErrorEvent(event); });
      if (!HasLog()) events_end_ns_ = (*next + 1) * kSecondNs;
    }
  }

  // Whoever has events need not have a log; a log from standard input is then asked for by its name, "-".
  bool HasLog() const { return options_.events.empty() || !options_.log.paths.empty(); }

  // Without a deploy there is nothing to remember for.
  bool judges() const { return !deploys_.empty(); }

  std::string Summary(double wall_seconds) const {
    JsonWriter json;
    const uint64_t lines = logs_.counters().Get(Counter::kLinesRead);
    json.BeginObject().Field("event", "summary").Field("time_ns", HasLog() ? logs_.sealed_ns() : events_end_ns_);
    json.Field("service", "").Field("deploy", "");
    logs_.AppendLineCounts(json);
    json.Field("windows", windows_);
    if (!options_.events.empty()) errors_.AppendCounts(json);
    json.Key("verdicts").BeginObject();
    for (const auto& [deploy, verdict] : sink_.last()) json.Field(deploy, NameOf(verdict.state));
    json.EndObject().Field("wall_seconds", wall_seconds);
    json.Field("lines_per_second", wall_seconds > 0 ? static_cast<double>(lines) / wall_seconds : 0.0);
    return json.EndObject().Take();
  }

  const ReplayOptions& options_;
  std::vector<Deploy> deploys_;
  size_t next_deploy_ = 0;
  RecordedLogs logs_;
  OutputWriter out_;
  PrintingSink sink_;
  Rollups rollups_;
  AnalysisLoop analysis_;
  RecordedErrors errors_{{}};
  TimeNs events_end_ns_ = 0;
  uint64_t windows_ = 0;
};

// By the configuration; else, where all deploys are of one service, that one: who judges one deploy by a file of events
// need not write a configuration.
RecordedErrors::Reading ReadingOf(const Config& config, const std::vector<Deploy>& deploys) {
  const bool is_one = !deploys.empty() && std::all_of(deploys.begin(), deploys.end(), [&](const Deploy& deploy) {
    return deploy.service == deploys.front().service;
  });
  const std::vector<SentryProjectConfig>& projects = config.sentry->projects;
  return {.project = projects.size() == 1 ? projects.front().id : "",
          .event = {.service_tag = config.sentry->service_tag, .received_ns = 0},
          .service_of = [services = ErrorServices(config),
                         only = is_one ? deploys.front().service : std::string()](const ErrorEvent& event) {
            const std::string service = services.ServiceOf(
                {.project = event.project, .server_name = event.server_name, .tag = event.service_tag});
            if (!services.TakesEnvironment(service, event.environment)) return std::string();
            return service.empty() ? only : service;
          }};
}

// One standard input cannot be both.
Status CheckInputs(const ReplayOptions& options) {
  const auto reads_stdin = [](const std::string& path) { return path == "-"; };
  const auto of_events = std::count_if(options.events.begin(), options.events.end(), reads_stdin);
  const auto of_logs = std::count_if(options.log.paths.begin(), options.log.paths.end(), reads_stdin);
  return of_events > 1 || (of_events == 1 && of_logs > 0)
             ? InvalidArgument("--events -: standard input is read already; name a file")
             : OkStatus();
}

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
  if (const Status inputs = CheckInputs(options); !inputs.ok()) return Fail(inputs);
  auto config = ConfigOrDefaults(options.config);
  if (!config.ok()) return Fail(config.status());
  if (!config->sentry && !options.events.empty()) config->sentry.emplace();
  auto deploys = DeploysOf(options);
  if (!deploys.ok()) return Fail(deploys.status());
  const auto reading = RecordedLogs::OptionsOf(options.log);
  if (!reading.ok()) return Fail(reading.status());
  RecordedErrors errors(options.events.empty() ? RecordedErrors::Reading{} : ReadingOf(*config, *deploys));
  for (const std::string& path : options.events) {
    if (const Status read = errors.ReadFile(path); !read.ok()) return Fail(AsUsage(read));
  }
  return Replay(*config, *std::move(deploys), *reading, options).Run(std::move(errors));
}

}  // namespace revertd
