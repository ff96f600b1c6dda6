#include "actions/release/ask_command.h"

namespace revertd {

CommandAnswer AskCommand(CommandRunner* commands, const std::string& key, const CommandConfig& command,
                         const CommandWords& words) {
  const auto result = commands->Run(key, command, words);
  if (!result) return {};
  if (!result->ok()) return {CommandSays::kCannotTell, std::string(MessageOf(result->status()))};
  const std::string said = Outcome(**result);
  if ((*result)->timed_out) return {CommandSays::kCannotTell, said};
  return {(*result)->exit_code == 0 ? CommandSays::kYes : CommandSays::kNo, said};
}

}  // namespace revertd
