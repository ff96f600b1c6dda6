// A source that tells nothing is stale, whether it is silent or its lines come to nothing; on both event loops.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <functional>

#include "ingest/source_set.h"
#include "tests/ingest/sockets.h"
#include "tests/ingest/source_bench.h"

namespace revertd {
namespace {

using ::testing::MatchesRegex;

// A clock that goes on by itself with every look at it, so that a silent stream becomes stale without a wait.
class RunningClock final : public Clock {
 public:
  TimeNs Now() const override { return now_ += 10 * kSecondNs; }
  void SleepFor(DurationNs) override {}
  int64_t SecondsGone() const { return (now_ - SourceBench::Start()) / kSecondNs; }

 private:
  mutable TimeNs now_ = SourceBench::Start();
};

class UnheardErrors final : public ErrorSink {
 public:
  bool OnErrorEvent(ErrorEvent /*event*/) override { return true; }
  void OnRefusedLine() override {}
};

class StaleSourceTest : public testing::TestWithParam<bool> {
 protected:
  StaleSourceTest() {
    int fds[2];
    EXPECT_EQ(::pipe2(fds, O_CLOEXEC), 0);
    reader_ = Descriptor(fds[0]);
    writer_ = Descriptor(fds[1]);
  }
  void SetUp() override {
    std::string reason;
    const auto loop = OpenEventLoop(GetParam(), &reason);
    if (GetParam() && loop->name() != "io_uring") GTEST_SKIP() << "NOT TESTED: " << reason;
  }
  // Until the pipe is closed, at the latest when what should come of it has not; on_batch: after each wait.
  void Run(const std::function<void()>& on_batch) {
    constexpr int kBatchesMax = 100;
    int batches = 0;
    ServiceTable services(kServicesMax);
    WindowRing ring(kServicesMax, kRingSeconds);
    SourceSet set(config_, &services, &ring, &clock_,
                  {.make_room = nullptr,
                   .on_batch =
                       [&] {
                         if (++batches == kBatchesMax) writer_.Close();
                         if (writer_.get() >= 0) on_batch();
                       },
                   .on_event =
                       [&](const SourceEvent& event) {
                         if (event.what == "format") return;
                         events_ += std::string(event.what) + " " + event.detail + "\n";
                       },
                   .positions = nullptr,
                   .errors = &errors_});
    ASSERT_TRUE(set.Open({.use_io_uring = GetParam(), .stdin_fd = reader_.get()}).ok());
    const std::atomic<bool> stop = false;
    ASSERT_TRUE(set.Run(stop).ok());
    EXPECT_FALSE(set.HasStale());
  }
  void Write(std::string_view line) {
    ASSERT_EQ(::write(writer_.get(), line.data(), line.size()), static_cast<ssize_t>(line.size()));
  }
  void WriteCounted() { Write(SourceLine(clock_.SecondsGone(), 0)); }
  bool IsTold(std::string_view what) const { return events_.find(what) != std::string::npos; }

  Config config_;
  Descriptor reader_;
  Descriptor writer_;
  RunningClock clock_;
  UnheardErrors errors_;
  std::string events_;  // "WHAT DETAIL", a line each
};

INSTANTIATE_TEST_SUITE_P(BothLoops, StaleSourceTest, testing::Bool(),
                         [](const auto& about) { return about.param ? "Uring" : "Poll"; });

TEST_P(StaleSourceTest, SilenceIsAnEventAndTheEndOfAllSourcesEndsTheRun) {
  Run([this] {
    if (IsTold("stale")) writer_.Close();
  });
  EXPECT_THAT(events_, MatchesRegex("stale nothing came for [0-9]+ s\nended \n"));
}

// Nobody throws an exception to show that all is well.
TEST_P(StaleSourceTest, ASourceOfErrorEventsMayBeSilent) {
  config_.sources[0].format = kSentryFormat;
  Run([this] {
    if (clock_.SecondsGone() > 600) writer_.Close();
  });
  EXPECT_EQ(events_, "ended \n");
}

TEST_P(StaleSourceTest, ASourceOfErrorEventsIsStaleWhereNothingCanBeRead) {
  config_.sources[0].format = kSentryFormat;
  Run([this] {
    if (IsTold("stale")) return writer_.Close();
    Write("no event\n");
  });
  EXPECT_THAT(events_,
              MatchesRegex("stale none of [0-9]+ lines in [0-9]+ s could be counted \\(lines_no_format\\)\nended \n"));
}

// A log's clock is set back: lines come all the time and none of them can be counted any more.
TEST_P(StaleSourceTest, AStreamOfLinesThatAreTooLateIsStaleUntilItsTimeIsReachedAgain) {
  bool is_set_back = false;  // to the start, where it stands still
  Run([&] {
    if (IsTold("live")) return writer_.Close();
    if (is_set_back && !IsTold("stale")) {
      Write(SourceLine(0, 0));
    } else {
      WriteCounted();
    }
    is_set_back = true;
  });
  EXPECT_THAT(events_, MatchesRegex("stale none of [0-9]+ lines in [0-9]+ s could be counted \\(lines_too_late\\)\n"
                                    "live lines again\nended \n"));
}

// Its format was changed, and it speaks seldom: not at every look is another line refused.
TEST_P(StaleSourceTest, ASlowStreamOfLinesOfNoFormatIsStale) {
  config_.sources[0].stale_after_ns = 2 * kMinuteNs;
  int looks = 0;
  Run([&] {
    if (IsTold("live")) return writer_.Close();
    if (IsTold("stale")) return WriteCounted();
    if (++looks % 2 == 0) Write("now it is something else\n");
  });
  EXPECT_THAT(events_, MatchesRegex("stale none of [0-9]+ lines in 1[2-9][0-9] s could be counted "
                                    "\\(lines_no_format\\)\nlive lines again\nended \n"));
}

TEST_P(StaleSourceTest, ASilentSourceIsNotLiveByLinesThatAreRefused) {
  int refused = 0;
  Run([&] {
    if (IsTold("live")) return writer_.Close();
    if (!IsTold("stale")) return;
    if (refused == 3) return WriteCounted();
    ++refused;
    EXPECT_FALSE(IsTold("live"));
    Write("garbage\n");
  });
  EXPECT_THAT(events_, MatchesRegex("stale nothing came for [0-9]+ s\nlive lines again\nended \n"));
  EXPECT_EQ(refused, 3);
}

}  // namespace
}  // namespace revertd
