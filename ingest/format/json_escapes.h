// The escapes of a JSON string, and those that nginx writes in their place without escape=json. Pure, any thread.
#pragma once

#include <cstddef>
#include <string_view>

namespace revertd {

// Whether a \xHH is among the escapes of `text`, the inside of a JSON string.
bool HasNginxEscapes(std::string_view text);

// Writes `text` with its escapes undone to `out`, which has room for text.size() bytes, and answers the bytes written.
// Half of a surrogate pair becomes U+FFFD; an escape that JSON does not know stays as it is. `out` may be the place
// where `text` begins, or before it.
size_t UndoJsonEscapes(std::string_view text, char* out);

}  // namespace revertd
