// Which repository a URL names, whichever way it is written. Pure, any thread.
#pragma once

#include <string>
#include <string_view>

namespace revertd {

struct RepositoryUrl {
  std::string host;  // lower case, without user and port; empty: a path of the machine, or a bare "acme/shop"
  std::string path;  // as written, without a slash at its ends and without ".git"
};

// "git@host:a/b.git", "ssh://git@host:2222/a/b", "https://host/a/b.git", "file:///srv/a/b.git", "/srv/a/b", "a/b".
RepositoryUrl ReadRepositoryUrl(std::string_view text);

// The same path, and the same host where both have one. Forges tell no upper from lower case, and ports and schemes are
// ways to one repository.
bool IsSameRepository(const RepositoryUrl& a, const RepositoryUrl& b);

}  // namespace revertd
