// The record of one rollback for people who were not there: what happened, on which evidence, what was undone, how it
// ended, and the questions that a machine cannot answer.
//
// Pure, any thread.
//
// Whatever came out of logs, commits or a remote stands in the Markdown as code (actions/markdown.h).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "actions/chart.h"
#include "base/clock.h"
#include "base/deploy.h"
#include "base/trigger.h"
#include "base/verdict.h"
#include "store/executor_store.h"

namespace revertd {

struct PostMortemQuestion {
  std::string_view id;  // stable: answers are kept by it
  std::string_view text;
};
// In the order that they are asked.
std::span<const PostMortemQuestion> PostMortemQuestions();

// (question, answer), as Incident::answers.
using PostMortemAnswers = std::vector<std::pair<std::string, std::string>>;
// Ids of the questions without an answer, in their order. Blanks are no answer.
std::vector<std::string> OpenQuestions(const PostMortemAnswers& answers);

struct PostMortemFacts {
  RollbackTrigger trigger;
  std::optional<Deploy> deploy;  // absent for a person's own rollback
  std::vector<Verdict> verdicts;
  std::vector<Decision> decisions;
  std::vector<JournalRow> journal;
  std::optional<Recovery> recovery;
  std::vector<Delivery> deliveries;
  std::string plan;                 // what the revert says of itself; empty: not known
  std::string diffstat;             // git's; empty: not known
  std::vector<SeriesPoint> series;  // of the service, around the deploy; empty: nothing is kept of it
  std::string owner;
  TimeNs opened_ns = 0;
  TimeNs due_ns = 0;
  TimeNs closed_ns = 0;    // 0: open
  std::string audit_head;  // "SEQ:HASH"; empty: none
  PostMortemAnswers answers;
};

// `chart_file`: the name of the picture beside the record (RecordFolder::ChartName); empty: there is none.
std::string PostMortemMarkdown(const PostMortemFacts& facts, std::string_view chart_file);
// What was decided on, drawn: of traffic the request rate, else the share of errors.
Chart PostMortemChart(const PostMortemFacts& facts);

}  // namespace revertd
