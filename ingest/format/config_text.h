// The format string inside a piece of a server's configuration, as people paste it.
//
// Thread contract: pure, any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace revertd {

// Of "log_format NAME escape=json 'PIECE' 'PIECE';", with or without what stands before and behind the pieces:
// "escape=json " and the pieces joined, their backslashes undone. Any other text as it is: a format that begins with a
// double quote is not taken for a piece where no log_format stands in front. InvalidArgument: a quote is not closed.
StatusOr<std::string> NginxFormatString(std::string_view text);
// Of 'LogFormat "FORMAT" NAME' the FORMAT, its backslashes left in; any other text as it is.
StatusOr<std::string> ApacheFormatString(std::string_view text);

}  // namespace revertd
