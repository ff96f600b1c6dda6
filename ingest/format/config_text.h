// The format string inside a piece of a server's configuration, as people paste it.
//
// Thread contract: pure, any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace revertd {

// Of "log_format NAME escape=json 'PIECE' "PIECE" WORD;" what nginx makes of it: "escape=json " and the pieces and
// words joined, their backslashes undone (\" \' \\ \t \r \n; others stay), comments left out. Without the directive in
// front, pieces; else the text is what stands inside a piece, blanks and all, and its backslashes are undone as well.
// InvalidArgument: a quote is not closed, or something stands behind the pieces.
StatusOr<std::string> NginxFormatString(std::string_view text);
// Of 'LogFormat "FORMAT" NAME' the FORMAT, its backslashes left in; any other text as it is.
StatusOr<std::string> ApacheFormatString(std::string_view text);

}  // namespace revertd
