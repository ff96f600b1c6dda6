// How soon and at what cost a line that is written to a pipe is counted, beside a plain blocking read() loop:
//   live_bench [ROUNDS [IDLE_LINES [BUSY_LINES]]]      default 5 rounds of 1000 and 600000
//
// idle: a line every 2 ms; from before write() until another thread sees it counted (lines_sampled: it is in a window).
// busy: 600,000 lines a second, a write() each; the reader's CPU time, and the same latency of every line.
// The plain loop reads, counts line ends and publishes the count: nothing could do less. Ours is what `revertd run`
// does: SourceSet with stdin on its event loop, format found out, parsed, counted in windows. Both read in turn, in one
// process, on the same processor. Every line must be counted, or the run stops.
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <optional>

#include "base/limits.h"
#include "bench/live_reader.h"

namespace revertd {
namespace {

constexpr DurationNs kIdleGap = 2 * kMillisecondNs;
constexpr int64_t kBusyLinesPerSecond = 600'000;
constexpr DurationNs kPatience = 20 * kSecondNs;  // then a line counts as lost

// Both readers: Read() until the pipe's end, lines() for any thread.
class PlainReader {
 public:
  explicit PlainReader(int fd) : fd_(fd) {}
  void Read() {
    std::vector<char> buffer(kReadBytes);
    ssize_t bytes = 0;
    while ((bytes = ::read(fd_, buffer.data(), buffer.size())) > 0) {
      const auto count = std::count(buffer.begin(), buffer.begin() + bytes, '\n');
      lines_.store(lines_.load(std::memory_order_relaxed) + static_cast<uint64_t>(count), std::memory_order_relaxed);
    }
  }
  uint64_t lines() const { return lines_.load(std::memory_order_relaxed); }

 private:
  const int fd_;
  std::atomic<uint64_t> lines_{0};
};

class RevertdReader {
 public:
  explicit RevertdReader(int fd) : source_(SourceConfig(), fd) {}
  void Read() { source_.Read(); }
  uint64_t lines() const { return source_.Get(Counter::kLinesSampled); }

