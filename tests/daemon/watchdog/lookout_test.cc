// The watchdog in the sidecar's own rounds: a real source on a pipe, a real state, a clock that the test moves.
#include "daemon/watchdog/lookout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <ctime>
#include <semaphore>
#include <thread>

#include "daemon/analysis_rounds.h"
#include "daemon/commands.h"
#include "tests/daemon/synthetic_log.h"
#include "tests/daemon/watchdog/two_clocks.h"
#include "tests/test_folder.h"

namespace revertd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::chrono::seconds kPatience{60};  // so long waits nobody for a thread that lives

class SilentClient final : public HttpClient {
 public:
  StatusOr<HttpResponse> Send(const HttpRequest& /*request*/) override { return Unavailable("nobody listens"); }
};

class RoundsTest : public ::testing::Test {
 protected:
  RoundsTest() : events_(::dup(STDERR_FILENO)) {
    config_.state = folder_.Path("state.db");
    auto state = StateStore::Open(config_.state, StateStore::Access::kOwner);
    EXPECT_TRUE(state.ok()) << state.status();
    state_ = *std::move(state);
    auto journal = ExecutorStore::Open(ExecutorDatabaseOf(config_), ExecutorStore::Access::kOwner);
    EXPECT_TRUE(journal.ok()) << journal.status();
    journal_ = *std::move(journal);
    int ends[2] = {-1, -1};
    EXPECT_EQ(::pipe(ends), 0);
    pipe_ = ends[1];
    sources_ =
        std::make_unique<SourceSet>(config_, &services_, &ring_, &clock_,
                                    SourceSet::Hooks{.make_room = nullptr,
                                                     .on_batch = nullptr,
                                                     .on_event = [this](const SourceEvent& event) { OnEvent(event); },
                                                     .positions = &positions_});
    EXPECT_TRUE(sources_->Open({.stdin_fd = ends[0]}).ok());
    config_watchdog_.heartbeat = "http://127.0.0.1:9/";
    heartbeat_ = std::make_unique<Heartbeat>(
        config_watchdog_,
        Heartbeat::Edges{.http = std::make_unique<SilentClient>(), .clock = &clock_, .say = [](std::string_view) {}});
    health_ = std::make_unique<HealthBoard>(config_);
    MakeRounds();
    ingest_ = std::thread([this] { EXPECT_TRUE(sources_->Run(stop_).ok()); });
    read_end_ = ends[0];
  }
  ~RoundsTest() override {
    stop_ = true;
    ingest_.join();
    sources_.reset();
    ::close(pipe_);
    ::close(read_end_);
  }

  void MakeRounds() {
    rounds_.reset();
    rounds_ = std::make_unique<AnalysisRounds>(AnalysisRounds::Edges{.config = &config_,
                                                                     .clock = &clock_,
                                                                     .state = state_.get(),
                                                                     .events = &events_,
                                                                     .services = &services_,
                                                                     .ring = &ring_,
                                                                     .positions = &positions_,
                                                                     .sources = sources_.get(),
                                                                     .board = &board_,
                                                                     .health = health_.get(),
                                                                     .heartbeat = heartbeat_.get(),
                                                                     .trigger_written = [] {}});
  }
  // On the ingest thread.
  void OnEvent(const SourceEvent& event) {
    if (event.what == "stale") stale_.release();
    if (event.what == "live") live_.release();
    if (event.what == "format") heard_.release();
  }
  void WriteLine() {
    const std::string line = LogLine("shop.test", FloorToSecond(clock_.Now()), 200);
    ASSERT_EQ(::write(pipe_, line.data(), line.size()), static_cast<ssize_t>(line.size()));
  }
  // The executor lives beside it, as a row.
  void Pass(int seconds) {
    for (int i = 0; i < seconds; ++i) {
      clock_.Pass(kSecondNs);
      if (!is_disk_full_) {
        EXPECT_TRUE(journal_->WriteCursor(kExecutorSign, clock_.Now()).ok());
      }
      rounds_->Round(false);
    }
  }
  std::string Troubles() const { return board_.Read()->troubles; }
  std::vector<std::string> Events() const {
    std::vector<std::string> texts;
    const auto events = state_->ReadEventsAfter(0, 100);
    EXPECT_TRUE(events.ok()) << events.status();
    for (const Event& event : *events) {
      if (event.kind == "trouble") texts.push_back(event.text);
    }
    return texts;
  }

  TestFolder folder_;
  TwoClocks clock_;
  Config config_;
  WatchdogConfig config_watchdog_;
  ServiceTable services_{kServicesDefault + 1};
  WindowRing ring_{kServicesDefault + 1, kRingSeconds};
  EventPrinter events_;
  PositionBoard positions_;
  Board board_;
  std::unique_ptr<StateStore> state_;
  std::unique_ptr<ExecutorStore> journal_;
  std::unique_ptr<SourceSet> sources_;
  std::unique_ptr<Heartbeat> heartbeat_;
  std::unique_ptr<HealthBoard> health_;
  std::unique_ptr<AnalysisRounds> rounds_;
  std::atomic<bool> stop_{false};
  std::binary_semaphore stale_{0};
  std::binary_semaphore live_{0};
  std::binary_semaphore heard_{0};
  std::thread ingest_;
  int pipe_ = -1;
  int read_end_ = -1;
  bool is_disk_full_ = false;
};

