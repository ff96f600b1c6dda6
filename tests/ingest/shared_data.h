// Where the real inputs written by others stand. They are not part of this repository: a test that needs them is
// skipped, and says so, where they are absent.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <system_error>

namespace revertd {

inline std::filesystem::path SharedDataPath(const std::string& name) {
  const char* root = std::getenv("REVERTD_SHARED_DATA");
  return std::filesystem::path(root != nullptr ? root : REVERTD_SOURCE_DIR "/../shared/data") / name;
}

inline std::optional<std::string> ReadSharedFile(const std::string& name) {
  const std::filesystem::path path = SharedDataPath(name);
  std::error_code error;
  const uintmax_t size = std::filesystem::file_size(path, error);
  if (error) return std::nullopt;
  std::string text(size, '\0');
  std::ifstream file(path, std::ios::binary);
  if (!file.read(text.data(), static_cast<std::streamsize>(size))) return std::nullopt;
  return text;
}

}  // namespace revertd
