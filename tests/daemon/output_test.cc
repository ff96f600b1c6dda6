#include "daemon/output.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <memory>

namespace revertd {
namespace {

struct Pipe {
  Pipe() { [[maybe_unused]] const int made = ::pipe(ends); }
  ~Pipe() {
    CloseReader();
    ::close(ends[1]);
  }
  void CloseReader() {
    if (ends[0] >= 0) ::close(ends[0]);
    ends[0] = -1;
  }
  std::string ReadSome() {
    char buffer[65536];
    const ssize_t got = ::read(ends[0], buffer, sizeof(buffer));
    return {buffer, got > 0 ? static_cast<size_t>(got) : 0};
  }
  int ends[2] = {-1, -1};
};

TEST(OutputWriter, AReaderThatWentAwayIsOneStatus) {
  std::signal(SIGPIPE, SIG_IGN);
  Pipe pipe;
  pipe.CloseReader();
  OutputWriter out(pipe.ends[1]);
  EXPECT_TRUE(out.Line("buffered").ok());
  const Status status = out.Flush();
  EXPECT_EQ(MessageOf(status), "cannot write to stdout: Broken pipe");
  EXPECT_EQ(ExitCodeOf(status), ExitCode::kWorldFailed);
}

// Words of a remote or a program move no cursor, and make no line of their own.
TEST(Say, WordsOfOthersAreOneLineWithoutControlCharacters) {
  ::testing::internal::CaptureStderr();
  Say("push: \x1b[2Jno\nrevertd: done");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "revertd: push: ?[2Jno?revertd: done\n");
}

TEST(EventPrinter, PrintsLinesInOrder) {
  Pipe pipe;
  {
    EventPrinter events(pipe.ends[1]);
    for (int i = 0; i < 100; ++i) events.Print(std::to_string(i));
  }
  std::string expected;
  for (int i = 0; i < 100; ++i) expected += std::to_string(i) + "\n";
  std::string got;
  while (got.size() < expected.size()) got += pipe.ReadSome();
  EXPECT_EQ(got, expected);
}

// A reader that never reads must not stop the caller: the backlog fills, then drops are counted.
TEST(EventPrinter, AStalledReaderCostsEventsAndTimeOfNobody) {
  Pipe pipe;
  ASSERT_GE(::fcntl(pipe.ends[1], F_SETPIPE_SZ, 4096), 0);
  auto events = std::make_unique<EventPrinter>(pipe.ends[1]);
  const std::string line(1000, 'x');
  const size_t count = EventPrinter::kBacklogMax + 100;
  for (size_t i = 0; i < count; ++i) events->Print(line);
  EXPECT_GE(events->dropped(), 50U);  // all but the backlog and the few lines that the pipe took
  EXPECT_LE(events->dropped(), 100U);
}

}  // namespace
}  // namespace revertd
