#include "actions/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <utility>

#include "base/strings.h"

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX has no header for it

namespace revertd {
namespace {

constexpr std::string_view kDefaultPath = "/usr/local/bin:/usr/bin:/bin";

// A descriptor that closes itself.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { Close(); }
  void Reset(int number) {
    Close();
    number_ = number;
  }
  void Close() {
    if (number_ >= 0) close(number_);  // not repeated on EINTR: Linux has closed it by then
    number_ = -1;
  }
  int Release() { return std::exchange(number_, -1); }
  int number() const { return number_; }

 private:
  int number_ = -1;
};

struct Pipe {
  Descriptor read_end;
  Descriptor write_end;
};

bool OpenPipe(Pipe* out) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return false;
  out->read_end.Reset(ends[0]);
  out->write_end.Reset(ends[1]);
  return true;
}

bool IsProgram(const std::string& path) {
  struct stat found {};
  return stat(path.c_str(), &found) == 0 && S_ISREG(found.st_mode) && access(path.c_str(), X_OK) == 0;
}

StatusOr<std::string> FindProgram(const std::string& program, const std::vector<std::string>& environment) {
  if (program.find('/') != std::string::npos) {
    if (IsProgram(program)) return program;
    return NotFound(program + " is not a program that we may run");
  }
  const std::string_view path = FindVariable(environment, "PATH").value_or(kDefaultPath);
  for (std::string_view folder : Split(path, ':')) {
    if (folder.empty()) continue;  // POSIX reads it as the current folder; running what happens to lie there is a trap
    std::string candidate = std::string(folder) + "/" + program;
    if (IsProgram(candidate)) return candidate;
  }
  return NotFound(program + " is not installed (looked in PATH)");
}

std::vector<char*> PointersTo(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// All that the child needs, made before fork: after it only async-signal-safe calls are allowed.
struct ChildPlan {
  const char* path;
  char* const* arguments;
  char* const* environment;
  const char* working_directory;  // nullptr: ours
  int standard_input, standard_output, standard_error, report;
  pid_t parent;
};

// In the child: becomes the program, or writes errno to the report pipe and exits.
[[noreturn]] void BecomeProgram(const ChildPlan& plan) {
  setsid();  // own group for the kill, and no terminal at which ssh could ask for a password
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != plan.parent) _exit(127);  // the parent died before the line above
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int number : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGCHLD}) signal(number, SIG_DFL);
  constexpr int kReport = 3;  // all above it is closed
  const bool connected = dup2(plan.standard_input, 0) >= 0 && dup2(plan.standard_output, 1) >= 0 &&
                         dup2(plan.standard_error, 2) >= 0 && dup3(plan.report, kReport, O_CLOEXEC) >= 0;
  if (connected && close_range(kReport + 1, ~0U, 0) == 0 &&
      (plan.working_directory == nullptr || chdir(plan.working_directory) == 0)) {
    execve(plan.path, plan.arguments, plan.environment);
  }
  const int error = errno;
  const ssize_t written = write(connected ? kReport : plan.report, &error, sizeof(error));
  _exit(written == sizeof(error) ? 127 : 126);
}

// A descriptor numbered above those that the child overwrites.
int AboveTheStandardOnes(int number) { return number > 3 ? number : fcntl(number, F_DUPFD_CLOEXEC, 4); }

bool RaiseAll(const std::array<Descriptor*, 4>& descriptors) {
  for (Descriptor* descriptor : descriptors) {
    const int raised = AboveTheStandardOnes(descriptor->number());
    if (raised < 0) return false;
    if (raised != descriptor->number()) descriptor->Reset(raised);
  }
  return true;
}

// A descriptor that reads as `text`; -1 with errno. A pipe would want feeding while the program runs, and break under
// us when it stops reading; a file in memory asks nothing of us.
int OpenToRead(std::string_view text) {
  if (text.empty()) return open("/dev/null", O_RDONLY | O_CLOEXEC);
  Descriptor file(memfd_create("standard_input", MFD_CLOEXEC));
  while (file.number() >= 0 && !text.empty()) {
    const ssize_t count = write(file.number(), text.data(), text.size());
    if (count < 0 && errno != EINTR) return -1;
    text.remove_prefix(count > 0 ? static_cast<size_t>(count) : 0);
  }
  if (file.number() < 0 || lseek(file.number(), 0, SEEK_SET) != 0) return -1;
  return file.Release();
}

// Reads what is there; false at the end of the stream.
bool ReadSome(int descriptor, size_t bytes_max, std::string* out, bool* cut) {
  std::array<char, 16384> buffer{};
  const ssize_t count = read(descriptor, buffer.data(), buffer.size());
  if (count < 0) return errno == EINTR || errno == EAGAIN;
  if (count == 0) return false;
  const size_t room = bytes_max - std::min(bytes_max, out->size());
  const size_t kept = std::min(room, static_cast<size_t>(count));
  out->append(buffer.data(), kept);
  *cut = *cut || kept < static_cast<size_t>(count);
  return true;
}

using Steady = std::chrono::steady_clock;

// Until when a program may run.
struct TimeLimit {
  Steady::time_point deadline;
  const std::atomic<bool>* stop;

