#include "actions/release/guard_windows.h"

namespace revertd {

std::string WavedOnRow(std::string_view step) { return std::string(step) + "/waved_on"; }

StepWatch* GuardWindows::WatchOf(const ReleaseStep& step) {
  std::unique_ptr<StepWatch>& watch = watches_[step.name];
  if (watch != nullptr) return watch.get();
  const JournalRow* deployed = FindRow(journal_->rows(), RowOf(step.name, ReleaseTaskKind::kDeploy));
  if (deployed == nullptr || deployed->finished_ns == 0) return nullptr;
  const std::optional<Promotion> promotion = PromotionOf(journal_->rows(), step);
  if (!promotion || promotion->changed_nothing()) return nullptr;
  watch = std::make_unique<StepWatch>(tools_, ask_health_, step, *promotion, deployed->finished_ns);
  return watch.get();
}

StatusOr<TaskAnswer> GuardWindows::Guard(const ReleaseStep& step) {
  const std::optional<Promotion> promotion = PromotionOf(journal_->rows(), step);
  if (promotion && promotion->changed_nothing()) return Finished{std::string(kDone), "there was nothing to promote"};
  StepWatch* watch = WatchOf(step);
  if (watch == nullptr) return Internal("step " + step.name + " is watched before it is deployed");
  const auto facts = watch->Look();
  if (!facts.ok()) return facts.status();
  return JudgeGuard(step.guard, *facts, watch->deployed_ns(), journal_->IsDone(WavedOnRow(step.name)),
                    tools_.clock->Now());
}

StatusOr<std::vector<DoubtedStep>> GuardWindows::LookBack() {
  std::vector<DoubtedStep> doubted;
  is_answered_ = true;
  for (const ReleaseStep* step : StepsInOrder(*tools_.file)) {
    if (!journal_->IsDone(RowOf(step->name, ReleaseTaskKind::kGuard))) continue;
    StepWatch* watch = WatchOf(*step);
    if (watch == nullptr) continue;
    const auto facts = watch->Look();
    if (!facts.ok()) return facts.status();
    is_answered_ = is_answered_ && facts->is_answered;
    const bool is_ambiguous = facts->asks_verdict && facts->verdict &&
                              facts->verdict->state == VerdictState::kAmbiguous &&
                              !journal_->IsDone(WavedOnRow(step->name));
    if (auto broken = BrokenBy(*facts)) {
      doubted.push_back({step, *std::move(broken), true, watch->verdict()});
    } else if (is_ambiguous) {
      doubted.push_back({step, {"ambiguous", EvidenceLine(*facts->verdict)}, false, watch->verdict()});
    }
  }
  return doubted;
}

StatusOr<TaskAnswer> GuardWindows::AwaitHealth(const ReleaseStep& step, TimeNs until_ns) {
  std::unique_ptr<StepWatch>& watch = after_[step.name];
  if (watch == nullptr) {
    ReleaseStep& undone = undone_.insert_or_assign(step.name, step).first->second;
    undone.guard.verdict = false;
    watch = std::make_unique<StepWatch>(tools_, ask_health_, undone,
                                        PromotionOf(journal_->rows(), step).value_or(Promotion{}), tools_.clock->Now());
  }
  const auto facts = watch->Look();
  if (!facts.ok()) return facts.status();
  TaskAnswer answer = JudgeGuard({.min = 0, .max = until_ns - watch->deployed_ns(), .at_max = AtMax::kReverse}, *facts,
                                 watch->deployed_ns(), false, tools_.clock->Now());
  // It may take a while to be well again: it is unwell when the time is over, not before.
  const auto* finished = std::get_if<Finished>(&answer);
  if (finished == nullptr || finished->outcome == kDone || tools_.clock->Now() >= until_ns) return answer;
  return TaskWaiting{finished->outcome, finished->detail, until_ns};
}

const Verdict* GuardWindows::VerdictOf(const ReleaseStep& step) const {
  const auto watch = watches_.find(step.name);
  return watch == watches_.end() || watch->second == nullptr ? nullptr : watch->second->verdict();
}

}  // namespace revertd
