// What a release would do, in words and commands that a person could type.
//
// Pure, any thread.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "config/release.h"

namespace revertd {

// The command as a shell takes it, the words that are known before the step begins filled in; a merge's {version} and
// {before} stay as they are.
std::string CommandText(const CommandConfig& command, const ReleaseFile& file, const ReleaseStep& step);

// One line an action, in their order. source_head: empty where it is not known.
std::vector<std::string> PromoteWords(const Config& config, const ReleaseFile& file, const ReleaseStep& step,
                                      const std::string& source_head);
std::vector<std::string> InverseWords(const Config& config, const ReleaseFile& file, const ReleaseStep& step);
// "at least 1m, at most 30m, then hold; the detector's verdict, health check front, condition smoke".
std::string GuardWords(const Config& config, const ReleaseStep& step);

struct NamedCommand {
  std::string what;  // "promote", "inverse verify", "condition smoke"
  const CommandConfig* command;
};
// Every program that the step may run, its service's among them.
std::vector<NamedCommand> CommandsOf(const Config& config, const ReleaseStep& step);

// "the detector's verdict, health check front, condition smoke": what will break the step.
std::string WatchWords(const Config& config, const ReleaseStep& step);
// The steps that a breach of the last one undoes, the newest first.
std::vector<std::string> WayBack(const ReleaseFile& file);

}  // namespace revertd
