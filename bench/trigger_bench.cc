// How long after the line that decides a rollback its trigger is durable:
//   trigger_bench [IDLE [BUSY [LINES_PER_SECOND [FOLDER]]]]      default 600, 300 triggers, 600000, in $TMPDIR
//
// Real processes of `revertd run` read a pipe; one deploy after the other fails, and each trigger is a sample. The
// deciding line is the first one of the second that makes final the second in which the evidence suffices: which that
// is says a run of the analysis alone over the same seconds (trigger_cases.h), before anything is timed. From before
// its write() until `revertd run` prints the decision, which it does once the trigger's row is synced; that it can be
// read by then is asked of the database each time. idle: nothing but the lines of three services. busy: beside them
// LINES_PER_SECOND of 48 other services, a write() each, on the same pipe. The log's clock runs faster than the wall's,
// so that samples come several a second: history is written that much more densely than it would be.
// The triggers must be those of the plan and every line must be counted, or the run stops. FOLDER's file system is what
// is measured: the same many fdatasync() calls alone, just before, say what of it is the disk.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <thread>

#include "base/limits.h"
#include "bench/live_reader.h"
#include "bench/trigger_cases.h"
#include "config/load.h"
#include "store/state_store.h"

namespace revertd::bench {
namespace {

constexpr DurationNs kIdleSecond = 2 * kMillisecondNs;  // what a second of the log takes
constexpr DurationNs kBusySecond = 10 * kMillisecondNs;
// Before a deciding line, so that it meets every phase of what revertd does at its own times.
constexpr int64_t kQuietMillisecondsMin = 50;
constexpr int64_t kQuietMillisecondsMax = 150;
// A service's oldest deploys are forgotten beyond 512 (analysis/deploy_registry.h), and what they brought is then taken
// for usual.
constexpr size_t kTriggersOfAProcess = 300;
constexpr DurationNs kDiskRest = 20 * kMillisecondNs;  // between two probes of the disk alone
constexpr DurationNs kPatience = 20 * kSecondNs;       // then a trigger counts as lost
// Of the log's past: the gate counts proposals of the last 24 hours.
constexpr int64_t kLogAgeSeconds = int64_t{48} * 3600;
constexpr uint64_t kSeed = 11;

// A program with pipes for its stdin and stdout.
class Program {
 public:
  // The first word is its path.
  Program(std::vector<std::string> words, const std::string& error_file) {
    int in[2];
    int out[2];
    REVERTD_CHECK(::pipe2(in, O_CLOEXEC) == 0 && ::pipe2(out, O_CLOEXEC) == 0);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, error_file.c_str(), O_CREAT | O_WRONLY, 0600);
    std::vector<char*> argv;
    argv.reserve(words.size() + 1);
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    REVERTD_CHECK(::posix_spawn(&process_, argv.front(), &actions, nullptr, argv.data(), environ) == 0);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(in[0]);
    ::close(out[1]);
    in_ = in[1];
    out_ = out[0];
  }
  ~Program() { ::close(out_); }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  int in() const { return in_; }
  int out() const { return out_; }
  // Its stdin ends; how it ended.
  int End() {
    ::close(in_);
    int status = 0;
    REVERTD_CHECK(::waitpid(process_, &status, 0) == process_);
    return status;
  }

 private:
  pid_t process_ = 0;
  int in_ = -1;
  int out_ = -1;
};

// Reads what revertd tells, registers each deploy when the one before it is decided, and notes when that was.
class Witness {
 public:
  Witness(const std::vector<TriggerCase>& cases, int events_fd, std::string state)
      : cases_(cases), events_fd_(events_fd), state_(std::move(state)), told_at_(cases.size()) {
    thread_ = std::thread([this] { Run(); });
  }
  ~Witness() { thread_.join(); }
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;

  size_t registered() const { return registered_.load(std::memory_order_acquire); }
  size_t decided() const { return decided_.load(std::memory_order_acquire); }
  TimeNs told_at(size_t number) const { return told_at_[number]; }  // of one that is decided

