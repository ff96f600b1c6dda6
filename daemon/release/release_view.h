// A release and its plan as people read them on a terminal, and as NDJSON.
//
// Pure, any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actions/release/release_events.h"
#include "actions/release/release_plan.h"
#include "base/clock.h"
#include "config/release.h"
#include "store/executor_store.h"

namespace revertd {

// What is shown. All that is pointed to outlives it.
struct ReleaseView {
  const ReleaseRecord* record = nullptr;
  const ReleaseFile* file = nullptr;
  const std::vector<JournalRow>* rows = nullptr;
  bool has_runner = false;
  std::string waits_at = {};  // the row of the task at hand; empty: it does not wait
  TaskWaiting waiting = {};
};

struct ViewFrame {
  size_t width = 120;  // columns
  size_t height = 0;   // lines at most, the step at hand among them; 0: as many as there are
  bool colour = false;
};

// A line a step: stage, step, state, time left, evidence or why it waits; with a head, and what comes next.
std::vector<std::string> ReleaseTable(const ReleaseView& view, TimeNs now, const ViewFrame& frame);
// The manifest, and "runner": whether a process runs it.
std::string ReleaseJson(const Config& config, const ReleaseView& view);

// {"event":"release",...} of a row, {"event":"waiting",...} of what the task at hand waits for.
std::string ToJson(const ReleaseEvent& event);
std::string WaitingJson(const ReleaseFile& file, const ReleaseTask& task, const TaskWaiting& waiting, TimeNs now);

std::vector<std::string> PlanText(const ReleaseFile& file, const ReleasePlan& plan);
// {"event":"plan_step",...} for each step, {"event":"plan_problem",...} for each refusal and warning, and at the end
// {"event":"plan",...}.
std::vector<std::string> PlanJson(const ReleaseFile& file, const ReleasePlan& plan);

}  // namespace revertd
