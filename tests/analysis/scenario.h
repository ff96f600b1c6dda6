// Simulated services before an AnalysisLoop: seeded traffic, a sink that remembers, and a feeder that batches as asked.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "analysis/analysis_loop.h"
#include "base/service_table.h"
#include "base/sinks.h"
#include "config/config.h"

namespace revertd {

inline constexpr int64_t kDay = 20'000 * 86'400;  // scenarios tell time from here; a multiple of an hour

class RecordingSink final : public AnalysisSink {
 public:
  void OnSecond(std::string_view service, const SecondCounts& counts) override {
    seconds[std::string(service)].push_back(counts);
  }
  void OnHistoryBlock(std::string_view service, const HistoryBlock& block) override {
    blocks[std::string(service)].push_back(block);
  }
  void OnErrorGroup(const ErrorGroupRecord& group) override { error_groups.push_back(group); }
  void OnErrorBlock(const ErrorBlock& block) override { error_blocks.push_back(block); }
  void OnSessionBlock(const SessionBlock& block) override { session_blocks.push_back(block); }
  void OnDeploy(const Deploy& deploy) override { deploys.push_back(deploy); }
  void OnVerdict(const Verdict& verdict) override { verdicts.push_back(verdict); }
  void OnFollowUp(const FollowUp& follow_up) override { follow_ups.push_back(follow_up); }
  void OnDecision(const Decision& decision) override { decisions.push_back(decision); }
  Status OnTrigger(const RollbackTrigger& trigger) override {
    if (trigger_failures > 0) {
      --trigger_failures;
      return Unavailable("writing a trigger: the store is locked");
    }
    triggers.push_back(trigger);
    return OkStatus();
  }
  void OnRecovery(const Recovery& recovery) override { recoveries.push_back(recovery); }

  // One line for each thing told, so that two runs can be compared.
  std::vector<std::string> Told() const;
  std::vector<VerdictState> States(std::string_view deploy_id) const;
  const Verdict* LastVerdict(std::string_view deploy_id) const;
  bool Triggered() const { return !triggers.empty(); }

  std::map<std::string, std::vector<SecondCounts>> seconds;
  std::map<std::string, std::vector<HistoryBlock>> blocks;
  std::vector<ErrorGroupRecord> error_groups;
  std::vector<ErrorBlock> error_blocks;
  std::vector<SessionBlock> session_blocks;
  std::vector<Deploy> deploys;
  std::vector<Verdict> verdicts;
  std::vector<FollowUp> follow_ups;
  std::vector<Decision> decisions;
  std::vector<RollbackTrigger> triggers;
  std::vector<Recovery> recoveries;
  int trigger_failures = 0;
};

// Draws of one service's seconds. Rates by second; rho > 0 makes a second's error rate beta distributed.
struct TrafficModel {
  std::function<double(int64_t second)> requests;
  std::function<double(int64_t second)> error_rate;
  double rho = 0;
  bool fixed_requests = false;  // exactly the rate, not Poisson
};
TrafficModel Steady(double requests, double error_rate, double rho = 0);

struct Stream {
  std::string service;
  std::vector<SecondCounts> seconds;
};
// Seconds [from, to), in order. A tenth of the requests is one second old, the rest started in their own second.
Stream Draw(const std::string& service, const TrafficModel& model, int64_t from, int64_t to, std::mt19937_64& random);
// The same traffic as whole history blocks: the quick way to an hour or a week before.
std::vector<HistoryBlock> DrawHistory(const TrafficModel& model, int64_t from, int64_t to, std::mt19937_64& random);

// Services "shop" (mode push, repo "shop") and "mail", unrelated to one another; "bank" calls "shop".
Config ScenarioConfig();
Deploy DeployOf(const std::string& service, int64_t start_second, int64_t finish_second, const std::string& head);

class Scenario {
 public:
  explicit Scenario(Config config = ScenarioConfig());

  // Feeds [from, to) of all streams, `batch` seconds sealed at a time.
  void Feed(const std::vector<Stream>& streams, int64_t from, int64_t to, int64_t batch = 1);
  Deploy Register(const Deploy& deploy);

  Config config;
  ServiceTable services{16};
  GateFacts facts;
  RecordingSink sink;
  AnalysisLoop loop;
};

}  // namespace revertd
