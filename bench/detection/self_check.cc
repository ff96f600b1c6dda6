#include "bench/detection/self_check.h"

#include <cmath>

#include "base/check.h"
#include "bench/detection/bounds.h"
#include "bench/detection/figures.h"

namespace revertd::bench {
namespace {

bool Near(double value, double wanted, double tolerance) { return std::abs(value - wanted) <= tolerance; }

Cell CellOf(std::string_view model, double requests, double effect, ControlKind control) {
  Cell cell;
  cell.noise = *NoiseModelNamed(model);
  cell.requests_per_second = requests;
  cell.error_rate = 0.001;
  cell.effect = effect;
  cell.control = control;
  return cell;
}

void CheckBounds() {
  constexpr auto kNone = ControlKind::kNone;
  REVERTD_CHECK(Near(BoundSecondsOf(CellOf("binomial", 20, 5, kNone)), 109, 1));
  REVERTD_CHECK(Near(BoundSecondsOf(CellOf("binomial", 500, 2, kNone)), 73, 1));
  REVERTD_CHECK(Near(BoundSecondsOf(CellOf("beta-binomial 1e-3", 20'000, 2, kNone)), 55, 1));
  REVERTD_CHECK(Near(UpperLimit(0, 2'000), 1 - std::pow(0.05, 1.0 / 2'000), 1e-9));
  REVERTD_CHECK(Near(UpperLimit(5, 100), 0.1023, 1e-4));  // tables of Clopper and Pearson
}

void CheckTrials(uint64_t seed) {
  TrialSettings settings;
  settings.history_days = 1;
  settings.calibration_days = 0;
  settings.observe_seconds = 300;
  for (const ControlKind control : {ControlKind::kNone, ControlKind::kShared}) {
    for (const double effect : {1.0, 5.0}) {
      const Cell cell = CellOf("mixed", 500, effect, control);
      const History history = DrawHistory(cell, settings, seed);
      const Outcome outcome = RunTrial(cell, settings, history, seed);
      REVERTD_CHECK(RunTrial(cell, settings, history, seed) == outcome);
      TrialSettings batched = settings;
      for (const int64_t batch : {7, 60, 600}) {
        batched.batch_seconds = batch;
        REVERTD_CHECK(RunTrial(cell, batched, history, seed) == outcome);
      }
    }
  }
}

}  // namespace

void CheckAnswers(uint64_t seed) {
  CheckBounds();
  CheckTrials(seed);
}

}  // namespace revertd::bench
