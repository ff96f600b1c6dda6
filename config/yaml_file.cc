#include "config/yaml_file.h"

#include <cerrno>
#include <cstring>
#include <fstream>

namespace revertd {

StatusOr<std::string> ReadYamlFile(const std::string& path, std::string_view what, size_t bytes_max) {
  const std::string cannot = "cannot read " + std::string(what) + " " + path + ": ";
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return InvalidArgument(cannot + std::strerror(errno));
  const std::streamoff bytes = file.tellg();
  if (bytes < 0 || bytes > static_cast<std::streamoff>(bytes_max)) {
    return InvalidArgument(cannot + "not a file of at most " + std::to_string(bytes_max / 1024 / 1024) + " MiB");
  }
  file.seekg(0);
  std::string text(static_cast<size_t>(bytes), '\0');
  if (!file.read(text.data(), bytes)) return InvalidArgument(cannot + std::strerror(errno));
  return text;
}

}  // namespace revertd
