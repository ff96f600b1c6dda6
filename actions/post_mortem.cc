#include "actions/post_mortem.h"

#include <algorithm>
#include <array>

#include "actions/git.h"
#include "actions/markdown.h"
#include "actions/record_tables.h"
#include "actions/step.h"
#include "base/strings.h"
#include "base/time_format.h"

namespace revertd {
namespace {

constexpr std::array<PostMortemQuestion, 5> kQuestions = {{
    {"why_review", "Why did review not see it?"},
    {"why_tests", "Why did the tests not see it?"},
    {"why_canary", "Why did no canary or earlier stage see it?"},
    {"change_or_check", "Was the change wrong, or the check?"},
    {"what_next", "What will be different from now on?"},
}};

const JournalRow* FindStep(const PostMortemFacts& facts, std::string_view step) {
  for (const JournalRow& row : facts.journal) {
    if (row.step == step) return &row;
  }
  return nullptr;
}

const JournalRow* FindDone(const PostMortemFacts& facts, std::string_view step) {
  const JournalRow* row = FindStep(facts, step);
  return row != nullptr && row->finished_ns != 0 && row->outcome == kDone ? row : nullptr;
}

std::string_view AnswerOf(const PostMortemAnswers& answers, std::string_view question) {
  for (const auto& [asked, answer] : answers) {
    if (asked == question) return Trim(answer);
  }
  return {};
}

// The trigger's own evidence first, then what else the newest regressed verdict rests on.
std::vector<Evidence> AllEvidence(const PostMortemFacts& facts) {
  std::vector<Evidence> all;
  if (!facts.trigger.evidence.signal.empty()) all.push_back(facts.trigger.evidence);
  const auto regressed = std::find_if(facts.verdicts.rbegin(), facts.verdicts.rend(),
                                      [](const Verdict& verdict) { return verdict.state == VerdictState::kRegressed; });
  if (regressed == facts.verdicts.rend()) return all;
  for (const Evidence& evidence : regressed->evidence) {
    const bool told = std::any_of(all.begin(), all.end(),
                                  [&](const Evidence& other) { return SubjectOf(other) == SubjectOf(evidence); });
    if (!told) all.push_back(evidence);
  }
  return all;
}

// Of the newest verdict that names any.
std::vector<NamedError> ErrorsOf(const PostMortemFacts& facts) {
  for (auto verdict = facts.verdicts.rbegin(); verdict != facts.verdicts.rend(); ++verdict) {
    if (!verdict->errors.empty()) return verdict->errors;
  }
  return {};
}

// How the rollback went, as one clause. Outcomes are named reasons of ours, but the journal is a file.
std::string OutcomeWords(const PostMortemFacts& facts) {
  if (facts.recovery && facts.recovery->state != RecoveryState::kWatching) {
    return "rolled back, production **" + std::string(NameOf(facts.recovery->state)) + "**";
  }
  if (facts.journal.empty()) return "not begun";
  const JournalRow& last = facts.journal.back();
  if (last.finished_ns == 0) return "under way: step " + MarkdownCode(last.step);
  if (last.outcome == kDone) return "under way: step " + MarkdownCode(last.step) + " is done";
  return "ended at step " + MarkdownCode(last.step) + ": " + MarkdownCode(last.outcome);
}

std::string SummaryLine(const PostMortemFacts& facts) {
  const Evidence& evidence = facts.trigger.evidence;
  std::string text = MarkdownCode(facts.trigger.service) + ": ";
  if (evidence.signal.empty()) {
    text += "a person asked for a rollback";
  } else {
    text += MarkdownCode(SubjectOf(evidence)) + " went from " + RateText(evidence, evidence.before) + " to " +
            RateText(evidence, evidence.after);
  }
  if (facts.deploy) text += " after deploy " + MarkdownCode(facts.deploy->id);
  text += " of " + MarkdownCode(ShortRevision(facts.trigger.head));
  return text + "; " + OutcomeWords(facts) + ".\n";
}

std::string HeadOf(const PostMortemFacts& facts) {
  const size_t open = OpenQuestions(facts.answers).size();
  std::string status = facts.closed_ns != 0 ? "closed at " + FormatRfc3339(facts.closed_ns) : "open";
  if (open > 0) status += ", " + std::to_string(open) + " of " + std::to_string(kQuestions.size()) + " unanswered";
  std::string text = "# Post-mortem: rollback of " + MarkdownCode(facts.trigger.service) + "\n\n" + SummaryLine(facts);
  text += "\n- status: " + status;
  text += "\n- owner: " + MarkdownCode(facts.owner);
  text += "\n- opened: " + FormatRfc3339(facts.opened_ns);
  text += "\n- due: " + FormatRfc3339(facts.due_ns);
  text += "\n- trigger: " + MarkdownCode(facts.trigger.id) + " (" + MarkdownCode(facts.trigger.reason) + ")";
  if (!facts.audit_head.empty()) {
    text += "\n- audit head: " + MarkdownCode(facts.audit_head) + ", for `revertd audit verify --head`";
  }
  return text + "\n";
}

void AddJournalMoments(const PostMortemFacts& facts, std::vector<RecordMoment>* moments) {
  for (const JournalRow& row : facts.journal) {
    const std::string step = "step " + MarkdownCellCode(row.step);
    if (row.begun_ns != row.finished_ns) moments->push_back({row.begun_ns, step + " begins"});
    if (row.finished_ns == 0) continue;
    std::string words = step + ": " + MarkdownCellCode(row.outcome);
    if (!row.detail.empty()) words += ", " + MarkdownCellCode(row.detail);
    moments->push_back({row.finished_ns, std::move(words)});
  }
}

void AddDeliveryMoments(const PostMortemFacts& facts, std::vector<RecordMoment>* moments) {
  for (const Delivery& delivery : facts.deliveries) {
    const std::string message =
        "message " + MarkdownCellCode(delivery.event) + " to " + MarkdownCellCode(delivery.channel);
    moments->push_back({delivery.created_ns, message + " queued"});
    if (delivery.ended_ns == 0) continue;
    moments->push_back({delivery.ended_ns, message + ": " + MarkdownCellCode(delivery.outcome) +
                                               " (tries: " + std::to_string(delivery.tries) + ")"});
  }
}

std::string Timeline(const PostMortemFacts& facts) {
  std::vector<RecordMoment> moments = DeployMoments(facts.deploy, facts.verdicts, facts.decisions);
  moments.push_back({facts.trigger.created_ns, "trigger written (" + MarkdownCellCode(facts.trigger.reason) + ")"});
  AddJournalMoments(facts, &moments);
  AddDeliveryMoments(facts, &moments);
  if (facts.recovery && facts.recovery->state != RecoveryState::kWatching) {
    moments.push_back({facts.recovery->at_ns, "recovery: **" + std::string(NameOf(facts.recovery->state)) + "**"});
  }
  moments.push_back({facts.opened_ns, "this record opened"});
  if (facts.closed_ns != 0) moments.push_back({facts.closed_ns, "this record closed"});
  return "\n## Timeline\n\n" + TimelineTable(std::move(moments));
}

std::string EvidenceText(const PostMortemFacts& facts, std::string_view chart_file) {
  const std::string table = EvidenceTable(AllEvidence(facts));
  std::string text = "\n## Evidence\n\n";
  text += table.empty() ? "None: a person asked for this rollback.\n" : table;
  const std::string errors = ErrorsTable(ErrorsOf(facts));
  if (!errors.empty()) text += "\nErrors that the application told of:\n\n" + errors;
  if (!chart_file.empty()) text += "\n![The course around the change](" + std::string(chart_file) + ")\n";
  return text;
}

std::string Undone(const PostMortemFacts& facts) {
  std::string text = "\n## What was undone\n\n";
  text += "- repo: " + MarkdownCode(facts.trigger.repo) + "\n";
  text += "- up to: " + MarkdownCode(facts.trigger.head) + "\n";
  text += "- back to: " + MarkdownCode(facts.trigger.base) + "\n";
  text += "\nPlan:\n\n" + (facts.plan.empty() ? "Not known.\n" : MarkdownBlock(facts.plan));
  return text + "\nChanged by it:\n\n" + (facts.diffstat.empty() ? "Not known.\n" : MarkdownBlock(facts.diffstat));
}

std::string SecondsBetween(TimeNs from, TimeNs to) {
  const int64_t milliseconds = (to - from) / kMillisecondNs;
  return FormatNumber(static_cast<double>(milliseconds) / 1e3, 6) + " s";
}

std::string Outcome(const PostMortemFacts& facts) {
  std::string text = "\n## Outcome\n\n- " + OutcomeWords(facts) + "\n";
  const bool dated = facts.deploy && facts.deploy->finished();
  const TimeNs start = dated ? facts.deploy->finish_ns : facts.trigger.created_ns;
  const std::string since = dated ? " after the deploy finished\n" : " after the trigger\n";
  if (dated) text += "- decided " + SecondsBetween(start, facts.trigger.created_ns) + since;
  if (const JournalRow* pushed = FindDone(facts, "push_verified")) {
    text += "- the remote's branch held the revert " + SecondsBetween(start, pushed->finished_ns) + since;
    text += "- the revert: " + MarkdownCode(pushed->detail) + "\n";
  }
  const Evidence& evidence = facts.trigger.evidence;
  if (evidence.signal == "errors") {
    text += "- requests that failed up to the decision: " + std::to_string(evidence.x_after) + " of " +
            std::to_string(evidence.n_after) + "\n";
  }
  if (evidence.signal == kCrashedSessions) {
    text += "- sessions that crashed up to the decision: " + std::to_string(evidence.x_after) + " of " +
            std::to_string(evidence.n_after) + "\n";
  } else if (IsErrorSignal(evidence.signal)) {
    text += "- error events up to the decision: " + std::to_string(evidence.x_after) + "\n";
  }
  if (facts.recovery && facts.recovery->state != RecoveryState::kWatching) {
    const Recovery& recovery = *facts.recovery;
    text += "- since the revert was deployed: " + RateText(evidence, recovery.rate_bad) + " -> " +
            RateText(evidence, recovery.rate_now) + " of " + std::to_string(recovery.n_now) + ", e-value " +
            FormatNumber(recovery.e_value) + "\n";
  }
  return text;
}

std::string Questions(const PostMortemFacts& facts) {
  std::string text = "\n## Questions\n";
  for (const PostMortemQuestion& question : kQuestions) {
    const std::string_view answer = AnswerOf(facts.answers, question.id);
    text += "\n### " + std::string(question.text) + " (`" + std::string(question.id) + "`)\n\n";
    text += answer.empty() ? "(unanswered)\n" : MarkdownQuote(answer);
  }
  return text;
}

std::string ChartDescription(const PostMortemFacts& facts, Chart::Unit unit) {
  std::string text = unit == Chart::Unit::kErrorShare ? "Share of requests that failed" : "Requests a second";
  text += ", by time in UTC.";
  const Evidence& evidence = facts.trigger.evidence;
  if (evidence.signal.empty()) return text;
  return text + " Decided on " + SubjectOf(evidence) + ": " + RateText(evidence, evidence.before) + " before, " +
         RateText(evidence, evidence.after) + " after.";
}

}  // namespace

std::span<const PostMortemQuestion> PostMortemQuestions() { return kQuestions; }

std::vector<std::string> OpenQuestions(const PostMortemAnswers& answers) {
  std::vector<std::string> open;
  for (const PostMortemQuestion& question : kQuestions) {
    if (AnswerOf(answers, question.id).empty()) open.emplace_back(question.id);
  }
  return open;
}

std::string PostMortemMarkdown(const PostMortemFacts& facts, std::string_view chart_file) {
  return HeadOf(facts) + Timeline(facts) + EvidenceText(facts, chart_file) + Undone(facts) + Outcome(facts) +
         Questions(facts);
}

Chart PostMortemChart(const PostMortemFacts& facts) {
  Chart chart;
  chart.unit = facts.trigger.evidence.signal == "traffic" ? Chart::Unit::kRequestRate : Chart::Unit::kErrorShare;
  chart.title = facts.trigger.service +
                (chart.unit == Chart::Unit::kErrorShare ? ": share of failed requests" : ": requests a second");
  chart.description = ChartDescription(facts, chart.unit);
  chart.points = facts.series;
  using Kind = ChartMark::Kind;
  if (facts.deploy && facts.deploy->finished()) {
    chart.marks.push_back({Kind::kDeploy, facts.deploy->finish_ns, "deploy finished"});
  }
  chart.marks.push_back({Kind::kTrigger, facts.trigger.created_ns, "rollback decided"});
  if (const JournalRow* pushed = FindDone(facts, "pushed")) {
    chart.marks.push_back({Kind::kPush, pushed->finished_ns, "revert pushed"});
  }
  if (facts.recovery && facts.recovery->state != RecoveryState::kWatching) {
    chart.marks.push_back({Kind::kRecovery, facts.recovery->at_ns, std::string(NameOf(facts.recovery->state))});
  }
  return chart;
}

}  // namespace revertd