// The whole way: the ingest thread waits on an idle pipe and looks five times a second all the same; the analysis looks
// once a second; the default of stale_after leaves room for both.
TEST_F(RoundsTest, AnIdlePipeIsAStaleSourceWithinAMinuteOfItsLastLine) {
  WriteLine();
  ASSERT_TRUE(heard_.try_acquire_for(kPatience));
  Pass(44);
  EXPECT_EQ(Troubles(), "");
  Pass(15);  // 59 s since the line
  ASSERT_TRUE(stale_.try_acquire_for(kPatience)) << "the ingest thread did not look";
  EXPECT_EQ(Troubles(), "source_stale");
  const std::vector<std::string> events = Events();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_THAT(events[0], HasSubstr(R"("trouble":"source_stale","subject":"stdin","state":"began")"));
  EXPECT_THAT(board_.Read()->status, HasSubstr(R"("troubles":[{"trouble":"source_stale","subject":"stdin")"));
  EXPECT_THAT(board_.Read()->metrics, HasSubstr("revertd_trouble{name=\"source_stale\",subject=\"stdin\"} 1\n"));
}

TEST_F(RoundsTest, TheHeartBeatsWhileAllIsWellAndThenAlone) {
  Pass(10);
  WriteLine();
  ASSERT_TRUE(heard_.try_acquire_for(kPatience));
  Pass(35);
  EXPECT_FALSE(heartbeat_->Step()) << "what takes 45 s to be found may be wrong yet";
  Pass(1);
  EXPECT_TRUE(heartbeat_->Step());
  Pass(61);
  EXPECT_EQ(Troubles(), "source_stale");
  EXPECT_FALSE(heartbeat_->Step());
}

// It would else be heard as often as one that lives.
TEST_F(RoundsTest, TheHeartOfAProcessThatDiesAndStartsAgainAndAgainDoesNotBeat) {
  for (int life = 0; life < 3; ++life) {
    MakeRounds();
    Pass(10);
    EXPECT_EQ(Troubles(), "");
    EXPECT_FALSE(heartbeat_->Step());
  }
  WriteLine();
  ASSERT_TRUE(heard_.try_acquire_for(kPatience));
  MakeRounds();
  Pass(40);
  EXPECT_EQ(Troubles(), "");
  EXPECT_FALSE(heartbeat_->Step());
}

// Whatever the wall clock does meanwhile.
TEST_F(RoundsTest, ASilenceIsAsLongAsItIsWhenTheClockIsSetBack) {
  WriteLine();
  ASSERT_TRUE(heard_.try_acquire_for(kPatience));
  Pass(10);
  clock_.Set(-kHourNs);
  Pass(1);
  EXPECT_THAT(Troubles(), HasSubstr("clock_stepped"));
  Pass(48);
  EXPECT_THAT(Troubles(), HasSubstr("source_stale"));
  ASSERT_TRUE(stale_.try_acquire_for(kPatience));
}

TEST_F(RoundsTest, WhatStandsOutlivesARestartAndEndsThen) {
  Pass(50);
  EXPECT_EQ(Troubles(), "source_stale");
  ASSERT_TRUE(stale_.try_acquire_for(kPatience));
  WriteLine();
  ASSERT_TRUE(live_.try_acquire_for(kPatience));
  MakeRounds();
  Pass(35);
  EXPECT_THAT(Troubles(), Not(HasSubstr("source_stale")));
  EXPECT_THAT(Events().back(), HasSubstr(R"("state":"ended")"));
}

TEST_F(RoundsTest, AnExecutorThatGivesNoSignIsTold) {
  Pass(1);
  for (int i = 0; i < 55; ++i) {
    clock_.Pass(kSecondNs);
    rounds_->Round(false);
  }
  EXPECT_THAT(Troubles(), HasSubstr("executor_silent"));
}

TEST_F(RoundsTest, AFailedTryOfAChannelIsTold) {
  ChannelConfig channel;
  channel.name = "slack";
  config_.notify = {channel};
  Pass(1);
  Delivery delivery;
  delivery.channel = "slack";
  delivery.key = "checkout-1";
  delivery.event = "rollback_pushed";
  ASSERT_TRUE(journal_->QueueDelivery(delivery).ok());
  ASSERT_TRUE(journal_->RetryDelivery(1, clock_.Now() + kHourNs, "HTTP 500", false).ok());
  Pass(10);
  EXPECT_EQ(Troubles(), "channel_failing");
  ASSERT_TRUE(journal_->EndDelivery(1, clock_.Now(), "delivered").ok());
  WriteLine();
  ASSERT_TRUE(heard_.try_acquire_for(kPatience));
  Pass(40);
  EXPECT_EQ(Troubles(), "");
}

