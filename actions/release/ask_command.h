// AskCommand: how a program of the user's ended. As the answer to a question exit code 0 is yes and anything else no;
// of one that does something, that it is done. One that could not be started, or did not end in time, has said neither.
//
// Thread contract: that of the CommandRunner.
#pragma once

#include <string>

#include "actions/command_runner.h"
#include "config/config.h"

namespace revertd {

enum class CommandSays { kNothingYet, kYes, kNo, kCannotTell };

struct CommandAnswer {
  CommandSays says = CommandSays::kNothingYet;
  std::string words = {};  // how it ended, for people
};

// Starts it at the first call with this key, as CommandRunner::Run.
CommandAnswer AskCommand(CommandRunner* commands, const std::string& key, const CommandConfig& command,
                         const CommandWords& words);

}  // namespace revertd
