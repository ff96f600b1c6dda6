#include "actions/release/release_notices.h"

#include <array>
#include <utility>

#include "actions/release/guard_judge.h"
#include "base/digest.h"
#include "base/strings.h"
#include "base/time_format.h"

namespace revertd {
namespace {

using Severity = Notice::Severity;
using Kind = ReleaseTaskKind;

constexpr size_t kDigestDigits = 16;

constexpr std::array<std::string_view, 11> kStandings = {
    "broken",   "not undone", "being undone",       "undone",       "promotion failed", "being promoted",
    "promoted", "healthy",    "waits for approval", "not promoted", "not begun"};

Notice Of(const ReleaseFile& file, std::string event, Severity severity, const NoticeContext& context) {
  Notice notice;
  notice.key = ReleaseKey(file.id);
  notice.event = std::move(event);
  notice.service = file.environment;
  notice.severity = severity;
  notice.facts = {{"release", file.id}, {"environment", file.environment}};
  notice.audit_head = context.audit_head;
  notice.at_ns = context.at_ns;
  return notice;
}

// The event of one task. A row's name may be as long as the event's own limit, and what is cut off told it apart.
std::string EventOf(std::string_view event, const std::string& row, const std::string& why) {
  const std::string ending = why.empty() ? "" : "." + why;
  std::string whole = std::string(event) + "." + row + ending;
  if (whole.size() <= kNoticeNameBytesMax) return whole;
  return std::string(event) + "." + Sha256Hex(row + ending).substr(0, kDigestDigits);
}

std::string SaysOf(std::string_view word, const ReleaseFile& file, std::string_view step = {}) {
  return "`revertd release " + std::string(word) + " " + file.id + (step.empty() ? "" : " ") + std::string(step) + "`";
}

template <typename Condition>
std::string NamesWhere(const std::vector<const ReleaseStep*>& steps, Condition&& holds) {
  std::vector<std::string> names;
  for (const ReleaseStep* step : steps) {
    if (holds(*step)) names.push_back(step->name);
  }
  return Join(names, ", ");
}

bool IsIrreversible(const ReleaseStep& step) { return step.inverse.by == InverseBy::kNone; }

// "migrate (the data cannot be brought back), mail".
std::string IrreversibleOf(const std::vector<const ReleaseStep*>& steps) {
  std::vector<std::string> words;
  for (const ReleaseStep* step : steps) {
    if (!IsIrreversible(*step)) continue;
    words.push_back(step->name + (step->inverse.why.empty() ? "" : " (" + step->inverse.why + ")"));
  }
  return Join(words, ", ");
}

// "infra: database; web: cart, checkout".
std::string OrderText(const ReleaseFile& file) {
  std::vector<std::string> stages;
  for (const ReleaseStage& stage : file.stages) {
    std::vector<std::string> names;
    for (const ReleaseStep& step : stage.steps) names.push_back(step.name);
    stages.push_back(stage.name + ": " + Join(names, ", "));
  }
  return Join(stages, "; ");
}

// One fact for each standing that a step has, the worst first.
void AddStandings(const ReleaseFile& file, const std::vector<JournalRow>& rows, Notice* notice) {
  const std::vector<const ReleaseStep*> steps = StepsInOrder(file);
  for (const std::string_view standing : kStandings) {
    const std::string names =
        NamesWhere(steps, [&](const ReleaseStep& step) { return StepStanding(step, rows) == standing; });
    if (!names.empty()) notice->facts.push_back({std::string(standing), names});
  }
}

void AddEvidence(const Verdict& verdict, Notice* notice) {
  if (!verdict.evidence.empty()) {
    const Evidence& evidence = verdict.evidence.front();
    notice->facts.push_back({"evidence", EvidenceLine(verdict)});
    if (!evidence.control.empty()) {
      notice->facts.push_back({"control", evidence.control + ": " + RateText(evidence, evidence.control_before) +
                                              " -> " + RateText(evidence, evidence.control_after)});
    }
    if (evidence.onset_ns != 0) notice->facts.push_back({"onset", FormatRfc3339(evidence.onset_ns)});
  }
  if (!verdict.errors.empty()) notice->facts.push_back({"errors", ErrorsText(verdict.errors)});
}

bool IsPersons(const ReleaseBreach& breach) { return breach.step.empty() && breach.reason == "aborted"; }

bool IsForward(Kind kind) {
  return kind != Kind::kFindOut && kind != Kind::kReverse && kind != Kind::kVerifyReverse && kind != Kind::kSettle;
}

std::string WhatToDoWhileWaiting(const ReleaseFile& file, const ReleaseTask& task, const TaskWaiting& waiting) {
  const std::string_view step = task.step != nullptr ? std::string_view(task.step->name) : std::string_view();
  const std::string or_abort = IsForward(task.kind) ? "; " + SaysOf("abort", file) + " undoes what is promoted." : ".";
  if (waiting.why == "kill_switch")
    return "Machines are told not to act: it goes on once that file is removed" + or_abort;
  if (waiting.why == "pull_request" || waiting.why == "reverting") {
    return "See why the pull request is not merged, and merge it: the release goes on by itself" + or_abort;
  }
  if (task.kind == Kind::kApprove) return SaysOf("approve", file, step) + " lets it begin" + or_abort;
  if (task.kind != Kind::kGuard) return "See " + SaysOf("status", file) + or_abort;
  const std::string look = "Look at `revertd explain " + ReleaseDeployId(file.id, step) + "`";
  const std::string cause = waiting.why == "ambiguous" ? ", whether this step is the cause" : "";
  return look + cause + ": " + SaysOf("approve", file, step) + " lets the release go on" + or_abort;
}

std::string WhatToDoWhereHalted(const ReleaseFile& file, const ReleaseStanding& standing) {
  const std::string again = "Nothing is done until a person speaks: " + SaysOf("resume", file) + " tries it again";
  const std::string abort = ", " + SaysOf("abort", file);
  if (!standing.breach) return again + abort + " undoes what is promoted, with --keep it leaves it as it is.";
  const std::string take_over = abort + " leaves the rest of the way back to you.";
  if (!standing.task || standing.task->step == nullptr) return again + take_over;
  return again + ", " + SaysOf("approve", file, standing.task->step->name) + " says that you have undone it by hand" +
         take_over;
}

// Without the facts that nothing is known of.
Notice Ready(Notice notice) {
  std::erase_if(notice.facts, [](const NoticeFact& fact) { return fact.value.empty(); });
  return Bounded(std::move(notice));
}

}  // namespace

std::string ReleaseKey(std::string_view release) { return "release:" + std::string(release); }

std::string_view StepStanding(const ReleaseStep& step, const std::vector<JournalRow>& rows) {
  const auto find = [&](Kind kind) { return FindRow(rows, RowOf(step.name, kind)); };
  const auto is_done = [&](Kind kind) { return IsDone(rows, RowOf(step.name, kind)); };
  const auto has_failed = [](const JournalRow* row) {
    return row != nullptr && row->finished_ns != 0 && row->outcome != kDone;
  };
  const JournalRow* const reversed = find(Kind::kReverse);
  if (is_done(Kind::kReverse) && is_done(Kind::kVerifyReverse)) return "undone";
  if (has_failed(reversed) || has_failed(find(Kind::kVerifyReverse))) return "not undone";
  if (reversed != nullptr) return "being undone";
  if (has_failed(find(Kind::kDeploy)) || has_failed(find(Kind::kGuard))) return "broken";
  if (is_done(Kind::kGuard)) return "healthy";
  const JournalRow* const promoted = find(Kind::kPromote);
  if (has_failed(promoted) || has_failed(find(Kind::kVerify))) return "promotion failed";
  if (PromotionOf(rows, step)) return "promoted";
  if (is_done(Kind::kFindOut)) return "not promoted";
  if (promoted != nullptr) return "being promoted";
  const JournalRow* const approved = find(Kind::kApprove);
  return approved != nullptr && approved->finished_ns == 0 ? "waits for approval" : "not begun";
}

Notice ReleaseBegun(const ReleaseFile& file, const NoticeContext& context) {
  Notice notice = Of(file, "release_begun", Severity::kInfo, context);
  const std::vector<const ReleaseStep*> steps = StepsInOrder(file);
  notice.summary = "release " + file.id + ": begun in " + file.environment + ", " + std::to_string(steps.size()) +
                   (steps.size() == 1 ? " step" : " steps");
  notice.facts.push_back({"order", OrderText(file)});
  notice.facts.push_back({"waits for approval", NamesWhere(steps, [](const auto& step) { return step.approval; })});
  notice.facts.push_back({"nothing undoes", IrreversibleOf(steps)});
  notice.facts.push_back({"to watch it", SaysOf("status", file)});
  notice.facts.push_back({"to stop it", SaysOf("abort", file)});
  return Ready(std::move(notice));
}

Notice ReleaseBreached(const ReleaseFile& file, const std::vector<JournalRow>& rows, const ReleaseBreach& breach,
                       const Verdict* verdict, const NoticeContext& context) {
  const bool is_persons = IsPersons(breach);
  Notice notice = Of(file, "release_breached", is_persons ? Severity::kWarning : Severity::kCritical, context);
  const std::vector<const ReleaseStep*> to_undo = StepsToReverse(file, rows, breach);
  const std::string undone = NamesWhere(to_undo, [](const ReleaseStep& step) { return !IsIrreversible(step); });
  const std::string what = is_persons ? "aborted by a person" : breach.step + " is broken (" + breach.reason + ")";
  const std::string next = breach.keep      ? "what is promoted stays as it is"
                           : undone.empty() ? "nothing is undone"
                                            : "it is being undone: " + undone;
  notice.summary =
      "release " + file.id + ": " + what + (breach.detail.empty() ? "" : ": " + breach.detail) + "; " + next;
  notice.facts.push_back({"step", breach.step});
  notice.facts.push_back({"reason", breach.reason});
  notice.facts.push_back({"detail", breach.detail});
  if (verdict != nullptr) AddEvidence(*verdict, &notice);
  notice.facts.push_back({"is being undone, in this order", undone});
  const std::string irreversible = IrreversibleOf(to_undo);
  notice.facts.push_back({"is not undone", irreversible});
  AddStandings(file, rows, &notice);
  if (!irreversible.empty()) {
    notice.facts.push_back(
        {"what to do", "See to what no machine undoes, in its turn: " + SaysOf("status", file) + "."});
  }
  return Ready(std::move(notice));
}

Notice ReleaseWaits(const ReleaseFile& file, const ReleaseTask& task, const TaskWaiting& waiting,
                    const NoticeContext& context) {
  const bool is_bad = waiting.why == "ambiguous";
  Notice notice = Of(file, EventOf("release_waits", task.row, waiting.why),
                     is_bad ? Severity::kCritical : Severity::kWarning, context);
  notice.summary = "release " + file.id + ": waits for a person at " + task.row + " (" + waiting.why + ")" +
                   (waiting.detail.empty() ? "" : ": " + waiting.detail);
  notice.facts.push_back({"task", task.row});
  notice.facts.push_back({"why", waiting.why});
  notice.facts.push_back({"detail", waiting.detail});
  if (waiting.until_ns != 0) notice.facts.push_back({"until", FormatRfc3339(waiting.until_ns)});
  notice.facts.push_back({"what to do", WhatToDoWhileWaiting(file, task, waiting)});
  return Ready(std::move(notice));
}

Notice ReleaseHalted(const ReleaseFile& file, const std::vector<JournalRow>& rows, const ReleaseStanding& standing,
                     const NoticeContext& context) {
  const std::string row = standing.task ? standing.task->row : "";
  // By its time: a second halt of the same row is told too.
  const JournalRow* ended = FindRow(rows, row);
  const std::string when = ended != nullptr ? std::to_string(ended->finished_ns) : "";
  Notice notice = Of(file, EventOf("release_halted", row, when), Severity::kCritical, context);
  notice.summary = "release " + file.id + ": halted " + (standing.breach ? "on its way back " : "") + "at " + row +
                   " (" + standing.outcome + ")" + (standing.detail.empty() ? "" : ": " + standing.detail);
  notice.facts.push_back({"task", row});
  notice.facts.push_back({"outcome", standing.outcome});
  notice.facts.push_back({"detail", standing.detail});
  if (standing.breach) {
    const std::string& step = standing.breach->step;
    notice.facts.push_back({"breach", (step.empty() ? "" : step + ": ") + standing.breach->reason});
  }
  AddStandings(file, rows, &notice);
  notice.facts.push_back({"what to do", WhatToDoWhereHalted(file, standing)});
  return Ready(std::move(notice));
}

Notice ReleaseEnded(const ReleaseFile& file, const std::vector<JournalRow>& rows, std::string_view outcome,
                    std::string_view detail, const NoticeContext& context) {
  const bool is_well = outcome == kDone || outcome == "reversed" || outcome == "stopped";
  Notice notice = Of(file, "release_ended", is_well ? Severity::kInfo : Severity::kCritical, context);
  notice.resolves = is_well;
  const std::string words = outcome == kDone        ? "done, everything is promoted"
                            : outcome == "reversed" ? "undone, and production has recovered"
                            : outcome == "stopped"  ? "stopped, nothing was undone"
                                                    : "ended: " + std::string(outcome);
  notice.summary = "release " + file.id + ": " + words + (detail.empty() ? "" : ": " + std::string(detail));
  notice.facts.push_back({"outcome", std::string(outcome)});
  notice.facts.push_back({"detail", std::string(detail)});
  if (const auto breach = BreachOf(rows)) {
    notice.facts.push_back({"breach", (breach->step.empty() ? "" : breach->step + ": ") + breach->reason});
  }
  AddStandings(file, rows, &notice);
  if (!is_well) {
    notice.facts.push_back({"what to do",
                            "The release is over and production may still be worse: look for what else changed. No "
                            "machine does anything more by itself."});
  }
  return Ready(std::move(notice));
}

}  // namespace revertd
