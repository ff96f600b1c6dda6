#include "base/json_pointer.h"

#include "base/strings.h"

namespace revertd {

StatusOr<std::vector<std::string>> ParseJsonPointer(std::string_view pointer) {
  std::vector<std::string> names;
  if (pointer.empty()) return names;
  if (pointer.front() != '/') return InvalidArgument("a JSON pointer that begins with /, or is empty, expected");
  if (pointer.size() > kJsonPointerBytesMax) {
    return InvalidArgument("a JSON pointer of at most " + std::to_string(kJsonPointerBytesMax) + " bytes expected");
  }
  for (const std::string_view part : Split(pointer.substr(1), '/')) {
    std::string& name = names.emplace_back();
    for (size_t i = 0; i < part.size(); ++i) {
      if (part[i] != '~') {
        name += part[i];
        continue;
      }
      ++i;
      if (i == part.size() || (part[i] != '0' && part[i] != '1')) {
        return InvalidArgument("a JSON pointer in which ~ is written ~0, and / in a name ~1, expected");
      }
      name += part[i] == '0' ? '~' : '/';
    }
  }
  return names;
}

}  // namespace revertd
