// The API's description for machines: daemon/api/openapi.json, as it was when the program was built.
#pragma once

#include <string_view>

namespace revertd {

std::string_view OpenApiDescription();

}  // namespace revertd
