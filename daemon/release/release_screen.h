// ReleaseScreen: shows a release while it runs: on a terminal a table that is drawn anew in place, else NDJSON.
//
// Thread contract: the runner's. What is printed goes through a thread of its own (EventPrinter), so that a terminal
// that is held or a reader that stalls holds up no release.
#pragma once

#include <string>

#include "actions/release/release_events.h"
#include "base/clock.h"
#include "config/release.h"
#include "daemon/output.h"
#include "store/executor_store.h"

namespace revertd {

class ReleaseScreen final : public ReleaseEvents {
 public:
  // Drawn so often at most, but for a change.
  static constexpr DurationNs kDrawEvery = kSecondNs;

  // All outlive it. `journal` is read for the table alone.
  ReleaseScreen(const ReleaseFile& file, const ReleaseRecord& record, const ExecutorStore* journal, Clock* clock);

  void OnRow(const ReleaseEvent& event) override;
  void OnWaiting(const ReleaseTask& task, const TaskWaiting& waiting) override;
  void OnDropped(const std::string& words) override { Tell(words); }
  // After every turn.
  void Draw();
  // A line for people: on a terminal above the table, else on stderr.
  void Tell(const std::string& words);
  // As it ended.
  void DrawLast(const ReleaseRecord& record);

 private:
  void DrawNow();

  const ReleaseFile& file_;
  ReleaseRecord record_;
  const ExecutorStore* const journal_;
  Clock* const clock_;
  const bool is_terminal_;
  const bool has_colour_;
  EventPrinter printer_;
  std::string waits_at_;
  TaskWaiting waiting_;
  std::string told_;         // the newest wait that was printed
  bool has_changed_ = true;  // since it was drawn
  TimeNs next_draw_ns_ = 0;
  size_t lines_drawn_ = 0;
};

}  // namespace revertd
