// Seeded Monte Carlo of the real detector: false rollbacks of healthy deploys, and how soon a regression is found,
// beside what no detector can beat and beside the usual rivals. Checks its answers first; names every figure that is
// missed. --quick is ctest's: a few cells whose figures must stay within wide bands (quick.h).
#include <algorithm>
#include <cstdio>

#include "bench/detection/figures.h"
#include "bench/detection/options.h"
#include "bench/detection/quick.h"
#include "bench/detection/run_file.h"
#include "bench/detection/self_check.h"

namespace revertd::bench {
namespace {

constexpr int64_t kDelayRuns = 200;
constexpr int64_t kDelayHistories = 5;  // a delay depends on what one service's history earned: not on one alone
constexpr int64_t kValidityRuns = 20'000;
constexpr int64_t kLateRuns = 4'000;
constexpr int64_t kJointRuns = 100;
constexpr int64_t kHealthyErrorEventRuns = 1000;

template <typename Item>
void Append(std::vector<Item>* all, const std::vector<Item>& more) {
  all->insert(all->end(), more.begin(), more.end());
}

RunSettings WithRuns(const Options& options, int64_t usual) {
  RunSettings settings = options.run;
  if (!options.runs_given) settings.runs = usual;
  return settings;
}

void RunHealthy(const Options& options, Run* run) {
  const auto results = RunCells(HealthyCells(options.grid), options.run);
  Append(&run->tables, HealthyTables(results));
  Append(&run->misses, HealthyMisses(results));
  Append(&run->cells, results);
}

void RunDelay(const Options& options, Run* run) {
  RunSettings settings = WithRuns(options, kDelayRuns);
  const int64_t of_a_history = (settings.runs + kDelayHistories - 1) / kDelayHistories;
  settings.trials_per_history = std::min(settings.trials_per_history, of_a_history);
  const auto results = RunCells(DelayCells(options.grid, options.effects), settings);
  Append(&run->tables, DelayTable(results));
  Append(&run->misses, DelayMisses(results));
  Append(&run->cells, results);
}

void RunOutage(const Options& options, Run* run) {
  const auto results = RunCells(OutageCells(options.grid, options.outages), options.run);
  Append(&run->tables, OutageTable(results));
  Append(&run->misses, OutageMisses(results));
  Append(&run->cells, results);
}

void RunValidityCells(const Options& options, Run* run) {
  const auto results = RunValidity(options.grid, WithRuns(options, kValidityRuns));
  Append(&run->tables, ValidityTable(results));
  Append(&run->misses, ValidityMisses(results));
  Append(&run->validity, results);
}

void RunLateCells(const Options& options, Run* run) {
  const auto results = RunLate(options.late_grid, WithRuns(options, kLateRuns));
  Append(&run->tables, LateTable(results));
  Append(&run->misses, LateMisses(results));
  Append(&run->late, results);
}

void RunJointMode(JointMode mode, const Options& options, Run* run) {
  const auto results = RunJoint(mode, JointCells(mode, options.joint_grid), WithRuns(options, kJointRuns));
  Append(&run->tables, JointTable(mode, results));
  Append(&run->misses, JointMisses(results));
  Append(&run->joint, results);
}

void RunErrorEventCells(const Options& options, Run* run) {
  auto results = RunErrorEvents(HealthyErrorEvents(options.joint_grid), WithRuns(options, kHealthyErrorEventRuns));
  Append(&results, RunErrorEvents(AddedErrorEvents(options.joint_grid), WithRuns(options, kDelayRuns)));
  Append(&run->tables, ErrorEventTable(results));
  Append(&run->misses, ErrorEventMisses(results));
  Append(&run->error_events, results);
}

std::string Joined(std::span<const char* const> arguments) {
  std::string text;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (std::string_view(arguments[i]) == "--out") {
      ++i;  // where the file stands is no part of the run
      continue;
    }
    text += (text.empty() ? "" : " ") + std::string(arguments[i]);
  }
  return text;
}

int Main(std::span<const char* const> arguments) {
  const std::optional<Options> options = ReadOptions(arguments);
  if (!options) return 2;
  Run run;
  run.machine = MachineName();
  run.commit = options->commit;
  run.arguments = Joined(arguments);
  run.settings = options->run;
  std::printf("machine: %s\ncommit: %s\nseed: %llu\narguments: %s\n", run.machine.c_str(), run.commit.c_str(),
              static_cast<unsigned long long>(run.settings.seed), run.arguments.c_str());
#ifndef NDEBUG
  std::printf("a debug build: slow, the figures are the same\n");
#endif
  CheckAnswers(run.settings.seed);
  if (options->quick) return RunQuick(options->run);
  if (options->healthy) RunHealthy(*options, &run);
  if (options->delay) RunDelay(*options, &run);
  if (options->shared_outage) RunOutage(*options, &run);
  if (options->validity) RunValidityCells(*options, &run);
  if (options->late) RunLateCells(*options, &run);
  for (const JointMode mode : options->joint) RunJointMode(mode, *options, &run);
  if (options->fingerprints) RunErrorEventCells(*options, &run);
  for (const std::string& line : run.tables) std::printf("%s\n", line.c_str());
  std::printf("\n%zu misses\n", run.misses.size());
  for (const std::string& miss : run.misses) std::printf("MISS %s\n", miss.c_str());
  if (options->out.empty()) return 0;
  const Status written = WriteFile(options->out, RunFileText(run));
  if (!written.ok()) std::fprintf(stderr, "detection_latency: %s\n", written.ToString().c_str());
  return written.ok() ? 0 : 1;
}

}  // namespace
}  // namespace revertd::bench

int main(int argc, char** argv) {
  return revertd::bench::Main({argv + 1, static_cast<size_t>(argc > 0 ? argc - 1 : 0)});
}
