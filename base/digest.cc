#include "base/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <limits>

#include "base/check.h"

namespace revertd {
namespace {

using Digest = std::array<unsigned char, EVP_MAX_MD_SIZE>;

std::string Hex(const Digest& digest, unsigned int bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (unsigned int i = 0; i < bytes; ++i) {
    hex += kDigits[digest[i] >> 4];
    hex += kDigits[digest[i] & 0x0f];
  }
  return hex;
}

}  // namespace

std::string Sha256Hex(std::string_view text) {
  Digest digest;
  unsigned int bytes = 0;
  REVERTD_CHECK(EVP_Digest(text.data(), text.size(), digest.data(), &bytes, EVP_sha256(), nullptr) == 1);
  return Hex(digest, bytes);
}

std::string HmacSha256Hex(std::string_view key, std::string_view text) {
  REVERTD_CHECK(key.size() <= static_cast<size_t>(std::numeric_limits<int>::max()));
  Digest digest;
  unsigned int bytes = 0;
  const auto* data = reinterpret_cast<const unsigned char*>(text.data());
  REVERTD_CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), data, text.size(), digest.data(),
                     &bytes) != nullptr);
  return Hex(digest, bytes);
}

bool EqualInConstantTime(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace revertd
