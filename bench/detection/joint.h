// Joint: what the detector says of deploys when it judges errors, durations and arrivals together: cells of five
// questions, each run as many trials and summed, the figures that have to be reached, and the tables.
//
// As in cells.h, a cell's seed follows from what it is and a trial's from its number. RunJoint: one caller; it starts
// and joins its own threads. The rest is pure, any thread.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "bench/detection/cells.h"
#include "bench/detection/joint_trial.h"
#include "bench/detection/report.h"

namespace revertd::bench {

enum class JointMode {
  kLatency,   // a version that is slower: how soon
  kWarmUp,    // one whose caches are cold for some seconds: never
  kHealthy,   // one that is not worse: never
  kRecovery,  // a rollback that helped, and one that did not
  kOverlap,   // two services deployed within a minute, one of them worse
};
inline constexpr std::array<JointMode, 5> kJointModes = {JointMode::kLatency, JointMode::kWarmUp, JointMode::kHealthy,
                                                         JointMode::kRecovery, JointMode::kOverlap};
std::string_view NameOf(JointMode mode);

inline constexpr double kSlower = 2;
// Asked of the median second at which p99 x2 is found: blamed where there is a control, fired where there is none.
inline constexpr double kSlowerSecondsMax = 110;
inline constexpr double kSlowerDriftSecondsMax = 160;  // where durations drift
inline constexpr double kWrongRecoveryMax = 10;        // per 1000
inline constexpr double kWarmUpMax = 1;                // per 1000

struct JointResult {
  JointMode mode = JointMode::kHealthy;
  JointCell cell;
  int64_t runs = 0;
  int64_t regressed = 0;
  int64_t acted = 0;
  int64_t ambiguous = 0;  // and not regressed
  int64_t neighbour_regressed = 0;
  int64_t neighbour_ambiguous = 0;            // and not regressed
  std::map<RecoveryState, int64_t> recovery;  // of those rolled back
  std::map<std::string, int64_t> signals;     // that led what was regressed or ambiguous
  std::vector<int64_t> fired_seconds;         // ascending; kNever: not found
  std::vector<int64_t> regressed_seconds;
  std::vector<int64_t> recovery_seconds;

  int64_t fired() const { return regressed + ambiguous; }
  int64_t wrong_recoveries() const;
};

Grid JointGrid();
// Traffic that follows the day is asked of in kHealthy alone, and recovery only where a control stands beside: without
// one, what is slower is never rolled back.
std::vector<JointCell> JointCells(JointMode mode, const Grid& grid);
std::vector<JointResult> RunJoint(JointMode mode, const std::vector<JointCell>& cells, const RunSettings& given);

Lines JointTable(JointMode mode, const std::vector<JointResult>& results);
std::vector<std::string> JointMisses(const std::vector<JointResult>& results);
std::string JointText(const JointResult& result);  // a JSON object

}  // namespace revertd::bench
