#include "store/release_databases.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace revertd {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view kEnding = ".db";

std::string FolderIn(const std::string& state_folder) { return state_folder + "/releases"; }

}  // namespace

std::string ReleaseDatabaseIn(const std::string& state_folder, std::string_view environment) {
  return FolderIn(state_folder) + "/" + std::string(environment) + std::string(kEnding);
}

StatusOr<std::vector<std::string>> FindReleaseEnvironments(const std::string& state_folder) {
  std::vector<std::string> names;
  const std::string folder = FolderIn(state_folder);
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const fs::path path = entry->path();
    if (path.extension() == kEnding) names.push_back(path.stem().string());
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return Unavailable("cannot read " + folder + ": " + error.message());
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace revertd
