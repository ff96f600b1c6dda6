// The text of a JSON pointer (RFC 6901) as the names that it walks: "/a~1b/0" is "a/b", then "0". What a name means, a
// member or an index, is for whoever has the value.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace revertd {

inline constexpr size_t kJsonPointerBytesMax = 1000;

// Empty: the whole value. InvalidArgument: does not begin with /, a ~ that is neither ~0 nor ~1, or too long.
StatusOr<std::vector<std::string>> ParseJsonPointer(std::string_view pointer);

}  // namespace revertd