  bool over() const { return Steady::now() >= deadline || (stop != nullptr && stop->load()); }
  // To wait before asking again.
  int milliseconds() const {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Steady::now()).count();
    return static_cast<int>(std::clamp<int64_t>(left, 0, stop == nullptr ? 60'000 : 100));
  }
};

// Gathers both streams until they end or the time is up. A grandchild that keeps a stream open holds us to the time
// limit, not longer.
void Gather(Pipe* output, Pipe* error, size_t bytes_max, const TimeLimit& limit, ProcessResult* result) {
  bool output_open = true;
  bool error_open = true;
  while (output_open || error_open) {
    std::array<pollfd, 2> wanted = {pollfd{output_open ? output->read_end.number() : -1, POLLIN, 0},
                                    pollfd{error_open ? error->read_end.number() : -1, POLLIN, 0}};
    const int ready = poll(wanted.data(), wanted.size(), limit.milliseconds());
    if (ready < 0 && errno != EINTR) return;
    if (limit.over()) {
      result->timed_out = true;
      return;
    }
    if (ready <= 0) continue;
    if (wanted[0].revents != 0) {
      output_open = ReadSome(wanted[0].fd, bytes_max, &result->standard_output, &result->output_cut);
    }
    if (wanted[1].revents != 0) {
      error_open = ReadSome(wanted[1].fd, bytes_max, &result->standard_error, &result->output_cut);
    }
  }
}

// Waits for the child; past the deadline kills its group first. The streams have usually ended, so the child is about
// to; a child that closed its streams and lives on is polled, since no portable wait has a time limit.
int Reap(pid_t child, const TimeLimit& limit, ProcessResult* result) {
  constexpr int kPollMilliseconds = 2;
  int wait_status = 0;
  for (;;) {
    const bool late = result->timed_out || limit.over();
    if (late) {
      result->timed_out = true;
      kill(-child, SIGKILL);
      kill(child, SIGKILL);  // it may not have reached setsid yet
    }
    const pid_t waited = waitpid(child, &wait_status, late ? 0 : WNOHANG);
    if (waited == child) return wait_status;
    if (waited < 0 && errno != EINTR) return 0;
    if (waited == 0) poll(nullptr, 0, kPollMilliseconds);
  }
}

Status WhyNotStarted(const ProcessSpec& spec, int error) {
  if (error == ENOENT && !spec.working_directory.empty() && access(spec.working_directory.c_str(), X_OK) != 0) {
    return Unavailable("running " + spec.program + " in " + spec.working_directory + ": " + std::strerror(ENOENT));
  }
  return Unavailable("running " + spec.program + ": " + std::strerror(error));
}

}  // namespace

StatusOr<ProcessResult> RunProcess(const ProcessSpec& spec) {
  const StatusOr<std::string> path = FindProgram(spec.program, spec.environment);
  if (!path.ok()) return path.status();
  if (spec.standard_input.size() > kStandardInputBytesMax) {
    return FailedPrecondition("running " + spec.program + ": more than " + std::to_string(kStandardInputBytesMax) +
                              " bytes of standard input");
  }

  Pipe output;
  Pipe error;
  Pipe report;
  Descriptor input(OpenToRead(spec.standard_input));
  if (input.number() < 0 || !OpenPipe(&output) || !OpenPipe(&error) || !OpenPipe(&report) ||
      !RaiseAll({&input, &output.write_end, &error.write_end, &report.write_end})) {
    return WhyNotStarted(spec, errno);
  }

  std::vector<std::string> arguments = {spec.program};
  arguments.insert(arguments.end(), spec.arguments.begin(), spec.arguments.end());
  std::vector<std::string> environment = spec.environment;
  const std::vector<char*> argument_pointers = PointersTo(arguments);
  const std::vector<char*> environment_pointers = PointersTo(environment);
  const ChildPlan plan = {path->c_str(),
                          argument_pointers.data(),
                          environment_pointers.data(),
                          spec.working_directory.empty() ? nullptr : spec.working_directory.c_str(),
                          input.number(),
                          output.write_end.number(),
                          error.write_end.number(),
                          report.write_end.number(),
                          getpid()};
  const TimeLimit limit{Steady::now() + std::chrono::nanoseconds(spec.time_limit_ns), spec.stop};
  const pid_t child = fork();
  if (child < 0) return WhyNotStarted(spec, errno);
  if (child == 0) BecomeProgram(plan);
  output.write_end.Close();
  error.write_end.Close();
  report.write_end.Close();

  ProcessResult result;
  Gather(&output, &error, spec.output_bytes_max, limit, &result);
  const int wait_status = Reap(child, limit, &result);
  int exec_error = 0;
  if (read(report.read_end.number(), &exec_error, sizeof(exec_error)) == sizeof(exec_error)) {
    return WhyNotStarted(spec, exec_error);
  }
  result.exit_code = WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
  return result;
}

Status CheckProgram(const std::string& program, const std::vector<std::string>& environment) {
  return FindProgram(program, environment).status();
}

std::vector<std::string> OwnEnvironment() {
  std::vector<std::string> environment;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    environment.emplace_back(*variable);
  }
  return environment;
}

std::optional<std::string_view> FindVariable(const std::vector<std::string>& environment, std::string_view name) {
  for (std::string_view variable : environment) {
    if (variable.size() > name.size() && variable.starts_with(name) && variable[name.size()] == '=') {
      return variable.substr(name.size() + 1);
    }
  }
  return std::nullopt;
}

}  // namespace revertd
