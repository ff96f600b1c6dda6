// Real files, renamed, cut and copied for real; the tailer is driven step by step and never waited for.
#include "ingest/tailer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "tests/ingest/source_bench.h"
#include "tests/test_folder.h"

namespace revertd {
namespace {

using ::testing::HasSubstr;

void Append(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::app | std::ios::binary) << text;
}

// One process's life with one followed file.
struct Life {
  Life(FixedClock* clock, Kept* kept, const std::string& path, bool from_start = true)
      : bench(clock, kept),
        loop(OpenEventLoop(false, &reason)),
        tailer(std::make_unique<Tailer>(
            Tailer::Options{.path = path, .from_start = from_start, .positions = kept->positions}, bench.Context())) {
    EXPECT_TRUE(tailer->Start(loop.get()).ok());
  }
  void Settle() { bench.Settle(*tailer); }
  uint64_t Sampled() const { return bench.Get(Counter::kLinesSampled); }

  SourceBench bench;
  std::string reason;
  std::unique_ptr<EventLoop> loop;
  std::unique_ptr<Tailer> tailer;
};

class TailerTest : public testing::Test {
 protected:
  std::string Line() { return SourceLine(second_, ++number_); }
  // A life that ends when the line of its first second is kept and that of second 10 is not.
  void KillBetweenTwoSeconds() {
    Append(path_, Line());
    Life killed(&clock_, &kept_, path_);
    killed.Settle();
    Append(path_, SourceLine(10, ++number_));
    killed.Settle();
    killed.bench.Keep(*killed.tailer);
    ASSERT_EQ(kept_.requests.size(), 1U);
  }

