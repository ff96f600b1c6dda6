// Reads the text of a file that people write: one that cannot be read is a user's mistake, told in one line.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/status.h"

namespace revertd {

// `what`: what it should have been, for messages ("the configuration"). InvalidArgument: it cannot be read, is no file,
// or has more than `bytes_max`, whole MiB.
StatusOr<std::string> ReadYamlFile(const std::string& path, std::string_view what, size_t bytes_max);

}  // namespace revertd
