// Runs a program and says what it cost, to the microsecond; a shell's `time` rounds to milliseconds, which wc needs few
// of:
//   cost FILE PROGRAM [ARGUMENT...]
// FILE gets one line: wall seconds, CPU seconds (user and system), peak resident bytes of the program and of all that
// it waited for. The answer is the program's own exit code.
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <chrono>
#include <cstdio>

namespace {

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("usage: cost FILE PROGRAM [ARGUMENT...]\n", stderr);
    return 2;
  }
  const auto begun = std::chrono::steady_clock::now();
  pid_t pid = 0;
  if (const int error = posix_spawnp(&pid, argv[2], nullptr, nullptr, argv + 2, environ); error != 0) {
    std::fprintf(stderr, "cost: %s cannot be run (errno %d)\n", argv[2], error);
    return 3;
  }
  int status = 0;
  rusage usage{};
  if (wait4(pid, &status, 0, &usage) != pid) return 3;
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begun;

  std::FILE* const out = std::fopen(argv[1], "w");
  if (out == nullptr) return 3;
  // ru_maxrss is in KiB.
  std::fprintf(out, "%.6f %.6f %ld\n", wall.count(), Seconds(usage.ru_utime) + Seconds(usage.ru_stime),
               usage.ru_maxrss * 1024);
  if (std::fclose(out) != 0) return 3;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
