#include "actions/command_runner.h"

#include <algorithm>
#include <chrono>

#include "base/strings.h"

namespace revertd {
namespace {

constexpr size_t kWordsKept = 400;  // bytes of the end of what a command printed

std::string FillIn(std::string_view text, const CommandWords& words) {
  std::string filled;
  while (!text.empty()) {
    const auto word = std::find_if(words.begin(), words.end(),
                                   [text](const auto& each) { return text.starts_with(std::string_view(each.first)); });
    filled += word == words.end() ? std::string(1, text.front()) : word->second;
    text.remove_prefix(word == words.end() ? 1 : word->first.size());
  }
  return filled;
}

}  // namespace

std::vector<std::string> FillIn(const CommandConfig& command, const CommandWords& words) {
  std::vector<std::string> arguments;
  arguments.reserve(command.argv.size());
  for (const std::string& argument : command.argv) arguments.push_back(FillIn(argument, words));
  return arguments;
}

std::string Outcome(const ProcessResult& result) {
  std::string text = result.timed_out ? "ended at its time limit" : "exit " + std::to_string(result.exit_code);
  for (std::string_view printed : {std::string_view(result.standard_error), std::string_view(result.standard_output)}) {
    printed = Trim(printed);
    if (printed.empty()) continue;
    const std::string_view end = printed.substr(printed.size() - std::min(printed.size(), kWordsKept));
    std::string line(end);
    std::replace(line.begin(), line.end(), '\n', ' ');
    return text + ": " + Printable(line);
  }
  return text;
}

CommandRunner::~CommandRunner() {
  for (auto& [key, running] : running_) running.stop->store(true);
  for (auto& [key, running] : running_) running.result.wait();
}

std::optional<StatusOr<ProcessResult>> CommandRunner::Run(const std::string& key, const CommandConfig& command,
                                                          const CommandWords& words) {
  auto found = running_.find(key);
  if (found == running_.end()) {
    ProcessSpec spec;
    spec.arguments = FillIn(command, words);
    spec.program = spec.arguments.front();
    spec.arguments.erase(spec.arguments.begin());
    spec.environment = environment_;
    spec.time_limit_ns = command.time_limit;
    Running running;
    running.stop = std::make_unique<std::atomic<bool>>(false);
    spec.stop = running.stop.get();
    running.result = std::async(std::launch::async, [spec = std::move(spec)] { return RunProcess(spec); });
    running_.emplace(key, std::move(running));
    return std::nullopt;
  }
  if (found->second.result.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return std::nullopt;
  StatusOr<ProcessResult> result = found->second.result.get();
  running_.erase(found);
  return result;
}

}  // namespace revertd
