// What people are told of a release. One release is one key, "release:ID", and one service, its environment: channels
// tell incidents apart by both. Severities as in actions/notices.h.
//
// Pure, any thread. Every notice is Bounded.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "actions/notice.h"
#include "actions/notices.h"
#include "actions/release/release_tasks.h"
#include "actions/release/release_tools.h"
#include "config/release.h"
#include "store/executor_store.h"

namespace revertd {

std::string ReleaseKey(std::string_view release);

// "release_begun", info: what will be promoted, in order, and which steps nothing undoes.
Notice ReleaseBegun(const ReleaseFile& file, const NoticeContext& context);
// "release_breached", told before anything is undone: what broke, the evidence, what will be undone in which order and
// what will not (inverse none). Critical; a person's own abort: a warning. evidence: of the broken step's verdict;
// nullptr: it has none.
Notice ReleaseBreached(const ReleaseFile& file, const std::vector<JournalRow>& rows, const ReleaseBreach& breach,
                       const Verdict* verdict, const NoticeContext& context);
// "release_waits.TASK.WHY" (the event is unique for each task and reason, so that each is told once): a person's word
// is needed (approval, ambiguity, an undecided window). A warning; ambiguous: critical.
Notice ReleaseWaits(const ReleaseFile& file, const ReleaseTask& task, const TaskWaiting& waiting,
                    const NoticeContext& context);
// "release_halted.TASK": critical: the exact state: every step's standing, what is undone, what is not, what a person
// can say next (approve, resume, abort).
Notice ReleaseHalted(const ReleaseFile& file, const std::vector<JournalRow>& rows, const ReleaseStanding& standing,
                     const NoticeContext& context);
// "release_ended", which resolves where production is well ("done", "reversed", "stopped"), else critical.
Notice ReleaseEnded(const ReleaseFile& file, const std::vector<JournalRow>& rows, std::string_view outcome,
                    std::string_view detail, const NoticeContext& context);

// Of one step by the rows, one of: "not begun", "waits for approval", "being promoted", "promotion failed", "not
// promoted" (found out on the way back), "promoted", "healthy", "broken", "being undone", "not undone", "undone".
std::string_view StepStanding(const ReleaseStep& step, const std::vector<JournalRow>& rows);

}  // namespace revertd
