#include "ingest/message_stream.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "tests/ingest/source_bench.h"

namespace revertd {
namespace {

// A stream with a life of its own.
class Life {
 public:
  MessageStream& stream() { return stream_; }
  // All but how soon lines were read.
  CounterValues Counted() {
    stream_.Flush();
    CounterValues values{};
    for (size_t i = 0; i < kCounterCount; ++i) values[i] = bench_.Get(static_cast<Counter>(i));
    values[static_cast<size_t>(Counter::kLinesSlowPath)] = 0;
    return values;
  }
  uint64_t Get(Counter counter) {
    stream_.Flush();
    return bench_.Get(counter);
  }

 private:
  FixedClock clock_{SourceBench::Start()};
  Kept kept_;
  SourceBench bench_{&clock_, &kept_};
  const SourceContext context_ = bench_.Context();
  MessageStream stream_{&context_};
};

constexpr std::string_view kHeads[] = {
    "",
    "<190>Nov 21 03:10:00 lb1 nginx: ",
    "<190>Nov 21 03:10:00 lb1 haproxy[71]: ",
    "<6>Nov  1 03:10:00 nginx: ",
    "<134>1 2026-11-21T03:10:00.003Z lb1 nginx 71 - [a b=\"]\\\"\"] \xEF\xBB\xBF",
    "<134>2026-11-21T03:10:00+00:00 lb1 nginx: ",
    "Nov 21 03:10:00 lb1 nginx: ",
    "<190>Nov 21 03:10:00 relay nginx: <190>Nov 21 03:10:00 lb1 nginx: ",
    "<190>Nov 21 03:10:00 ",
    "<190>no head ",
    "<",
    "<1>\n",
    "<190>Nov 21 03:10:00 lb1\n",
};

TEST(MessageStream, TakesAHeadOffSoThatLinesAreReadFast) {
  Life life;
  for (int i = 0; i < 100; ++i) {
    const std::string line = SourceLine(0, i);
    life.stream().AddMessage(std::string(kHeads[1]) + line.substr(0, line.size() - 1));
    life.Get(Counter::kLinesRead);  // each by itself, as an idle socket brings them
  }
  EXPECT_EQ(life.Get(Counter::kLinesSampled), 100U);
  EXPECT_LE(life.Get(Counter::kLinesSlowPath), 1U) << "the first finds out the format";
  EXPECT_EQ(life.Get(Counter::kBytesRead), 100 * (kHeads[1].size() + SourceLine(0, 1).size()) + 90)
      << "the head's bytes were read too; 90 numbers have two digits";
}

// The witness: the exact reader, which takes heads off line by line.
TEST(MessageStream, MessagesBecomeWhatTheirLinesWould) {
  constexpr unsigned kSeed = 11;
  std::mt19937 random(kSeed);
  Life ours;
  Life witness;
  const auto tell = [&](const std::string& message) {
    ours.stream().AddMessage(message);
    witness.stream().Add(message.ends_with('\n') ? message : message + "\n");
    ASSERT_EQ(ours.Counted(), witness.Counted()) << "seed " << kSeed << ": " << message;
  };
  for (const std::string_view head : kHeads) {
    const std::string line = SourceLine(0, 1);
    for (const std::string& body : {std::string(), line, line.substr(0, line.size() - 1), line + line,
                                    line + std::string(head) + line, "\n" + line, std::string("torn")}) {
      tell(std::string(head) + body);
    }
  }
  for (int i = 0; i < 3'000; ++i) {
    std::string message = std::string(kHeads[random() % std::size(kHeads)]) + SourceLine(0, i);
    for (auto changes = random() % 3; changes > 0; --changes) {
      constexpr std::string_view kBytes = "<>1: \n-]\"Nx";
      message[random() % std::min<size_t>(message.size(), 60)] = kBytes[random() % kBytes.size()];
    }
    tell(message);
  }
}

}  // namespace
}  // namespace revertd
