// SHA-256 (FIPS 180-4) and HMAC (RFC 2104) by OpenSSL's libcrypto, whose one face this is. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace revertd {

// 64 lower-case hexadecimal digits.
std::string Sha256Hex(std::string_view text);
std::string HmacSha256Hex(std::string_view key, std::string_view text);

}  // namespace revertd