  TestFolder folder_;
  std::string path_ = folder_.Path("access.log");
  FixedClock clock_{SourceBench::Start()};
  Kept kept_;
  int64_t second_ = 0;
  int number_ = 0;
};

TEST_F(TailerTest, ReadsWhatIsAppended) {
  Append(path_, Line());
  Life life(&clock_, &kept_, path_);
  life.Settle();
  EXPECT_EQ(life.Sampled(), 1U);
  Append(path_, Line() + Line());
  life.Settle();
  EXPECT_EQ(life.Sampled(), 3U);
}

TEST_F(TailerTest, ReadsOnlyWhatComesUnlessToldOtherwise) {
  const std::string half = Line();
  Append(path_, Line() + Line() + half.substr(0, 40));
  Life life(&clock_, &kept_, path_, false);
  life.Settle();
  EXPECT_EQ(life.Sampled(), 0U);
  Append(path_, half.substr(40) + Line());
  life.Settle();
  EXPECT_EQ(life.Sampled(), 2U) << "the line that was being written is read whole";
  EXPECT_EQ(life.bench.Drops(), 0U);
}

TEST_F(TailerTest, WaitsForAFileThatDoesNotExistYetAndReadsItFromItsStart) {
  Life life(&clock_, &kept_, path_, false);
  life.Settle();
  EXPECT_THAT(life.bench.events(), HasSubstr("waiting the file does not exist yet"));
  Append(path_, Line());
  life.Settle();
  EXPECT_EQ(life.Sampled(), 1U);
}

TEST_F(TailerTest, SaysThatAFolderIsNoFile) {
  std::filesystem::create_directory(path_);
  Life life(&clock_, &kept_, path_);
  life.Settle();
  life.Settle();
  EXPECT_EQ(life.bench.events(), "waiting not a file\n") << "once";
}

TEST_F(TailerTest, ALineThatComesInPiecesIsOneLine) {
  Life life(&clock_, &kept_, path_);
  const std::string line = Line();
  for (const char c : line) {
    Append(path_, std::string(1, c));
    life.Settle();
  }
  EXPECT_EQ(life.Sampled(), 1U);
  EXPECT_EQ(life.bench.Get(Counter::kLinesRead), 1U);
}

TEST_F(TailerTest, FollowsThroughRenameAndReadsTheOldFileOn) {
  Append(path_, Line());
  Life life(&clock_, &kept_, path_);
  life.Settle();
  std::filesystem::rename(path_, path_ + ".1");
  Append(path_ + ".1", Line());  // the writer was not told yet
  life.Settle();
  Append(path_, Line());
  Append(path_ + ".1", Line());
  life.Settle();
  Append(path_ + ".1", Line());
  life.Settle();
  EXPECT_EQ(life.Sampled(), 5U);
  EXPECT_EQ(life.bench.Get(Counter::kFilesRotated), 1U);
  clock_.SleepFor(Tailer::kGraceNs);
  life.Settle();
  Append(path_ + ".1", Line());
  life.Settle();
  EXPECT_EQ(life.Sampled(), 5U) << "after the grace nobody writes into the old file";
}

TEST_F(TailerTest, ReadsATruncatedFileFromItsStart) {
  Append(path_, Line() + Line());
  Life life(&clock_, &kept_, path_);
  life.Settle();
  std::filesystem::resize_file(path_, 0);
  life.Settle();
  Append(path_, Line());
  life.Settle();
  EXPECT_EQ(life.Sampled(), 3U);
  EXPECT_EQ(life.bench.Get(Counter::kFilesTruncated), 1U);
}

TEST_F(TailerTest, SeesATruncationThatWasOvertakenByTheWriter) {
  Append(path_, Line());
  Life life(&clock_, &kept_, path_);
  life.Settle();
  std::filesystem::resize_file(path_, 0);
  Append(path_, Line() + Line() + Line());  // longer than before at the next look
  life.Settle();
  EXPECT_EQ(life.Sampled(), 4U);
}

TEST_F(TailerTest, ReadsFromTheCopyWhatWasCutBeforeItWasRead) {
  Append(path_, Line() + Line());
  Life life(&clock_, &kept_, path_);
  life.Settle();
  Append(path_, Line() + Line() + Line());
  std::filesystem::copy_file(path_, path_ + ".1");
  std::filesystem::resize_file(path_, 0);
  Append(path_, Line());
  life.Settle();
  EXPECT_EQ(life.Sampled(), 6U);
  EXPECT_EQ(life.bench.Drops(), 0U);
}

// Two logs of one second may begin with the same lines; the older one is not taken for the copy of the newer one.
TEST_F(TailerTest, ARotatedFileWithTheSameHeadIsNoCopy) {
  std::string head;
  for (int i = 0; i < 8; ++i) head += SourceLine(0, 7);
  Append(path_, head + head + head);
  Life life(&clock_, &kept_, path_);
  life.Settle();
  std::filesystem::rename(path_, path_ + ".1");
  Append(path_, head);
  life.Settle();
  EXPECT_EQ(life.Sampled(), 32U);
  std::filesystem::resize_file(path_, 0);
  life.Settle();
  EXPECT_EQ(life.bench.Get(Counter::kFilesTruncated), 1U);
  EXPECT_EQ(life.Sampled(), 32U) << "lines of the rotated file were counted again";
}

TEST_F(TailerTest, ARestartReadsTheRotatedBacklogInOrder) {
  ASSERT_NO_FATAL_FAILURE(KillBetweenTwoSeconds());
  Append(path_, SourceLine(11, ++number_));
  std::filesystem::rename(path_, path_ + ".2");
  Append(path_, SourceLine(12, ++number_));
  Append(path_, SourceLine(13, ++number_));
  std::filesystem::rename(path_, path_ + ".1");
  Append(path_, SourceLine(14, ++number_));
  Life life(&clock_, &kept_, path_);
  life.Settle();
  EXPECT_EQ(life.Sampled(), 5U) << life.bench.events();
  EXPECT_EQ(life.bench.Get(Counter::kFilesLost), 0U);
}

// A position never stands between the pieces of one line: its first piece would be lost.
TEST_F(TailerTest, ARestartBetweenThePiecesOfALineReadsItWhole) {
  Append(path_, "2026-11-21T03:10:00.1Z stdout F " + Line());
  second_ = 12;
  const std::string line = Line();
  Append(path_, "2026-11-21T03:10:12.2Z stdout P " + line.substr(0, 60) + "\n");
  {
    Life killed(&clock_, &kept_, path_);
    killed.Settle();
    EXPECT_EQ(killed.bench.Get(Counter::kLinesPartial), 1U);
    clock_.SleepFor(10 * kSecondNs);
    killed.Settle();  // silence: the first line's second is sealed
    killed.bench.Keep(*killed.tailer);
    EXPECT_EQ(killed.Sampled(), 1U);
  }
  Append(path_, "2026-11-21T03:10:12.2Z stdout F " + line.substr(60));
  Life life(&clock_, &kept_, path_);
  life.Settle();
  EXPECT_EQ(life.bench.Get(Counter::kLinesAlreadyCounted), 1U);
  EXPECT_EQ(life.Sampled(), 1U) << "the line in two pieces";
}

TEST_F(TailerTest, APieceWhoseRestNeverComesDoesNotHoldThePositionForGood) {
  std::string log = "2026-11-21T03:10:00.1Z stderr P never ended\n";
  while (log.size() < FollowedFile::kPiecesBytesMax) log += Line();
  Append(path_, log);
  Life life(&clock_, &kept_, path_);
  life.Settle();
  Append(path_, Line());
  life.Settle();
  clock_.SleepFor(10 * kSecondNs);
  life.Settle();
  life.bench.Keep(*life.tailer);
  ASSERT_EQ(kept_.positions.size(), 1U);
  EXPECT_GT(kept_.positions[0].offset, FollowedFile::kPiecesBytesMax);
}

// Asked for the time, it first does something: the world does not stand still while a file is opened.
class BusyClock final : public FixedClock {
 public:
  using FixedClock::FixedClock;
  TimeNs Now() const override {
    if (meanwhile) std::exchange(meanwhile, nullptr)();
    return FixedClock::Now();
  }
  mutable std::function<void()> meanwhile;
};

TEST_F(TailerTest, ARestartIntoACopytruncateReadsTheCopy) {
  ASSERT_NO_FATAL_FAILURE(KillBetweenTwoSeconds());
  Append(path_, SourceLine(11, ++number_));
  BusyClock clock(clock_.Now());
  // Between the look at the folder and the file's first read.
  clock.meanwhile = [this] {
    std::filesystem::copy_file(path_, path_ + ".1");
    std::filesystem::resize_file(path_, 0);
    Append(path_, SourceLine(12, ++number_));
  };
  Life life(&clock, &kept_, path_);
  life.Settle();
  EXPECT_FALSE(clock.meanwhile);
  EXPECT_EQ(life.Sampled(), 3U) << life.bench.events();
  EXPECT_EQ(life.bench.Get(Counter::kFilesLost), 0U);
}

TEST_F(TailerTest, ARotatedFileThatIsGoneIsCounted) {
  Append(path_, Line());
  Append(path_, SourceLine(10, ++number_));
  {
    Life life(&clock_, &kept_, path_);
    life.Settle();
    life.bench.Keep(*life.tailer);
  }
  std::filesystem::remove(path_);
  Append(path_, SourceLine(11, ++number_));
  Life life(&clock_, &kept_, path_);
  life.Settle();
  EXPECT_EQ(life.bench.Get(Counter::kFilesLost), 1U);
  EXPECT_THAT(life.bench.events(), HasSubstr("lost"));
  EXPECT_EQ(life.Sampled(), 1U);
}

// Anything may happen in any order: lines, half lines, rotations of both kinds, looks, keeps, kills. In the end every
// line that was written is kept once: the model is a count of lines by second.
class Story {
 public:
  // The process sees the file before anything happens to it: of what it never saw it can know nothing.
  explicit Story(unsigned seed) : random_(seed) {
    Write(SourceLine(second_, ++number_));
    ++written_[FloorToSecond(SourceBench::Start())];
    Restart();
    life_->bench.Keep(*life_->tailer);
  }

