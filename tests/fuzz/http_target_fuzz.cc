// Whatever bytes a target has, what is taken of it is a path that begins with / and leads nowhere else, without control
// characters; and written as a target again it is read the same.
#include <string>
#include <string_view>

#include "base/ascii.h"
#include "base/check.h"
#include "base/strings.h"
#include "daemon/http/http_call.h"
#include "tests/fuzz/fuzz_target.h"

namespace {

bool HasControl(std::string_view text) {
  for (const char c : text) {
    if ((c >= 0 && c < ' ') || c == '\x7F') return true;
  }
  return false;
}

std::string Encode(std::string_view text, std::string_view kept) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    if (revertd::IsLetter(c) || revertd::IsDigit(c) || kept.find(c) != std::string_view::npos) {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded.append({'%', kHex[byte / 16], kHex[byte % 16]});
  }
  return encoded;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const auto target = revertd::ParseTarget({reinterpret_cast<const char*>(bytes), size});
  if (!target) return 0;
  REVERTD_CHECK(target->path.front() == '/');
  REVERTD_CHECK(!HasControl(target->path));
  for (const std::string_view folder : revertd::Split(target->path, '/')) {
    REVERTD_CHECK(folder != "." && folder != "..");
  }
  std::string again = Encode(target->path, "/-._~");
  char separator = '?';
  for (const auto& [key, value] : target->query) {
    REVERTD_CHECK(!HasControl(key) && !HasControl(value));
    again += separator + Encode(key, "-._~") + "=" + Encode(value, "-._~");
    separator = '&';
  }
  const auto same = revertd::ParseTarget(again);
  REVERTD_CHECK(same && same->path == target->path && same->query == target->query);
  return 0;
}

namespace revertd {

std::vector<std::string> FuzzCorpus() {
  return {"/",
          "/v1/services/web?after=7&limit=10&flag&empty=",
          "/a%20b+c/%c3%a9?k%3D=v%26w&plus=1+2&also=%2b&q=a?b=c",
          "/a/../b",
          "/%2e%2e%2fx",
          "/...//..a/.b/",
          "/?&&=&=x&%3d%26",
          "/%00?%0a#",
          "http://host/x",
          "*"};
}

int SmokeRounds() { return 200'000; }

}  // namespace revertd