 private:
  LiveSource source_;
};

// A pipe with a reader on its own thread; the thread that makes it writes, and sees what was counted.
template <typename Reader>
class Run {
 public:
  explicit Run(size_t lines) {
    int fds[2];
    REVERTD_CHECK(::pipe2(fds, O_CLOEXEC) == 0);
    read_end_ = fds[0];
    write_end_ = fds[1];
    reader_ = std::make_unique<Reader>(read_end_);
    begun_.reserve(lines);
    latencies_us_.reserve(lines);
    thread_.emplace([this] { reader_->Read(); });
  }
  ~Run() {
    ::close(write_end_);
    thread_->Join();
    reader_.reset();
    ::close(read_end_);
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  DurationNs CpuNs() const { return thread_->CpuNs(); }

  // Writes line `i` and answers when that began.
  TimeNs Write(size_t i) {
    const std::string& line = lines_[i % lines_.size()];
    const TimeNs begun = MonotonicNow();
    REVERTD_CHECK(::write(write_end_, line.data(), line.size()) == static_cast<ssize_t>(line.size()));
    begun_.push_back(begun);
    return begun;
  }
  // Notes for every line that is counted by now how long it took, in us.
  void Look() {
    const uint64_t counted = reader_->lines();
    if (counted == latencies_us_.size()) return;
    REVERTD_CHECK(counted <= begun_.size());
    const TimeNs now = MonotonicNow();
    while (latencies_us_.size() < counted) {
      latencies_us_.push_back(static_cast<double>(now - begun_[latencies_us_.size()]) / kMicrosecondNs);
    }
  }
  // Until everything that was written is counted. The check of the answer: a line that is not counted ends the run.
  void LookUntilAllAreCounted() {
    const TimeNs begun = MonotonicNow();
    while (latencies_us_.size() < begun_.size()) {
      Look();
      REVERTD_CHECK(MonotonicNow() - begun < kPatience);
    }
  }
  std::vector<double>* latencies_us() { return &latencies_us_; }

 private:
  const std::vector<std::string> lines_ = MakeLines("");
  int read_end_ = -1;
  int write_end_ = -1;
  std::unique_ptr<Reader> reader_;
  std::optional<ReaderThread> thread_;
  std::vector<TimeNs> begun_;
  std::vector<double> latencies_us_;
};

// What a round of one reader came to; medians of all rounds are compared.
struct Figures {
  std::vector<double> idle_p50_us;
  std::vector<double> idle_p99_us;
  std::vector<double> busy_p99_us;
  std::vector<double> busy_cpu_ns;  // a line
};

template <typename Reader>
void MeasureIdle(const std::string& name, size_t lines, Figures* figures) {
  Run<Reader> run(lines);
  SystemClock clock;
  for (size_t i = 0; i < lines; ++i) {
    clock.SleepFor(kIdleGap);
    run.Write(i);
    run.LookUntilAllAreCounted();
  }
  figures->idle_p50_us.push_back(PercentileOf(run.latencies_us(), 0.50));
  figures->idle_p99_us.push_back(PercentileOf(run.latencies_us(), 0.99));
  Tell(name + "_idle_p50_us", figures->idle_p50_us.back());
  Tell(name + "_idle_p99_us", figures->idle_p99_us.back());
}

template <typename Reader>
void MeasureBusy(const std::string& name, size_t lines, Figures* figures) {
  Run<Reader> run(lines + 1);
  run.Write(0);  // the first line finds out the format, and memory is touched
  run.LookUntilAllAreCounted();
  const DurationNs cpu_before = run.CpuNs();
  const TimeNs begun = MonotonicNow();
  for (size_t i = 1; i <= lines; ++i) {
    const TimeNs due = begun + static_cast<TimeNs>(i) * kSecondNs / kBusyLinesPerSecond;
    do run.Look();
    while (MonotonicNow() < due);
    run.Write(i);
  }
  const double seconds = static_cast<double>(MonotonicNow() - begun) / kSecondNs;
  run.LookUntilAllAreCounted();
  figures->busy_cpu_ns.push_back(static_cast<double>(run.CpuNs() - cpu_before) / static_cast<double>(lines));
  figures->busy_p99_us.push_back(PercentileOf(run.latencies_us(), 0.99));
  Tell(name + "_busy_lines_per_second", static_cast<double>(lines) / seconds);
  Tell(name + "_busy_cpu_ns_a_line", figures->busy_cpu_ns.back());
  Tell(name + "_busy_p50_us", PercentileOf(run.latencies_us(), 0.50));
  Tell(name + "_busy_p99_us", figures->busy_p99_us.back());
}

int Main(int argc, char** argv) {
  const size_t rounds = ArgumentOr(argc, argv, 1, 5);
  const size_t idle_lines = ArgumentOr(argc, argv, 2, 1'000);
  const size_t busy_lines = ArgumentOr(argc, argv, 3, 600'000);
  Figures plain;
  Figures revertd;
  for (size_t round = 1; round <= rounds; ++round) {
    const std::string number = "live_round" + std::to_string(round);
    MeasureIdle<PlainReader>(number + "_plain", idle_lines, &plain);
    MeasureIdle<RevertdReader>(number + "_revertd", idle_lines, &revertd);
    MeasureBusy<PlainReader>(number + "_plain", busy_lines, &plain);
    MeasureBusy<RevertdReader>(number + "_revertd", busy_lines, &revertd);
  }
  Tell("idle_p50_ratio", Median(revertd.idle_p50_us) / Median(plain.idle_p50_us));
  Tell("idle_p99_ratio", Median(revertd.idle_p99_us) / Median(plain.idle_p99_us));
  Tell("busy_cpu_ratio", Median(revertd.busy_cpu_ns) / Median(plain.busy_cpu_ns));
  Tell("busy_p99_us", Median(revertd.busy_p99_us));
  return 0;
}

}  // namespace
}  // namespace revertd

int main(int argc, char** argv) { return revertd::Main(argc, argv); }
