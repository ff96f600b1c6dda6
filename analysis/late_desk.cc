#include "analysis/late_desk.h"

#include <algorithm>

#include "analysis/open_watch.h"
#include "base/window.h"

namespace revertd {
namespace {

// A day less than is kept: twelve hours later and after a restart the same blocks are still there.
constexpr int64_t kLateHistorySeconds = kBaselineHistorySeconds - kDaySeconds;

}  // namespace

LateDesk::LateDesk(const Config& config, const SeriesByService& series, const DeployRegistry& registry,
                   TriggerDesk* decisions, AnalysisSink* sink)
    : config_(config), series_(series), registry_(registry), decisions_(decisions), sink_(sink) {}

uint64_t LateDesk::BytesPerService() { return 2 * sizeof(Late); }  // a vector's room to grow

void LateDesk::Take(DeployRecord* record, int64_t second) {
  const auto series = series_.find(record->deploy.service);
  if (record->deploy.kind != DeployKind::kRelease || series == series_.end()) return;
  const int64_t observed = record->first_second() + config_.detect.observe / kSecondNs;
  const int64_t first_block = HistoryBlockStart(observed + kHistoryBlockSeconds - 1);
  // Replaced, or found long after it was over.
  if (IsOver(*record, std::max(second + 1, first_block + kHistoryBlockSeconds))) return;
  Late late;
  late.record = record;
  late.series = &series->second;
  const std::optional<Verdict>& told = record->told_verdict;
  if (told && told->reason == kLateErrors) {
    late.decisions.told = record->told_decision;
    if (record->told_decision) {
      late.decisions.asked_for = told->state;
      late.decisions.next_ask_second = FloorToSecond(record->told_decision->at_ns) - 1 + kAskAgainSeconds;
    }
  } else if (record->state == VerdictState::kHealthy || record->state == VerdictState::kInconclusive ||
             record->only_asks()) {
    late.watch = WatchOf(*record, series->second);
    if (!late.watch) return;
    late.next_second = first_block;
  } else {
    return;
  }
  ForgetBefore(*record);
  record->watched_late = true;
  late_.push_back(std::move(late));
}

// What its service ran before: replaced, as far as anybody knows.
void LateDesk::ForgetBefore(const DeployRecord& record) {
  std::erase_if(late_, [&record](const Late& late) {
    const bool is_before =
        late.record->deploy.service == record.deploy.service && late.record->first_second() <= record.first_second();
    if (!late.watch || !is_before) return false;
    late.record->watched_late = false;
    return true;
  });
}

// Of whole blocks alone: seconds are forgotten long before the watch ends.
std::optional<LateWatch> LateDesk::WatchOf(const DeployRecord& record, const Series& series) const {
  const ShadowSettings judging = JudgingSettings(config_.detect);
  const int64_t before = HistoryBlockStart(record.baseline_end());
  std::vector<SecondInterval> left_out = registry_.LeftOut(record.deploy.service);
  left_out.push_back({kNoSecond, before - kLateHistorySeconds});
  const LatePlan plan = LatePlanOf(HistoryBefore(series, before, left_out), before, judging.margins,
                                   judging.value_needed / kLateAlphaShare);
  if (!plan.baseline.known()) return std::nullopt;
  return LateWatch(plan);
}

bool LateDesk::IsOver(const DeployRecord& record, int64_t end) const {
  return record.abandoned() || record.state == VerdictState::kRegressed ||
         end > record.first_second() + kLateHorizonSeconds || registry_.Replaced(record, end - 1);
}

std::optional<int64_t> LateDesk::NextDue(int64_t second) const {
  if (late_.empty()) return std::nullopt;
  return HistoryBlockStart(second) + kHistoryBlockSeconds - 1;
}

void LateDesk::SealedThrough(int64_t second) {
  const int64_t through = HistoryBlockStart(second + 1);
  if (through <= through_) return;
  through_ = through;
  std::erase_if(late_, [this, through](Late& late) {
    if (!Step(through, &late)) return false;
    late.record->watched_late = false;
    return true;
  });
}

bool LateDesk::Step(int64_t through, Late* late) {
  if (late->watch) {
    Fold(through, late);
    if (late->watch->fired_at()) Call(late);
  } else {
    decisions_->Step(*late->record, *late->record->told_verdict, through - 1, &late->decisions);
  }
  const std::optional<Decision>& decided = late->decisions.told;
  return IsOver(*late->record, through) || (decided && !MayPass(*decided));
}

void LateDesk::Fold(int64_t through, Late* late) {
  // Of blocks that end at `through` or before.
  const SecondInterval unseen{late->next_second, through - kHistoryBlockSeconds + 1};
  late->series->ForEachBlockIn(unseen, [&](const HistoryBlock& block) {
    const int64_t end = block.start_second + kHistoryBlockSeconds;
    if (IsOver(*late->record, end)) return;
    if (registry_.AloneFrom(*late->record, block.start_second, end) == block.start_second) late->watch->Observe(block);
  });
  late->next_second = std::max(late->next_second, through);
}

void LateDesk::Call(Late* late) {
  DeployRecord* record = late->record;
  const int64_t second = *late->watch->fired_at();
  Verdict verdict;
  verdict.deploy_id = record->deploy.id;
  verdict.service = record->deploy.service;
  verdict.state = VerdictState::kAmbiguous;
  verdict.reason = kLateErrors;
  verdict.at_ns = (second + 1) * kSecondNs;
  verdict.evidence = {late->watch->CurrentEvidence()};
  late->watch.reset();
  record->state = verdict.state;
  record->told_verdict = verdict;
  sink_->OnVerdict(verdict);
  decisions_->Step(*record, verdict, second, &late->decisions);
}

}  // namespace revertd