 private:
  std::unique_ptr<StateStore> Open(StateStore::Access access) {
    const TimeNs begun = MonotonicNow();
    while (true) {
      auto store = StateStore::Open(state_, access);
      if (store.ok()) return *std::move(store);
      REVERTD_CHECK(MonotonicNow() - begun < kPatience);  // it is not there yet
      clock_.SleepFor(kMillisecondNs);
    }
  }

  void Run() {
    inbox_ = Open(StateStore::Access::kInboxOnly);
    reader_ = Open(StateStore::Access::kReadOnly);
    Register(cases_.front().deploy);
    std::string text;
    std::array<char, 4096> buffer{};
    ssize_t bytes = 0;
    while ((bytes = ::read(events_fd_, buffer.data(), buffer.size())) > 0) {
      const TimeNs now = MonotonicNow();
      text.append(buffer.data(), static_cast<size_t>(bytes));
      const size_t end = text.rfind('\n') + 1;
      for (const std::string_view line : Split(std::string_view(text).substr(0, end), '\n')) OnEvent(line, now);
      text.erase(0, end);
    }
  }

  // As `revertd deploy start` and `finish` do.
  void Register(const Deploy& deploy) {
    InboxMessage message;
    message.kind = InboxMessage::Kind::kDeployStart;
    message.deploy = deploy;
    message.deploy.finish_ns = 0;
    REVERTD_CHECK(inbox_->Post(message).ok());
    message.kind = InboxMessage::Kind::kDeployFinish;
    message.deploy = deploy;
    REVERTD_CHECK(inbox_->Post(message).ok());
  }

  void OnEvent(std::string_view event, TimeNs now) {
    const auto has = [event](std::string_view part) { return event.find(part) != std::string_view::npos; };
    const auto is_of = [&](size_t number) {
      return number < cases_.size() && has("\"deploy\":\"" + cases_[number].deploy.id + "\"");
    };
    if (has("\"event\":\"deploy\"") && has("\"finish_ns\":") && is_of(registered())) {
      registered_.store(registered() + 1, std::memory_order_release);
    }
    const size_t number = decided();
    if (!has("\"event\":\"decision\"") || !is_of(number)) return;
    REVERTD_CHECK(has("\"decision\":\"propose\""));
    CheckRow(cases_[number]);
    told_at_[number] = now;
    decided_.store(number + 1, std::memory_order_release);
    if (number + 1 < cases_.size()) Register(cases_[number + 1].deploy);
  }

  void CheckRow(const TriggerCase& expected) {
    const Deploy& deploy = expected.deploy;
    const auto row = reader_->ReadTrigger(MakeTriggerId(deploy.service, deploy.head, deploy.start_ns));
    REVERTD_CHECK(row.ok() && row->has_value());
    REVERTD_CHECK((*row)->created_ns == (expected.decided_second + 1) * kSecondNs);
  }

  const std::vector<TriggerCase>& cases_;
  const int events_fd_;
  const std::string state_;
  SystemClock clock_;
  std::unique_ptr<StateStore> inbox_;
  std::unique_ptr<StateStore> reader_;
  std::vector<TimeNs> told_at_;
  std::atomic<size_t> registered_{0};
  std::atomic<size_t> decided_{0};
  std::thread thread_;
};

// Writes the log: the seconds of the plan, and in the time between them, where asked for, lines of other services.
class LogWriter {
 public:
  LogWriter(int fd, size_t others_per_second, int64_t bad_from)
      : fd_(fd), others_per_second_(others_per_second), bad_from_(bad_from) {
    for (int i = 0; i < kOtherServices; ++i) {
      others_.push_back(OtherHost(i) + TextOf({}, 0).substr(std::string_view(".test").size()));
    }
    begun_ = MonotonicNow();
  }

