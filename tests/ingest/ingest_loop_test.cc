#include "ingest/ingest_loop.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "base/time_format.h"
#include "tests/ingest/fakes.h"
#include "tests/ingest/shared_data.h"

namespace revertd {
namespace {

constexpr std::string_view kLine =
    R"(Shop.example.com:443 192.0.2.7 - - [21/Nov/2026:03:10:09 +0000] "GET /a HTTP/2.0" 200 20 "-" "x" 1.250)";

// The whole path over one text, with a reader that takes windows after every batch.
struct Pipeline {
  Status Run(const std::string& text, std::function<size_t()> next_size, Status failure = OkStatus()) {
    TextSource source(text, std::move(next_size), std::move(failure));
    const IngestLoop::Options options;
    IngestLoop loop(options, &source, fixed, &router, &recorder, &counters, &clock, [this] {
      ++batches;
      Collect();
      if (stop_after_batches == batches) stop = true;
    });
    return loop.Run(stop);
  }
  void Collect() {
    ring.Collect([this](const Window& window) {
      for (uint32_t count : window.by_class) requests[std::string(services.NameOf(window.service))] += count;
    });
  }
  uint64_t Drops() const {
    uint64_t drops = 0;
    for (size_t i = 0; i < kCounterCount; ++i) {
      if (IsDrop(static_cast<Counter>(i))) drops += counters.Get(static_cast<Counter>(i));
    }
    return drops;
  }
  uint64_t Get(Counter counter) const { return counters.Get(counter); }