TEST_F(RoundsTest, AChannelThatCannotBeReachedIsTold) {
  ChannelConfig channel;
  channel.name = "slack";
  config_.notify = {channel};
  ASSERT_TRUE(journal_->WriteUnreached("slack", "https://hooks.example: Couldn't connect to server").ok());
  Pass(6);
  EXPECT_EQ(Troubles(), "channel_failing");
  EXPECT_THAT(Events().at(0), HasSubstr("it cannot be reached: https://hooks.example: Couldn't connect to server"));
}

// A real one: the kernel refuses to let any file of this process grow.
class FileSizeLimit {
 public:
  FileSizeLimit() {
    before_ = ::signal(SIGXFSZ, SIG_IGN);
    EXPECT_EQ(::getrlimit(RLIMIT_FSIZE, &limit_), 0);
    rlimit none = limit_;
    none.rlim_cur = 0;
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &none), 0);
  }
  ~FileSizeLimit() {
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &limit_), 0);
    ::signal(SIGXFSZ, before_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit limit_ = {};
  sighandler_t before_ = nullptr;
};

TEST_F(RoundsTest, AStateThatCannotBeWrittenIsToldOverHttpAndKeptOnceItCan) {
  Pass(1);
  is_disk_full_ = true;
  {
    const FileSizeLimit full;
    Pass(15);
    EXPECT_EQ(Troubles(), "state_not_written");
    EXPECT_THAT(board_.Read()->status, HasSubstr("state_not_written"));
  }
  is_disk_full_ = false;
  WriteLine();
  ASSERT_TRUE(heard_.try_acquire_for(kPatience));
  Pass(35);
  EXPECT_EQ(Troubles(), "");
  EXPECT_THAT(Events(), ElementsAre(HasSubstr(R"("state":"began")"), HasSubstr(R"("state":"ended")")));
}

// A look by itself, for a disk that the test fills.
class LookoutTest : public RoundsTest {
 protected:
  LookoutTest() : sink_(state_.get(), &events_, [] {}) {
    lookout_ = std::make_unique<Lookout>(
        Lookout::Edges{.config = &config_,
                       .clock = &clock_,
                       .sources = sources_.get(),
                       .ring = &ring_,
                       .state = state_.get(),
                       .sink = &sink_,
                       .heartbeat = heartbeat_.get(),
                       .executor = [] { return nullptr; },
                       .free_bytes = [this](const std::string& /*file*/) { return free_bytes_; }});
  }
  void PassLooks(int seconds) {
    for (int i = 0; i < seconds; ++i) {
      clock_.Pass(kSecondNs);
      EXPECT_TRUE(lookout_->Look(write_failure_));
    }
  }

  StoreSink sink_;
  StatusOr<int64_t> free_bytes_ = int64_t{1} << 40;
  std::string write_failure_;
  std::unique_ptr<Lookout> lookout_;
};

TEST_F(LookoutTest, ADiskThatFillsIsToldWithinAMinute) {
  PassLooks(1);
  free_bytes_ = 4096;
  PassLooks(11);
  EXPECT_EQ(NamesOf(lookout_->standing()), "disk_full");
  free_bytes_ = Unavailable("the disk is gone");
  PassLooks(11);
  write_failure_ = "state.db: disk I/O error";
  PassLooks(11);
  EXPECT_THAT(NamesOf(lookout_->standing()), HasSubstr("state_not_written"));
}

// Nobody is held up by a note that cannot be written, and it is written once it can.
TEST_F(LookoutTest, ANoteWaitsForTheState) {
  write_failure_ = "state.db is locked by another process";
  PassLooks(12);
  auto note = state_->ReadNote(kTroublesNote);
  ASSERT_TRUE(note.ok());
  EXPECT_FALSE(note->has_value());
  write_failure_.clear();
  PassLooks(1);
  note = state_->ReadNote(kTroublesNote);
  ASSERT_TRUE(note.ok() && note->has_value());
  EXPECT_THAT(**note, HasSubstr("state_not_written"));
}

TEST_F(LookoutTest, LooksOnceASecond) {
  clock_.Pass(kSecondNs);
  EXPECT_TRUE(lookout_->Look(""));
  clock_.Pass(kSecondNs / 2);
  EXPECT_FALSE(lookout_->Look(""));
}

TEST(FreeBytesBeside, AsksTheRealDisk) {
  const TestFolder folder;
  const auto free = FreeBytesBeside(folder.Path("state.db"));
  ASSERT_TRUE(free.ok()) << free.status();
  EXPECT_GT(*free, 0);
  EXPECT_FALSE(FreeBytesBeside("/nowhere/at/all/state.db").ok());
}

}  // namespace
}  // namespace revertd
