#include "daemon/release/release_screen.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

#include "base/strings.h"
#include "daemon/release/release_view.h"

namespace revertd {
namespace {

// https://no-color.org: set and not empty.
bool WantsColour() {
  const char* no_colour = std::getenv("NO_COLOR");
  return no_colour == nullptr || *no_colour == '\0';
}

ViewFrame FrameOf(bool has_colour) {
  ViewFrame frame{.colour = has_colour};
  winsize size = {};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return frame;
  // A line that fills the last column makes some terminals begin another; one line is the cursor's.
  frame.width = size.ws_col - 1U;
  frame.height = size.ws_row > 4 ? size.ws_row - 1U : 0;
  return frame;
}

}  // namespace

ReleaseScreen::ReleaseScreen(const ReleaseFile& file, const ReleaseRecord& record, const ExecutorStore* journal,
                             Clock* clock)
    : file_(file),
      record_(record),
      journal_(journal),
      clock_(clock),
      is_terminal_(IsTerminal(STDOUT_FILENO)),
      has_colour_(WantsColour()),
      printer_(STDOUT_FILENO) {}

void ReleaseScreen::OnRow(const ReleaseEvent& event) {
  has_changed_ = true;
  if (event.row == waits_at_ && !event.begun) waits_at_.clear();
  if (!is_terminal_) printer_.Print(ToJson(event));
}

void ReleaseScreen::OnWaiting(const ReleaseTask& task, const TaskWaiting& waiting) {
  waits_at_ = task.row;
  waiting_ = waiting;
  const std::string told = task.row + "\n" + waiting.why + "\n" + waiting.detail;
  if (told == told_) return;
  told_ = told;
  has_changed_ = true;
  if (!is_terminal_) printer_.Print(WaitingJson(file_, task, waiting, clock_->Now()));
}

void ReleaseScreen::Draw() {
  if (is_terminal_ && (has_changed_ || clock_->Now() >= next_draw_ns_)) DrawNow();
}

// The table that stands there stays, and the next one is drawn below.
void ReleaseScreen::Tell(const std::string& words) {
  if (!is_terminal_) return Say(words);
  printer_.Print("revertd: " + Printable(words));
  lines_drawn_ = 0;
}

void ReleaseScreen::DrawLast(const ReleaseRecord& record) {
  record_ = record;
  waits_at_.clear();
  if (is_terminal_) DrawNow();
}

void ReleaseScreen::DrawNow() {
  const auto rows = journal_->ReadJournal(file_.id);
  if (!rows.ok()) return;
  const ReleaseView view = {&record_, &file_, &*rows, true, waits_at_, waiting_};
  const std::vector<std::string> lines = ReleaseTable(view, clock_->Now(), FrameOf(has_colour_));
  // Up to where the last one began, and everything below is wiped away.
  std::string frame = lines_drawn_ == 0 ? "" : "\x1b[" + std::to_string(lines_drawn_) + "A\r\x1b[J";
  for (const std::string& line : lines) frame += (&line == lines.data() ? "" : "\n") + line;
  printer_.Print(std::move(frame));
  lines_drawn_ = lines.size();
  has_changed_ = false;
  next_draw_ns_ = clock_->Now() + kDrawEvery;
}

}  // namespace revertd
