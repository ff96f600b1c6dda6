// What is free on the disk of a file, for those who are not root. Any thread; one system call.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"

namespace revertd {

// In bytes, of the file system that holds the folder of `file`.
StatusOr<int64_t> FreeBytesBeside(const std::string& file);

}  // namespace revertd
