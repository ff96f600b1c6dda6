#include "actions/git_settings.h"

#include <string_view>

namespace revertd {
namespace {

constexpr std::string_view kSettings[] = {
    "core.hooksPath=/dev/null", "core.fsmonitor=false",         "gc.auto=0",
    "maintenance.auto=false",   "protocol.ext.allow=never",     "submodule.recurse=false",
    "diff.renames=true",        "log.showSignature=false",      "core.quotePath=false",
    "color.ui=false",           "i18n.logOutputEncoding=UTF-8", "i18n.commitEncoding=UTF-8"};

}  // namespace

std::vector<std::string> GitArguments() {
  std::vector<std::string> arguments = {"--no-pager"};
  for (std::string_view setting : kSettings) {
    arguments.emplace_back("-c");
    arguments.emplace_back(setting);
  }
  return arguments;
}

std::vector<std::string> GitEnvironment(const std::vector<std::string>& environment) {
  std::vector<std::string> scrubbed;
  for (const std::string& variable : environment) {
    if (variable.starts_with("GIT_") || variable.starts_with("LC_") || variable.starts_with("LANGUAGE=")) continue;
    scrubbed.push_back(variable);
  }
  scrubbed.emplace_back("LC_ALL=C");
  scrubbed.emplace_back("GIT_TERMINAL_PROMPT=0");
  return scrubbed;
}

}  // namespace revertd