  void Run(int steps) {
    for (int i = 0; i < steps; ++i) Step();
    if (!half_.empty()) Write(std::exchange(half_, {}));
    life_->Settle();
    life_->bench.SealAll();
    life_->bench.Keep(*life_->tailer);
  }
  const std::map<int64_t, uint32_t>& written() const { return written_; }
  const std::map<int64_t, uint32_t>& kept() const { return kept_.requests; }
  std::string Told() const {
    return told_ + life_->bench.events() + "drops " + std::to_string(life_->bench.Drops()) + ", too late " +
           std::to_string(life_->bench.Get(Counter::kLinesTooLate)) + ", lost " +
           std::to_string(life_->bench.Get(Counter::kFilesLost));
  }

 private:
  void Step() {
    switch (random_() % 12) {
      case 0:
      case 1:
      case 2:
      case 3: WriteLines(); break;
      case 4: WriteHalf(); break;
      case 5: second_ += static_cast<int64_t>(random_() % 2); break;
      case 6:
      case 7: life_->Settle(); break;
      case 8:
        life_->Settle();
        life_->bench.Keep(*life_->tailer);
        break;
      case 9: Rotate(); break;
      case 10: CopyTruncate(); break;
      case 11:
        if (random_() % 2 == 0) Restart();
        break;
    }
  }
  void WriteLines() {
    for (uint64_t count = random_() % 20; count > 0; --count) {
      if (!half_.empty()) {
        Write(std::exchange(half_, {}));
        continue;
      }
      // A second late now and then, within the lateness.
      const int64_t second = std::max<int64_t>(second_ - (random_() % 8 == 0 ? 1 : 0), 0);
      Write(SourceLine(second, ++number_));
      ++written_[FloorToSecond(SourceBench::Start()) + second];
    }
  }
  void WriteHalf() {
    if (!half_.empty()) return;
    const std::string line = SourceLine(second_, ++number_);
    ++written_[FloorToSecond(SourceBench::Start()) + second_];
    const size_t cut = 1 + random_() % (line.size() - 1);
    Write(line.substr(0, cut));
    half_ = line.substr(cut);
  }
  void Rotate() {
    // The writer ends its line in the file where it began it, and sometimes goes on there for a while.
    const bool late = random_() % 2 == 0;
    if (!half_.empty() && !late) Write(std::exchange(half_, {}));
    ShiftNames();
    std::filesystem::rename(path_, path_ + ".1");
    if (late) {
      Append(path_ + ".1", std::exchange(half_, {}));
      if (random_() % 2 == 0) life_->Settle();
      Append(path_ + ".1", SourceLine(second_, ++number_));
      ++written_[FloorToSecond(SourceBench::Start()) + second_];
    }
    if (random_() % 3 == 0) life_->Settle();
    BeginFile();
  }
  // A file is seen with its first line before it is rotated again: of one that came and went between two looks, 200 ms
  // apart, nothing can be known.
  void BeginFile() {
    Write(SourceLine(second_, ++number_));
    ++written_[FloorToSecond(SourceBench::Start()) + second_];
    life_->Settle();
  }
  void CopyTruncate() {
    if (!half_.empty()) Write(std::exchange(half_, {}));
    ShiftNames();
    std::filesystem::copy_file(path_, path_ + ".1");
    std::filesystem::resize_file(path_, 0);
    if (random_() % 2 == 0) life_->Settle();
    BeginFile();
  }
  void ShiftNames() {
    for (int i = 200; i > 0; --i) {
      const std::string from = path_ + "." + std::to_string(i);
      if (std::filesystem::exists(from)) std::filesystem::rename(from, path_ + "." + std::to_string(i + 1));
    }
  }
  void Write(std::string_view text) { Append(path_, text); }
  void Restart() {
    if (life_ != nullptr) told_ += life_->bench.events();
    told_ += "restart\n";
    life_.reset();
    life_ = std::make_unique<Life>(&clock_, &kept_, path_);
    life_->Settle();
  }

  std::mt19937 random_;
  TestFolder folder_;
  std::string path_ = folder_.Path("access.log");
  FixedClock clock_{SourceBench::Start()};
  Kept kept_;
  std::unique_ptr<Life> life_;
  std::map<int64_t, uint32_t> written_;
  std::string half_;
  std::string told_;
  int64_t second_ = 0;
  int number_ = 0;
};

TEST(TailerProperty, NoLineIsLostOrCountedTwiceWhateverHappens) {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    Story story(seed);
    story.Run(120);
    ASSERT_EQ(story.kept(), story.written()) << "seed " << seed << "\n" << story.Told();
  }
}

}  // namespace
}  // namespace revertd
