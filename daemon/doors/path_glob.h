// GlobMatch: whether a path of a repository is one that a glob means, as git decides it for the pathspec ":(glob)GLOB"
// that the executor hands it: both must call the same files the service's.
//
// `*` and `?` stay within a folder, `**` between slashes or at an end crosses any number of them, [a-z], [!a] and
// [[:digit:]] are one character, \ takes the next one as it is. A glob without any of these names a file or a folder
// with all that lies below it. Linear in the path's length for each part of the glob. Pure, any thread.
#pragma once

#include <string_view>

namespace revertd {

bool GlobMatch(std::string_view glob, std::string_view path);

}  // namespace revertd
