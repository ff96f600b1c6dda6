// Reads a YAML configuration file. Strict: an unknown key, a wrong type or a name that points nowhere is an error
// that says file, line, key and, for a key, the nearest valid one.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "config/config.h"

namespace revertd {

StatusOr<Config> LoadConfig(const std::string& path);
// `name` stands for the file in messages.
StatusOr<Config> ParseConfig(std::string_view yaml, std::string_view name);

}  // namespace revertd
