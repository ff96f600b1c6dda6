// SHA-256 (FIPS 180-4) and HMAC (RFC 2104) by OpenSSL's libcrypto, whose one face this is. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace revertd {

// 64 lower-case hexadecimal digits.
std::string Sha256Hex(std::string_view text);
std::string HmacSha256Hex(std::string_view key, std::string_view text);

// Takes as long wherever the two differ, so that who guesses a secret learns nothing from the time. Their lengths are
// no secret: compare digests where a length is.
bool EqualInConstantTime(std::string_view a, std::string_view b);

}  // namespace revertd
