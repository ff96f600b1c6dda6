// CommandRunner: the user's deploy, drain and version commands, run beside the executor's thread, so that a deploy of
// ten minutes holds up no other rollback.
//
// Thread contract: one object, one thread; each command runs on a thread of its own, which this object starts and
// joins. Invariants: 1. one run for each key at a time; 2. no shell; 3. a command that outlives its time limit is ended
// with its process group; 4. destruction ends every command that still runs: whoever starts again runs it again, so
// commands must bear to be run twice.
#pragma once

#include <atomic>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "actions/process.h"
#include "base/status.h"
#include "config/config.h"

namespace revertd {

// Words to be replaced: {"{service}", "checkout"}.
using CommandWords = std::vector<std::pair<std::string, std::string>>;

// The command's arguments with every known word replaced, each once: what is put in is not looked at again.
std::vector<std::string> FillIn(const CommandConfig& command, const CommandWords& words);
// "exit 3; " and the end of what it printed, on one line and bounded; for the journal.
std::string Outcome(const ProcessResult& result);

class CommandRunner {
 public:
  // environment: what the commands get.
  explicit CommandRunner(std::vector<std::string> environment) : environment_(std::move(environment)) {}
  ~CommandRunner();
  CommandRunner(const CommandRunner&) = delete;
  CommandRunner& operator=(const CommandRunner&) = delete;

  // Starts it at the first call with this key. nullopt: it runs. The result is answered once; the next call with the
  // key starts it anew. IsRunning until then.
  bool IsRunning(std::string_view key) const { return running_.find(key) != running_.end(); }
  std::optional<StatusOr<ProcessResult>> Run(const std::string& key, const CommandConfig& command,
                                             const CommandWords& words);

 private:
  struct Running {
    std::unique_ptr<std::atomic<bool>> stop;
    std::future<StatusOr<ProcessResult>> result;
  };
  const std::vector<std::string> environment_;
  std::map<std::string, Running, std::less<>> running_;
};

}  // namespace revertd
