// Reads a release file. Strict as the configuration is: an unknown key, a wrong type, a name that points nowhere or a
// cycle is an error that says file, line and key.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "config/release.h"

namespace revertd {

inline constexpr size_t kReleaseFileBytesMax = size_t{1} * 1024 * 1024;
// A release of more steps is no single change that people can follow.
inline constexpr size_t kReleaseStepsMax = 200;

// `config`: services and repos are looked up there. Stages come out in the order in which they are run: each after all
// that it needs, otherwise as the file has them.
StatusOr<ReleaseFile> LoadRelease(const std::string& path, const Config& config);
// `name` stands for the file in messages.
StatusOr<ReleaseFile> ParseRelease(std::string_view yaml, std::string_view name, const Config& config);

// The words that are replaced in the commands and conditions of `step` (its service, PromoteBy and version say which);
// any other is refused when the file is read, and whoever runs them must fill in all of these:
//   {release} {environment} {step}   their names
//   {service}                        where the step has one
//   {version}                        of a merge the head that the step made of the branch; of a command its version
//   {before}                         of a merge the head of the branch before the step
std::vector<std::string_view> ReleaseCommandWords(const ReleaseStep& step);

}  // namespace revertd