  // Line `i` of `second`; answers when its write() began.
  TimeNs Write(int64_t second, size_t i) {
    const std::string text = TextOf(LineAt(second, i, bad_from_), second);
    const TimeNs begun = MonotonicNow();
    WriteText(text);
    return begun;
  }
  void WriteSecond(int64_t second, size_t from) {
    for (size_t i = from; i < kLinesPerSecond; ++i) Write(second, i);
    const std::string stamped = TextOf({}, second);
    const size_t stamp = stamped.find('[');
    const size_t size = stamped.find(']') - stamp;
    for (std::string& other : others_) other.replace(other.find('['), size, stamped, stamp, size);
  }
  // Lines of the second written last, or silence, until `done()`.
  template <typename Done>
  void Beside(Done done) {
    while (!done()) {
      if (others_per_second_ == 0) {
        clock_.SleepFor(kMillisecondNs);
      } else if (MonotonicNow() >= begun_ + OthersTake(others_written_ + 1)) {
        WriteText(others_[others_written_++ % others_.size()]);
      }
    }
  }
  void BesideFor(DurationNs duration) {
    const TimeNs until = MonotonicNow() + duration;
    Beside([until] { return MonotonicNow() >= until; });
  }

  uint64_t lines() const { return lines_; }
  double others_per_second() const {
    return static_cast<double>(others_written_) * kSecondNs / static_cast<double>(MonotonicNow() - begun_);
  }

