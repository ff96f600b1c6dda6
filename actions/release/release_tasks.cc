#include "actions/release/release_tasks.h"

#include <algorithm>
#include <array>
#include <utility>

#include "actions/step.h"
#include "base/check.h"
#include "base/strings.h"

namespace revertd {
namespace {

using Kind = ReleaseTaskKind;

constexpr std::array<std::pair<Kind, std::string_view>, 9> kStepTasks = {{
    {Kind::kApprove, "approved"},
    {Kind::kRegister, "registered"},
    {Kind::kPromote, "promoted"},
    {Kind::kVerify, "verified"},
    {Kind::kDeploy, "deployed"},
    {Kind::kGuard, "guarded"},
    {Kind::kFindOut, "found_out"},
    {Kind::kReverse, "reversed"},
    {Kind::kVerifyReverse, "reverse_verified"},
}};

constexpr std::array kForward = {Kind::kApprove, Kind::kRegister, Kind::kPromote,
                                 Kind::kVerify,  Kind::kDeploy,   Kind::kGuard};

ReleaseTask TaskOf(const ReleaseStage& stage, const ReleaseStep& step, Kind kind) {
  return {kind, &stage, &step, RowOf(step.name, kind)};
}

// Of git nothing but a promotion that came to be changes anything: a merge that was not pushed is nobody's, and where
// the branch held all of it already an inverse would undo what others brought. A command may have done half of it,
// however it ended.
bool MayHaveChanged(const std::vector<JournalRow>& rows, const ReleaseStep& step) {
  if (const auto promotion = PromotionOf(rows, step)) return !promotion->changed_nothing();
  return FindRow(rows, StartedRow(step.name)) != nullptr;
}

// Its promotion was begun, and how it stands is not known for sure; or its deploy may still be at work.
bool IsAtHand(const std::vector<JournalRow>& rows, const ReleaseStep& step) {
  if (FindRow(rows, RowOf(step.name, Kind::kPromote)) == nullptr) return false;
  if (!IsDone(rows, RowOf(step.name, Kind::kPromote))) return true;
  const JournalRow* deployed = FindRow(rows, RowOf(step.name, Kind::kDeploy));
  return deployed != nullptr && deployed->finished_ns == 0;
}

// The first task that is not done, or the end.
ReleaseStanding FirstOpen(std::vector<ReleaseTask> tasks, const std::vector<JournalRow>& rows) {
  for (ReleaseTask& task : tasks) {
    if (IsDone(rows, task.row)) continue;
    const JournalRow* row = FindRow(rows, task.row);
    ReleaseStanding standing;
    standing.task = std::move(task);
    if (row != nullptr && row->finished_ns != 0) {
      standing.kind = ReleaseStanding::Kind::kHalted;
      standing.outcome = row->outcome;
      standing.detail = row->detail;
    }
    return standing;
  }
  return {.kind = ReleaseStanding::Kind::kEnded, .task = std::nullopt, .outcome = std::string(kDone)};
}

// The text up to the separator, which is taken away with it; all of it where there is none.
std::string_view TakeUpTo(std::string_view* text, char separator) {
  const size_t end = std::min(text->find(separator), text->size());
  const std::string_view taken = text->substr(0, end);
  text->remove_prefix(std::min(end + 1, text->size()));
  return taken;
}

}  // namespace

std::vector<const ReleaseStep*> StepsInOrder(const ReleaseFile& file) {
  std::vector<const ReleaseStep*> steps;
  for (const ReleaseStage& stage : file.stages) {
    for (const ReleaseStep& step : stage.steps) steps.push_back(&step);
  }
  return steps;
}

bool IsDone(const std::vector<JournalRow>& rows, std::string_view name) {
  const JournalRow* row = FindRow(rows, name);
  return row != nullptr && row->finished_ns != 0 && row->outcome == kDone;
}

std::string RowOf(std::string_view step, ReleaseTaskKind kind) {
  for (const auto& [known, name] : kStepTasks) {
    if (known == kind) return std::string(step) + "/" + std::string(name);
  }
  REVERTD_CHECK(kind == Kind::kSoak || kind == Kind::kSettle);
  return kind == Kind::kSoak ? std::string(step) + ":soaked" : std::string(kSettledRow);
}

std::string StartedRow(std::string_view step) { return std::string(step) + "/started"; }

std::string BreachText(const ReleaseBreach& breach) {
  return breach.step + "\n" + breach.reason + (breach.keep ? "\nkeep\n" : "\nreverse\n") + breach.detail;
}

ReleaseBreach BreachFrom(std::string_view text) {
  ReleaseBreach breach;
  breach.step = TakeUpTo(&text, '\n');
  breach.reason = TakeUpTo(&text, '\n');
  breach.keep = TakeUpTo(&text, '\n') == "keep";
  breach.detail = text;
  return breach;
}

std::optional<ReleaseBreach> BreachOf(const std::vector<JournalRow>& rows) {
  const JournalRow* row = FindRow(rows, kBreachedRow);
  if (row == nullptr || row->finished_ns == 0) return std::nullopt;
  return BreachFrom(row->detail);
}

std::string PromotionText(const Promotion& promotion) {
  return promotion.base + ".." + promotion.head + "\n" + std::to_string(promotion.start_ns);
}

Promotion PromotionFrom(std::string_view text) {
  std::string_view range = TakeUpTo(&text, '\n');
  Promotion promotion;
  if (const size_t dots = range.find(".."); dots != std::string_view::npos) {
    promotion.base = range.substr(0, dots);
    range.remove_prefix(dots + 2);
  }
  promotion.head = range;
  promotion.start_ns = static_cast<TimeNs>(ParseUnsigned(text).value_or(0));
  return promotion;
}

std::optional<Promotion> PromotionOf(const std::vector<JournalRow>& rows, const ReleaseStep& step) {
  for (const Kind kind : {Kind::kFindOut, Kind::kPromote}) {
    const std::string row = RowOf(step.name, kind);
    if (!IsDone(rows, row)) continue;
    const std::string& text = FindRow(rows, row)->detail;
    return text.empty() ? std::nullopt : std::optional<Promotion>(PromotionFrom(text));
  }
  return std::nullopt;
}

bool IsBreach(ReleaseTaskKind kind, std::string_view outcome) {
  if (outcome == kDone) return false;
  switch (kind) {
    case Kind::kDeploy:
    case Kind::kGuard: return true;
    case Kind::kPromote:
    case Kind::kVerify: return outcome.starts_with("command_");
    default: return false;
  }
}

std::vector<ReleaseTask> ForwardTasks(const ReleaseFile& file) {
  std::vector<ReleaseTask> tasks = {{Kind::kPin, nullptr, nullptr, std::string(kPinnedRow)}};
  for (const ReleaseStage& stage : file.stages) {
    for (const ReleaseStep& step : stage.steps) {
      for (const Kind kind : kForward) {
        if (kind == Kind::kApprove && !step.approval) continue;
        tasks.push_back(TaskOf(stage, step, kind));
      }
    }
    if (stage.soak > 0) tasks.push_back({Kind::kSoak, &stage, nullptr, RowOf(stage.name, Kind::kSoak)});
  }
  return tasks;
}

std::vector<const ReleaseStep*> StepsToReverse(const ReleaseFile& file, const std::vector<JournalRow>& rows,
                                               const ReleaseBreach& breach) {
  std::vector<const ReleaseStep*> steps;
  if (breach.keep) return steps;
  const bool alone = file.reverse == ReverseScope::kFailingService && !breach.step.empty();
  bool is_past_broken = false;
  for (const ReleaseStage& stage : file.stages) {
    bool ended = stage.soak == 0 || IsDone(rows, RowOf(stage.name, Kind::kSoak));
    for (const ReleaseStep& step : stage.steps) {
      if (step.name == breach.step) is_past_broken = true;
      ended = ended && IsDone(rows, RowOf(step.name, Kind::kGuard));
      if (MayHaveChanged(rows, step) && (!alone || step.name == breach.step)) steps.push_back(&step);
    }
    if (stage.healthy_point && ended && !is_past_broken) steps.clear();
  }
  std::reverse(steps.begin(), steps.end());
  return steps;
}

std::vector<ReleaseTask> BackwardTasks(const ReleaseFile& file, const std::vector<JournalRow>& rows,
                                       const ReleaseBreach& breach) {
  std::vector<ReleaseTask> tasks;
  for (const ReleaseStage& stage : file.stages) {
    for (const ReleaseStep& step : stage.steps) {
      if (IsAtHand(rows, step)) tasks.push_back(TaskOf(stage, step, Kind::kFindOut));
    }
  }
  const std::vector<const ReleaseStep*> steps = StepsToReverse(file, rows, breach);
  for (const ReleaseStep* step : steps) {
    const auto stage = std::ranges::find_if(file.stages, [step](const ReleaseStage& candidate) {
      return std::ranges::any_of(candidate.steps, [step](const ReleaseStep& own) { return &own == step; });
    });
    tasks.push_back(TaskOf(*stage, *step, Kind::kReverse));
    tasks.push_back(TaskOf(*stage, *step, Kind::kVerifyReverse));
  }
  if (!steps.empty()) tasks.push_back({Kind::kSettle, nullptr, nullptr, std::string(kSettledRow)});
  return tasks;
}

ReleaseStanding StandingOf(const ReleaseFile& file, const std::vector<JournalRow>& rows) {
  std::optional<ReleaseBreach> breach = BreachOf(rows);
  if (!breach) return FirstOpen(ForwardTasks(file), rows);
  if (const JournalRow* taken_over = FindRow(rows, kTakenOverRow)) {
    return {.kind = ReleaseStanding::Kind::kEnded,
            .task = std::nullopt,
            .outcome = std::string(kTakenOverRow),
            .detail = taken_over->detail,
            .breach = std::move(breach)};
  }
  ReleaseStanding standing = FirstOpen(BackwardTasks(file, rows, *breach), rows);
  // Whether production recovered is a word about it, and no task that could be done again.
  if (standing.task && standing.task->kind == Kind::kSettle && standing.kind == ReleaseStanding::Kind::kHalted) {
    standing = {.kind = ReleaseStanding::Kind::kEnded,
                .task = std::nullopt,
                .outcome = "reversed_" + standing.outcome,
                .detail = standing.detail};
  } else if (standing.kind == ReleaseStanding::Kind::kEnded) {
    const bool undid = !StepsToReverse(file, rows, *breach).empty();
    standing.outcome = undid ? "reversed" : "stopped";
  }
  standing.breach = std::move(breach);
  return standing;
}

std::string ReleaseDeployId(std::string_view release, std::string_view step) {
  return std::string(release) + ":" + std::string(step);
}

}  // namespace revertd
