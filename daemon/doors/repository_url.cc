#include "daemon/doors/repository_url.h"

#include "base/strings.h"

namespace revertd {
namespace {

// Of "user@host:port".
std::string HostOf(std::string_view authority) {
  authority.remove_prefix(authority.rfind('@') + 1);  // npos + 1 is 0
  if (!authority.empty() && authority.front() == '[') return ToLower(authority.substr(0, authority.find(']') + 1));
  return ToLower(authority.substr(0, authority.find(':')));
}

std::string BarePath(std::string_view path) {
  while (!path.empty() && path.front() == '/') path.remove_prefix(1);
  while (!path.empty() && path.back() == '/') path.remove_suffix(1);
  constexpr std::string_view kEnding = ".git";
  if (path.size() > kEnding.size() && path.substr(path.size() - kEnding.size()) == kEnding) {
    path.remove_suffix(kEnding.size());
  }
  return std::string(path);
}

}  // namespace

RepositoryUrl ReadRepositoryUrl(std::string_view text) {
  text = Trim(text);
  const size_t scheme = text.find("://");
  if (scheme != std::string_view::npos) {
    const std::string_view rest = text.substr(scheme + 3);
    const size_t slash = rest.find('/');
    if (slash == std::string_view::npos) return {.host = HostOf(rest), .path = ""};
    return {.host = HostOf(rest.substr(0, slash)), .path = BarePath(rest.substr(slash))};
  }
  // git's own short form: a colon before the first slash.
  const size_t colon = text.find(':');
  if (colon != std::string_view::npos && text.find('/') > colon) {
    return {.host = HostOf(text.substr(0, colon)), .path = BarePath(text.substr(colon + 1))};
  }
  return {.host = "", .path = BarePath(text)};
}

bool IsSameRepository(const RepositoryUrl& a, const RepositoryUrl& b) {
  if (a.path.empty() || ToLower(a.path) != ToLower(b.path)) return false;
  return a.host.empty() || b.host.empty() || a.host == b.host;
}

}  // namespace revertd
