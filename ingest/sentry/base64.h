// Base64, as old SDKs send events in it. Pure, any thread. Source: RFC 4648, 4 and 5.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace revertd {

// The bytes; of both alphabets, with or without padding, blanks and line ends left out. nullopt: something else stands
// in it.
std::optional<std::string> DecodeBase64(std::string_view text);

}  // namespace revertd
