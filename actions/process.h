// RunProcess: runs one program to its end, with limits on its time and on what is kept of its output. For git; there is
// no shell anywhere between the arguments and the program.
//
// Thread contract: any thread; calls share nothing. The program dies with the calling thread (Linux's parent-death
// signal), so that an executor which was killed does not leave a git behind that races its successor.
// Invariants: 1. every child is waited for before the call returns; 2. no descriptor of ours but 0, 1 and 2 reaches the
// child; 3. a child that outlives its limit is killed with its whole process group.
#pragma once

#include <atomic>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/status.h"

namespace revertd {

struct ProcessSpec {
  std::string program;                   // a name, looked up in the PATH of `environment`, or a path with a slash
  std::vector<std::string> arguments;    // without the program's own name
  std::string working_directory;         // empty: ours
  std::vector<std::string> environment;  // "NAME=VALUE", all that the program gets
  DurationNs time_limit_ns = kMinuteNs;
  const std::atomic<bool>* stop = nullptr;             // true: its time is over; looked at ten times a second
  size_t output_bytes_max = size_t{16} * 1024 * 1024;  // of each stream; more is read and thrown away
  // At most kStandardInputBytesMax. It stands ready in memory before the program starts, as a file would: a program
  // that reads it late, in part or never holds nobody up, and no write of ours can meet a closed pipe.
  std::string standard_input = {};
};
inline constexpr size_t kStandardInputBytesMax = size_t{1024} * 1024;

struct ProcessResult {
  int exit_code = 0;  // 128 + signal where a signal ended it
  bool timed_out = false;
  bool output_cut = false;  // a stream was longer than output_bytes_max
  std::string standard_output;
  std::string standard_error;
};

// NotFound: the program is not there. Unavailable: the kernel refused pipe, memory, fork or folder. FailedPrecondition:
// more standard input than the limit. How the program itself ended is the result's to say.
StatusOr<ProcessResult> RunProcess(const ProcessSpec& spec);

// NotFound: RunProcess would find no program of that name or path.
Status CheckProgram(const std::string& program, const std::vector<std::string>& environment);

// The environment of this process, as ProcessSpec takes it.
std::vector<std::string> OwnEnvironment();
// The value of `name`; nullopt where it is not set.
std::optional<std::string_view> FindVariable(const std::vector<std::string>& environment, std::string_view name);

}  // namespace revertd