  const Format* fixed = nullptr;
  int batches = 0;
  int stop_after_batches = -1;
  std::atomic<bool> stop = false;
  std::map<std::string, uint32_t> requests;
  FixedClock clock{*ParseTime("2026-11-21T03:10:10Z")};
  Counters counters;
  ServiceTable services{kServicesDefault};
  Router router{Config{}, &services};
  WindowRing ring{kServicesDefault, kRingSeconds};
  Recorder recorder{{.lateness_seconds = 5, .live = false}, &ring, &counters, [this] {
                      Collect();
                      return true;
                    }};
};

TEST(IngestLoop, CountsEveryKindOfLineOnce) {
  std::string text;
  for (int i = 0; i < 5; ++i) text += std::string(kLine) + "\n";
  text += "\n  \nnoise\n" + std::string(kLineBytesMax + 1, 'x') + "\n" + std::string(kLine);
  for (const size_t chunk : {size_t{1}, size_t{100}, size_t{1'000'000}}) {
    Pipeline pipeline;
    ASSERT_TRUE(pipeline.Run(text, [&] { return chunk; }).ok());
    EXPECT_EQ(pipeline.Get(Counter::kLinesRead), 10U);
    EXPECT_EQ(pipeline.Get(Counter::kLinesSampled), 6U);
    EXPECT_EQ(pipeline.Get(Counter::kLinesEmpty), 2U);
    EXPECT_EQ(pipeline.Get(Counter::kLinesNoFormat), 1U);
    EXPECT_EQ(pipeline.Get(Counter::kLinesTooLong), 1U);
    EXPECT_EQ(pipeline.Get(Counter::kLinesUnterminated), 1U);
    EXPECT_EQ(pipeline.Get(Counter::kBytesRead), text.size());
    EXPECT_EQ(pipeline.requests, (std::map<std::string, uint32_t>{{"shop.example.com", 6}}));
  }
}

// A plan may take more for granted where no other format is asked; it has to be told so.
TEST(IngestLoop, AFixedFormatIsReadByItsPlan) {
  constexpr int kLines = 1'000;
  for (const auto& [format, line] : std::map<std::string_view, std::string>{
           {"json",
            R"({"time":"2026-11-21T03:10:09Z","host":"shop.example.com","method":"GET","path":"/","status":200})"},
           {"nginx_vhost_combined_rt", std::string(kLine)},
           {"haproxy_http",
            "192.0.2.7:40112 [21/Nov/2026:03:10:09.250] www shop/web-3 0/0/0/7/7 200 512 - - ---- "
            "1/1/0/0/0 0/0 \"GET / HTTP/1.1\""}}) {
    Pipeline pipeline;
    pipeline.fixed = FormatNamed(format);
    ASSERT_NE(pipeline.fixed, nullptr) << format;
    std::string text;
    for (int i = 0; i < kLines; ++i) text += line + "\n";
    ASSERT_TRUE(pipeline.Run(text, [] { return size_t{10'000}; }).ok());
    EXPECT_EQ(pipeline.Get(Counter::kLinesSampled), kLines) << format;
    EXPECT_LT(pipeline.Get(Counter::kLinesSlowPath), kLines / 10) << format;
  }
}

TEST(IngestLoop, BearsSilence) {
  Pipeline pipeline;
  int calls = 0;
  ASSERT_TRUE(pipeline.Run(std::string(kLine) + "\n", [&] { return ++calls % 3 == 0 ? size_t{10} : size_t{0}; }).ok());
  EXPECT_EQ(pipeline.Get(Counter::kLinesSampled), 1U);
  EXPECT_EQ(pipeline.batches, calls + 1) << "a batch after every read, silent ones too, and at the end";
}

TEST(IngestLoop, AStopHandsOverWhatWasCounted) {
  Pipeline pipeline;
  pipeline.stop_after_batches = 2;
  const std::string line = std::string(kLine) + "\n";
  ASSERT_TRUE(pipeline.Run(line + line + line, [&] { return line.size(); }).ok());
  EXPECT_EQ(pipeline.Get(Counter::kLinesRead), 2U);
  EXPECT_EQ(pipeline.requests, (std::map<std::string, uint32_t>{{"shop.example.com", 2}}));
}

TEST(IngestLoop, KeepsWhatCameBeforeAReadError) {
  Pipeline pipeline;
  const Status status = pipeline.Run(
      std::string(kLine) + "\n", [] { return size_t{50}; }, Unavailable("the disk died"));
  EXPECT_EQ(MessageOf(status), "the disk died");
  EXPECT_EQ(pipeline.Get(Counter::kReadErrors), 1U);
  EXPECT_EQ(pipeline.requests, (std::map<std::string, uint32_t>{{"shop.example.com", 1}}));
}

TEST(IngestLoop, CountsServicesBeyondTheTable) {
  Pipeline pipeline;
  std::string text;
  for (uint32_t i = 0; i < kServicesDefault + 10; ++i) text += "host" + std::to_string(i) + std::string(kLine) + "\n";
  ASSERT_TRUE(pipeline.Run(text, [] { return size_t{777}; }).ok());
  EXPECT_EQ(pipeline.Get(Counter::kServicesOverflow), 11U);  // _other holds a place of its own
  EXPECT_EQ(pipeline.Get(Counter::kLinesSampled), kServicesDefault + 10);
  EXPECT_EQ(pipeline.requests["_other"], 11U);
}

// Real lines damaged in stated ways: nothing crashes, and every line is one sample or one drop.
TEST(IngestLoop, ConservesDamagedStreams) {
  const auto folder = SharedDataPath("access/damaged");
  if (!std::filesystem::is_directory(folder)) GTEST_SKIP() << "NOT TESTED: no " << folder;
  constexpr unsigned kSeed = 11;
  std::mt19937 random(kSeed);
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".log") continue;
    ++files;
    const std::string text = *ReadSharedFile("access/damaged/" + entry.path().filename().string());
    Pipeline pipeline;
    ASSERT_TRUE(pipeline.Run(text, [&] { return 1 + random() % 5000; }).ok());
    const auto newlines = static_cast<uint64_t>(std::count(text.begin(), text.end(), '\n'));
    const uint64_t lines = newlines + (text.ends_with('\n') ? 0 : 1);
    EXPECT_EQ(pipeline.Get(Counter::kLinesRead), lines) << entry.path();
    EXPECT_EQ(pipeline.Get(Counter::kLinesSampled) + pipeline.Drops(), lines) << entry.path() << " seed " << kSeed;
    uint64_t collected = 0;
    for (const auto& [service, count] : pipeline.requests) collected += count;
    EXPECT_EQ(collected, pipeline.Get(Counter::kLinesSampled)) << entry.path();
    // The files are not in the order of time, so many a good line comes too late for its second.
    const uint64_t readable = collected + pipeline.Get(Counter::kLinesTooLate);
    std::printf("%s: %llu lines, %llu readable\n", entry.path().filename().c_str(),
                static_cast<unsigned long long>(lines), static_cast<unsigned long long>(readable));
  }
  EXPECT_GE(files, 10) << "the data set lost its files";
}

TEST(IngestLoop, ReadsCrLfAsLf) {
  const auto with_cr = ReadSharedFile("access/damaged/crlf.log");
  if (!with_cr) GTEST_SKIP() << "NOT TESTED: no " << SharedDataPath("access/damaged/crlf.log");
  std::string without_cr = *with_cr;
  std::erase(without_cr, '\r');
  ASSERT_LT(without_cr.size(), with_cr->size());
  Pipeline crlf;
  Pipeline lf;
  ASSERT_TRUE(crlf.Run(*with_cr, [] { return size_t{333}; }).ok());
  ASSERT_TRUE(lf.Run(without_cr, [] { return size_t{333}; }).ok());
  EXPECT_GT(crlf.Get(Counter::kLinesSampled), 0U);
  EXPECT_EQ(crlf.requests, lf.requests);
  for (const Counter counter : {Counter::kLinesRead, Counter::kLinesSampled, Counter::kLinesTooLate,
                                Counter::kLinesNoFormat, Counter::kLinesBadField}) {
    EXPECT_EQ(crlf.Get(counter), lf.Get(counter)) << NameOf(counter);
  }
}

}  // namespace
}  // namespace revertd
