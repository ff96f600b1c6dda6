// Requests as balancers write them where SplitRequestLine's rules do not hold: cut at the end, or with "-" for what
// the server could not read. Pure functions, any thread.
#pragma once

#include <string_view>

#include "ingest/format/text_fields.h"

namespace revertd {

// A request whose end was cut off, so that nothing says where its target ends but the first blank.
RequestLine SplitCutRequest(std::string_view request);
// "METHOD TARGET PROTOCOL" where each may be "-" and the target may hold blanks. Amazon's balancers write the target as
// "SCHEME://HOST:PORT" with the path behind, and "-" for a path that they could not read.
RequestLine SplitThreeParts(std::string_view request);

}  // namespace revertd
