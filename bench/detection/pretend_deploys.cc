#include "bench/detection/pretend_deploys.h"

#include <algorithm>
#include <map>
#include <utility>

#include "analysis/analysis_loop.h"
#include "analysis/rollups.h"
#include "base/check.h"

namespace revertd::bench {
namespace {

class LastWords final : public PartialSink {
 public:
  void OnVerdict(const Verdict& verdict) override { verdicts[verdict.deploy_id] = verdict; }
  Status OnTrigger(const RollbackTrigger& trigger) override {
    heads.push_back(trigger.head);
    return OkStatus();
  }

  std::map<std::string, Verdict> verdicts;
  std::vector<std::string> heads;  // of triggers
};

// The service acts by itself: what would be pushed is told apart from what a person would be asked.
Config ConfigOf(const std::string& service, const PretendSettings& settings) {
  Config config;
  config.repos.push_back({"repo", "file:///repo", "production"});
  ServiceConfig deployed;
  deployed.name = service;
  deployed.repo = "repo";
  deployed.mode = Mode::kPush;
  config.services = {deployed};
  config.detect.observe = settings.observe_seconds * kSecondNs;
  return config;
}

Deploy DeployAt(const std::string& service, int64_t second) {
  Deploy deploy;
  deploy.service = service;
  deploy.id = deploy.head = std::to_string(second);
  deploy.start_ns = second * kSecondNs;
  deploy.finish_ns = (second + kPretendDeploySeconds) * kSecondNs;
  return deploy;
}

}  // namespace

int64_t PretendRun::Count(VerdictState state) const {
  return std::count_if(deploys.begin(), deploys.end(),
                       [state](const PretendDeploy& deploy) { return deploy.verdict.state == state; });
}
int64_t PretendRun::triggered() const {
  return std::count_if(deploys.begin(), deploys.end(), [](const PretendDeploy& deploy) { return deploy.triggered; });
}
int64_t PretendRun::calibrated() const {
  return std::count_if(deploys.begin(), deploys.end(),
                       [](const PretendDeploy& deploy) { return deploy.verdict.calibrated; });
}

PretendRun PlayPretendDeploys(const RecordedSeries& series, const std::string& service, const PretendSettings& settings,
                              int64_t offset_seconds) {
  PretendRun run{.service = service, .offset_seconds = offset_seconds, .deploys = {}};
  if (series.first_second() == kNoSecond) return run;
  const Config config = ConfigOf(service, settings);
  LastWords sink;
  Rollups rollups(series.services(), nullptr);
  AnalysisLoop loop(
      config, series.services(), [](const Deploy&) { return GateFacts{}; }, &sink, &rollups);
  int64_t next = series.first_second() + settings.before_seconds + offset_seconds;
  const auto deploy_through = [&](int64_t second) {
    for (; next <= std::min(second, series.last_second() - kPretendDeploySeconds); next += settings.every_seconds) {
      run.deploys.push_back({.start_second = next, .verdict = {}, .triggered = false});
      REVERTD_CHECK(loop.OnDeploy(DeployAt(service, next)).ok());
    }
  };
  series.Tell(
      [&](const Window& window) {
        deploy_through(window.second);
        rollups.OnWindow(window);
        loop.OnWindow(window);
      },
      [&](int64_t second) {
        deploy_through(second);
        loop.SealedThrough(second);
        rollups.SealedThrough(second);
      });
  loop.Finish();
  for (PretendDeploy& deploy : run.deploys) {
    const std::string id = std::to_string(deploy.start_second);
    deploy.verdict = sink.verdicts[id];
    deploy.triggered = std::find(sink.heads.begin(), sink.heads.end(), id) != sink.heads.end();
  }
  return run;
}

}  // namespace revertd::bench
