#include "daemon/release/release_view.h"

#include <algorithm>
#include <array>

#include "actions/notice.h"
#include "actions/release/release_manifest.h"
#include "actions/release/release_notices.h"
#include "base/json_writer.h"
#include "base/strings.h"
#include "base/time_format.h"

namespace revertd {
namespace {

constexpr size_t kWidthMin = 40;
constexpr size_t kRevisionDigits = 12;
constexpr size_t kStateColumn = 2;
using Cells = std::array<std::string, 5>;

// "2h", "5m", "30s": the largest unit that tells enough.
std::string Roughly(DurationNs duration) {
  if (duration >= 2 * kHourNs) return FormatDuration(duration / kHourNs * kHourNs);
  if (duration >= 2 * kMinuteNs) return FormatDuration(duration / kMinuteNs * kMinuteNs);
  return FormatDuration(std::max<DurationNs>(duration, 0) / kSecondNs * kSecondNs);
}

std::string_view ColourOf(std::string_view standing) {
  constexpr std::array<std::string_view, 4> kBad = {"broken", "not undone", "promotion failed", "halted"};
  if (std::ranges::find(kBad, standing) != kBad.end()) return "\x1b[31m";
  if (standing == "healthy" || standing == "undone") return "\x1b[32m";
  return standing == "not begun" ? "\x1b[2m" : "\x1b[33m";
}

// The newest word on a step that has one.
std::string EvidenceOf(const ReleaseStep& step, const std::vector<JournalRow>& rows) {
  using Kind = ReleaseTaskKind;
  for (const Kind kind : {Kind::kVerifyReverse, Kind::kReverse, Kind::kGuard, Kind::kDeploy, Kind::kVerify,
                          Kind::kPromote, Kind::kRegister}) {
    const JournalRow* const row = FindRow(rows, RowOf(step.name, kind));
    if (row == nullptr || row->finished_ns == 0) continue;
    if (row->outcome != kDone) return row->outcome + (row->detail.empty() ? "" : ": " + row->detail);
    if (kind == Kind::kGuard && !row->detail.empty()) return row->detail;
    if (kind == Kind::kReverse && !row->detail.empty()) return row->detail.substr(0, 2 * kRevisionDigits);
    if (kind != Kind::kPromote) continue;
    const Promotion promotion = PromotionFrom(row->detail);
    return promotion.base.empty()
               ? promotion.head
               : promotion.base.substr(0, kRevisionDigits) + ".." + promotion.head.substr(0, kRevisionDigits);
  }
  return "";
}

std::string WaitingText(const TaskWaiting& waiting) {
  return waiting.why + (waiting.detail.empty() ? "" : ": " + waiting.detail);
}

std::string LeftOf(const TaskWaiting& waiting, TimeNs now) {
  return waiting.until_ns > now ? Roughly(waiting.until_ns - now) : "";
}

Cells CellsOf(const ReleaseView& view, const ReleaseStage& stage, const ReleaseStep& step, TimeNs now) {
  Cells cells = {stage.name, step.name, std::string(StepStanding(step, *view.rows)), "", ""};
  if (view.waits_at.starts_with(step.name + "/")) {
    cells[3] = LeftOf(view.waiting, now);
    cells[4] = WaitingText(view.waiting);
  } else {
    cells[4] = EvidenceOf(step, *view.rows);
  }
  for (std::string& cell : cells) cell = Printable(cell);
  return cells;
}

std::string Line(const Cells& cells, const std::array<size_t, 5>& widths, const ViewFrame& frame, bool is_head) {
  std::string line;
  size_t state_at = 0;
  for (size_t i = 0; i < cells.size(); ++i) {
    if (i == kStateColumn) state_at = line.size();
    line += cells[i];
    line.append(widths[i] - std::min(widths[i], cells[i].size()) + 2, ' ');
  }
  line.resize(line.find_last_not_of(' ') + 1);
  line = CutText(line, std::max(frame.width, kWidthMin));
  const std::string& state = cells[kStateColumn];
  if (!frame.colour || is_head || line.size() < state_at + state.size()) return line;
  return line.substr(0, state_at) + std::string(ColourOf(state)) + state + "\x1b[0m" +
         line.substr(state_at + state.size());
}

std::string HeadOf(const ReleaseView& view, const ReleaseStanding& standing, TimeNs now) {
  const ReleaseRecord& record = *view.record;
  std::string head = "release " + record.id + " of " + record.environment + ": ";
  if (record.ended_ns != 0) {
    return head + "ended " + FormatRfc3339(record.ended_ns) + ", " + record.outcome;
  }
  head += standing.kind == ReleaseStanding::Kind::kHalted ? "halted" : standing.breach ? "going back" : "under way";
  head += ", begun " + Roughly(now - record.begun_ns) + " ago";
  return view.has_runner ? head : head + "; nobody runs it";
}

// What is told below the table.
std::vector<std::string> FootOf(const ReleaseView& view, const ReleaseStanding& standing, TimeNs now) {
  std::vector<std::string> foot;
  if (standing.breach) {
    const ReleaseBreach& breach = *standing.breach;
    foot.push_back("breach: " + (breach.step.empty() ? "" : breach.step + " ") + breach.reason +
                   (breach.detail.empty() ? "" : ", " + breach.detail));
  }
  if (view.record->ended_ns != 0) return foot;
  const std::string& id = view.record->id;
  if (standing.kind == ReleaseStanding::Kind::kHalted) {
    foot.push_back("halted at " + standing.task->row + " (" + standing.outcome + "): `revertd release resume " + id +
                   "` or `revertd release abort " + id + "`");
  } else if (!view.waits_at.empty() && view.waits_at.find('/') == std::string::npos) {
    const std::string left = LeftOf(view.waiting, now);
    foot.push_back(view.waits_at + ": " + WaitingText(view.waiting) + (left.empty() ? "" : ", " + left + " left"));
  }
  for (std::string& line : foot) line = Printable(line);
  return foot;
}

// The rows around the one at hand, so many that all fits; what is left out is said.
std::vector<std::string> Around(std::vector<std::string> lines, size_t at_hand, size_t room) {
  if (lines.size() <= room) return lines;
  const size_t kept = std::max<size_t>(room, 2) - 1;
  const size_t first = std::min(at_hand > kept / 2 ? at_hand - kept / 2 : 0, lines.size() - kept);
  std::vector<std::string> shown(lines.begin() + static_cast<std::ptrdiff_t>(first),
                                 lines.begin() + static_cast<std::ptrdiff_t>(first + kept));
  shown.push_back("... and " + std::to_string(lines.size() - kept) + " other steps");
  return shown;
}

}  // namespace

std::vector<std::string> ReleaseTable(const ReleaseView& view, TimeNs now, const ViewFrame& frame) {
  const ReleaseStanding standing = StandingOf(*view.file, *view.rows);
  std::vector<Cells> table;
  size_t at_hand = 0;
  for (const ReleaseStage& stage : view.file->stages) {
    for (const ReleaseStep& step : stage.steps) {
      if (standing.task && standing.task->step == &step) at_hand = table.size();
      table.push_back(CellsOf(view, stage, step, now));
    }
  }
  const Cells head = {"stage", "step", "state", "left", "evidence"};
  std::array<size_t, 5> widths = {};
  for (size_t i = 0; i < head.size(); ++i) {
    widths[i] = head[i].size();
    for (const Cells& cells : table) widths[i] = std::max(widths[i], cells[i].size());
  }
  std::vector<std::string> lines = {CutText(HeadOf(view, standing, now), std::max(frame.width, kWidthMin)),
                                    Line(head, widths, frame, true)};
  std::vector<std::string> steps;
  steps.reserve(table.size());
  for (const Cells& cells : table) steps.push_back(Line(cells, widths, frame, false));
  const std::vector<std::string> foot = FootOf(view, standing, now);
  const size_t others = lines.size() + foot.size();
  if (frame.height > 0) steps = Around(std::move(steps), at_hand, frame.height > others ? frame.height - others : 0);
  lines.insert(lines.end(), steps.begin(), steps.end());
  for (const std::string& line : foot) lines.push_back(CutText(line, std::max(frame.width, kWidthMin)));
  return lines;
}

std::string ReleaseJson(const Config& config, const ReleaseView& view) {
  std::string json = ReleaseManifest(config, *view.record, *view.file, *view.rows);
  json.pop_back();
  return json + (view.has_runner ? ",\"runner\":true}" : ",\"runner\":false}");
}

std::string ToJson(const ReleaseEvent& event) {
  JsonWriter json;
  json.BeginObject().Field("event", "release").Field("release", event.release);
  json.Field("environment", event.environment).Field("row", event.row);
  json.Field("state", event.begun ? "begun" : "finished").Field("outcome", event.outcome);
  return json.Field("detail", event.detail).Field("time_ns", event.at_ns).EndObject().text();
}

std::string WaitingJson(const ReleaseFile& file, const ReleaseTask& task, const TaskWaiting& waiting, TimeNs now) {
  JsonWriter json;
  json.BeginObject().Field("event", "waiting").Field("release", file.id).Field("environment", file.environment);
  json.Field("row", task.row).Field("why", waiting.why).Field("detail", waiting.detail);
  json.Field("until_ns", waiting.until_ns).Field("for_a_person", waiting.for_a_person);
  return json.Field("time_ns", now).EndObject().text();
}

}  // namespace revertd
