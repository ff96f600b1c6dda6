// A request's body as it was before its Content-Encoding: gzip, deflate (with zlib's header, as the standard has it, or
// without, as some write it), br, zstd, identity, and lists of them. Bounded: what would grow past the limit is left
// before it is decoded. Pure, any thread.
// Source: RFC 9110, 8.4.1; RFC 1950 to 1952; RFC 7932; RFC 8878.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/status.h"

namespace revertd {

inline constexpr size_t kContentCodingsMax = 4;  // of one body

// `content_encoding` as the header has it, empty where there is none. InvalidArgument: a coding that is not known, or
// bytes that are not of it, with the byte where it went wrong; FailedPrecondition: more than `bytes_max` bytes decoded.
StatusOr<std::string> DecodeBody(std::string_view content_encoding, std::string body, size_t bytes_max);

}  // namespace revertd