 private:
  DurationNs OthersTake(uint64_t lines) const {
    return static_cast<DurationNs>(lines * kSecondNs / others_per_second_);
  }
  void WriteText(const std::string& text) {
    REVERTD_CHECK(::write(fd_, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    ++lines_;
  }

  const int fd_;
  const size_t others_per_second_;
  const int64_t bad_from_;
  SystemClock clock_;
  std::vector<std::string> others_;
  TimeNs begun_ = 0;
  uint64_t others_written_ = 0;
  uint64_t lines_ = 0;
};

// Every line counted, every trigger there and no other.
void CheckState(const std::string& state, size_t triggers, uint64_t lines) {
  const auto store = StateStore::Open(state, StateStore::Access::kReadOnly);
  REVERTD_CHECK(store.ok());
  const auto kept = (*store)->ReadTriggers();
  REVERTD_CHECK(kept.ok() && kept->size() == triggers);
  const auto status = (*store)->ReadStatus();
  REVERTD_CHECK(status.ok() && status->has_value());
  REVERTD_CHECK((*status)->find("\"lines_sampled\":" + std::to_string(lines) + ",") != std::string::npos);
}

// What of a trigger is the disk: some pages written over others, as a log of transactions is, and their fdatasync().
void MeasureDisk(const std::string& name, const std::string& folder, size_t times) {
  constexpr size_t kTransactionBytes = size_t{3} * 4096;
  std::filesystem::create_directories(folder);
  const int fd = ::open((folder + "/disk").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  REVERTD_CHECK(fd >= 0);
  const std::string pages(kTransactionBytes, 'x');
  const auto write = [&](size_t i) {
    const auto place = static_cast<off_t>(i * pages.size());
    REVERTD_CHECK(::pwrite(fd, pages.data(), pages.size(), place) == static_cast<ssize_t>(pages.size()));
  };
  for (size_t i = 0; i < times; ++i) write(i);
  REVERTD_CHECK(::fsync(fd) == 0);
  SystemClock clock;
  std::vector<double> milliseconds;
  for (size_t i = 0; i < times; ++i) {
    clock.SleepFor(kDiskRest);
    const TimeNs begun = MonotonicNow();
    write(i);
    REVERTD_CHECK(::fdatasync(fd) == 0);
    milliseconds.push_back(static_cast<double>(MonotonicNow() - begun) / kMillisecondNs);
  }
  ::close(fd);
  Tell(name + "_fdatasync_p50_ms", PercentileOf(&milliseconds, 0.5));
  Tell(name + "_fdatasync_p99_ms", PercentileOf(&milliseconds, 0.99));
}

struct Samples {
  std::vector<double> milliseconds;
  std::vector<double> others_per_second;  // of each process
};

// All cases of one process.
void Play(const std::vector<TriggerCase>& cases, int64_t first, const Witness& witness, LogWriter* log,
          DurationNs second_takes, Samples* samples) {
  std::mt19937_64 random(kSeed + samples->milliseconds.size());
  std::uniform_int_distribution<int64_t> quiet(kQuietMillisecondsMin, kQuietMillisecondsMax);
  const auto wait_for = [log](auto condition) {
    const TimeNs until = MonotonicNow() + kPatience;
    log->Beside([&] { return condition() || MonotonicNow() >= until; });
    REVERTD_CHECK(condition());
  };
  int64_t second = first;
  for (size_t i = 0; i < cases.size(); ++i) {
    wait_for([&] { return witness.registered() > i; });
    for (; second < cases[i].deciding_second; ++second) {
      log->WriteSecond(second, 0);
      log->BesideFor(second_takes);
    }
    log->BesideFor(quiet(random) * kMillisecondNs);
    REVERTD_CHECK(witness.decided() == i);  // not before its line
    const TimeNs begun = log->Write(second, 0);
    wait_for([&] { return witness.decided() > i; });
    samples->milliseconds.push_back(static_cast<double>(witness.told_at(i) - begun) / kMillisecondNs);
    log->WriteSecond(second++, 1);
  }
}

// A process with a state of its own, from its start to its end.
void MeasureProcess(const std::string& folder, size_t triggers, size_t others_per_second, Samples* samples) {
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  const std::string config_file = folder + "/revertd.yaml";
  std::ofstream(config_file) << ConfigText(folder);
  const auto config = LoadConfig(config_file);
  REVERTD_CHECK(config.ok());
  const int64_t first = FloorToSecond(SystemClock().Now()) - kLogAgeSeconds;
  const std::vector<TriggerCase> cases = PlanCases(*config, first, triggers);

  Program program({REVERTD_PROGRAM, "run", "--config", config_file}, folder + "/stderr");
  uint64_t lines = 0;
  {
    Witness witness(cases, program.out(), folder + "/state.db");
    LogWriter log(program.in(), others_per_second, first + kHistorySeconds);
    Play(cases, first, witness, &log, others_per_second == 0 ? kIdleSecond : kBusySecond, samples);
    samples->others_per_second.push_back(log.others_per_second());
    lines = log.lines();
    REVERTD_CHECK(program.End() == 0);
  }
  CheckState(folder + "/state.db", triggers, lines);
  std::filesystem::remove_all(folder);
}

void Measure(const std::string& name, const std::string& folder, size_t triggers, size_t others_per_second) {
  MeasureDisk(name, folder, triggers);
  Samples samples;
  while (samples.milliseconds.size() < triggers) {
    const size_t left = triggers - samples.milliseconds.size();
    MeasureProcess(folder, std::min(left, kTriggersOfAProcess), others_per_second, &samples);
  }
  Tell(name + "_triggers", static_cast<double>(triggers));
  if (others_per_second > 0) Tell(name + "_others_per_second", Median(samples.others_per_second));
  for (const auto& [quantile, share] : {std::pair("p50", 0.5), {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}}) {
    Tell(name + "_" + quantile + "_ms", PercentileOf(&samples.milliseconds, share));
  }
  Tell(name + "_max_ms", samples.milliseconds.back());
}

int Main(int argc, char** argv) {
  const size_t idle = ArgumentOr(argc, argv, 1, 600);
  const size_t busy = ArgumentOr(argc, argv, 2, 300);
  const size_t lines_per_second = ArgumentOr(argc, argv, 3, 600'000);
  const std::string parent = argc > 4 ? argv[4] : std::filesystem::temp_directory_path().string();
  const std::string folder = parent + "/revertd-trigger-bench-" + std::to_string(::getpid());
  if (idle > 0) Measure("trigger_idle", folder, idle, 0);
  if (busy > 0) Measure("trigger_busy", folder, busy, lines_per_second);
  return 0;
}

}  // namespace
}  // namespace revertd::bench

int main(int argc, char** argv) { return revertd::bench::Main(argc, argv); }
