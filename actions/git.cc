#include "actions/git.h"

#include <algorithm>

#include "base/strings.h"

namespace revertd {
namespace {

constexpr size_t kRevisionDigitsMin = 7;  // git's own shortest default abbreviation
constexpr size_t kRevisionDigitsShown = 12;
constexpr size_t kRevisionDigitsMax = 64;  // SHA-256

bool IsHexDigit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool IsPlain(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

}  // namespace

bool IsRevision(std::string_view text) {
  return text.size() >= kRevisionDigitsMin && text.size() <= kRevisionDigitsMax &&
         std::all_of(text.begin(), text.end(), IsHexDigit);
}

std::string ShortRevision(std::string_view revision) { return std::string(revision.substr(0, kRevisionDigitsShown)); }

std::string_view SubjectOf(const GitCommit& commit) {
  return Trim(std::string_view(commit.message).substr(0, commit.message.find('\n')));
}

std::string EncodeName(std::string_view name) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : name) {
    // A leading dash would read as an option somewhere.
    if (IsPlain(c) && !(encoded.empty() && c == '-')) {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded += '=';
    encoded += kDigits[byte >> 4U];
    encoded += kDigits[byte & 15U];
  }
  return encoded;
}

std::string WithoutPassword(std::string_view url) {
  const size_t scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos) return std::string(url);
  const size_t start = scheme_end + 3;
  const std::string_view authority = url.substr(start, url.find('/', start) - start);
  const size_t at = authority.rfind('@');
  const size_t colon = authority.find(':');
  if (at == std::string_view::npos) return std::string(url);
  // Forges take a token as the user's name too; of ssh the name is no secret.
  const std::string scheme = ToLower(url.substr(0, scheme_end));
  if (scheme == "http" || scheme == "https") {
    return std::string(url.substr(0, start)) + "***" + std::string(url.substr(start + at));
  }
  if (colon == std::string_view::npos || colon > at) return std::string(url);
  return std::string(url.substr(0, start + colon + 1)) + "***" + std::string(url.substr(start + at));
}

}  // namespace revertd
