// A source of error events: lines of NDJSON in, events and time out.
#include "ingest/sentry_stream.h"

#include <gtest/gtest.h>

#include <fstream>

#include "ingest/tailer.h"
#include "tests/ingest/source_bench.h"
#include "tests/test_folder.h"

namespace revertd {
namespace {

class KeptErrors final : public ErrorSink {
 public:
  bool OnErrorEvent(ErrorEvent event) override {
    if (is_full) return false;
    events.push_back(std::move(event));
    return true;
  }
  void OnRefusedLine() override { ++refused; }

  std::vector<ErrorEvent> events;
  int refused = 0;
  bool is_full = false;
};

std::string EventLine(int64_t second, const std::string& type, const std::string& more = "") {
  return R"({"event_id":"0123456789abcdef0123456789abcdef","timestamp":)" +
         std::to_string(SourceBench::Start() / kSecondNs + second) + R"(,"exception":{"values":[{"type":")" + type +
         R"(","value":"v"}]})" + more + "}\n";
}

// One life of a process that follows a file of events.
struct Life {
  Life(FixedClock* clock, Kept* kept, const std::string& path, ErrorSink* errors)
      : bench(clock, kept),
        loop(OpenEventLoop(false, &reason)),
        tailer(std::make_unique<Tailer>(Tailer::Options{.path = path, .from_start = true, .positions = kept->positions},
                                        ContextOf(errors))) {
    EXPECT_TRUE(tailer->Start(loop.get()).ok());
  }
  SourceContext ContextOf(ErrorSink* errors) {
    SourceContext context = bench.Context();
    context.errors = errors;
    context.service_tag = "app";
    return context;
  }
  void Settle() { bench.Settle(*tailer); }

  SourceBench bench;
  std::string reason;
  std::unique_ptr<EventLoop> loop;
  std::unique_ptr<Tailer> tailer;
};

class SentrySourceTest : public ::testing::Test {
 protected:
  void Write(const std::string& text) { std::ofstream(path_, std::ios::app | std::ios::binary) << text; }
  std::unique_ptr<Life> Begin() { return std::make_unique<Life>(&clock_, &kept_, path_, &errors_); }

  TestFolder folder_;
  std::string path_ = folder_.Path("events.ndjson");
  FixedClock clock_{SourceBench::Start()};
  Kept kept_;
  KeptErrors errors_;
};

TEST_F(SentrySourceTest, ReadsAnEventALine) {
  Write(EventLine(0, "KeyError") + "\n" + R"({"event":)" +
        EventLine(1, "TypeError").substr(0, EventLine(1, "TypeError").size() - 1) + "}\n" +
        EventLine(2, "IOError", R"(,"tags":{"app":"cart"})"));
  const auto life = Begin();
  life->Settle();
  ASSERT_EQ(errors_.events.size(), 3U);
  EXPECT_EQ(errors_.events[0].type, "KeyError");
  EXPECT_EQ(errors_.events[0].at_ns, SourceBench::Start());
  EXPECT_EQ(errors_.events[1].type, "TypeError");
  EXPECT_EQ(errors_.events[2].service_tag, "cart");
  EXPECT_EQ(life->bench.Get(Counter::kLinesSampled), 3U);
  EXPECT_EQ(life->bench.Get(Counter::kLinesEmpty), 1U);
}

TEST_F(SentrySourceTest, EveryLineIsCountedOnce) {
  Write("no json\n" + EventLine(0, "KeyError") + "[1]\n" + EventLine(100'000, "FromFuture") + "\n");
  const auto life = Begin();
  life->Settle();
  errors_.is_full = true;
  Write(EventLine(1, "NoRoom"));
  life->Settle();
  EXPECT_EQ(errors_.refused, 2);
  EXPECT_EQ(life->bench.Get(Counter::kLinesNoFormat), 2U);
  EXPECT_EQ(life->bench.Get(Counter::kLinesFromFuture), 1U);
  EXPECT_EQ(life->bench.Get(Counter::kLinesNoRoomInRing), 1U);
  EXPECT_EQ(life->bench.Get(Counter::kLinesRead), life->bench.Get(Counter::kLinesSampled) + life->bench.Drops());
}

// An event with its stack is longer than any line of an access log.
TEST_F(SentrySourceTest, TakesLongLines) {
  Write(EventLine(0, "KeyError", R"(,"extra":{"x":")" + std::string(900 * 1024, 'x') + "\"}") +
        EventLine(0, "TooLong", R"(,"extra":{"x":")" + std::string(1100 * 1024, 'x') + "\"}") + EventLine(0, "After"));
  const auto life = Begin();
  life->Settle();
  ASSERT_EQ(errors_.events.size(), 2U);
  EXPECT_EQ(errors_.events[0].type, "KeyError");
  EXPECT_EQ(errors_.events[1].type, "After");
  EXPECT_EQ(life->bench.Get(Counter::kLinesTooLong), 1U);
}

// No access log beside it: its events alone make seconds pass, and positions follow.
TEST_F(SentrySourceTest, ItsEventsMakeTimePass) {
  Write(EventLine(0, "KeyError"));
  const auto life = Begin();
  life->Settle();
  const int64_t first = SourceBench::Start() / kSecondNs;
  EXPECT_EQ(life->bench.watermark().Newest(), first);
  Write(EventLine(30, "KeyError"));
  life->Settle();
  EXPECT_EQ(life->bench.watermark().Newest(), first + 30);
  EXPECT_GE(life->bench.watermark().SealableThrough(), first);
  life->bench.Keep(*life->tailer);
  ASSERT_EQ(kept_.positions.size(), 1U);
  EXPECT_GT(kept_.positions[0].offset, 0) << "the first event need not be read again";
}

TEST_F(SentrySourceTest, WhatAProcessBeforeHasKeptIsLeftOut) {
  kept_.requests[SourceBench::Start() / kSecondNs + 5] = 1;
  Write(EventLine(5, "Kept") + EventLine(6, "New"));
  const auto life = Begin();
  life->Settle();
  ASSERT_EQ(errors_.events.size(), 1U);
  EXPECT_EQ(errors_.events[0].type, "New");
  EXPECT_EQ(life->bench.Get(Counter::kLinesAlreadyCounted), 1U);
}

}  // namespace
}  // namespace revertd
