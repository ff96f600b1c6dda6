// The release manifest: deploys as a file, written by revertd for others and by others for revertd. docs/deploys.md has
// the schema. Pure functions, any thread; files are manifest_writer's and manifest_watch's.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/deploy.h"
#include "base/status.h"
#include "base/verdict.h"

namespace revertd {

inline constexpr std::string_view kManifestSchema = "revertd.manifest/1";
inline constexpr size_t kManifestBytesMax = size_t{4} * 1024 * 1024;
inline constexpr size_t kManifestEntriesMax = 10'000;
inline constexpr size_t kManifestReleasesWritten = 200;  // and what serves now of each service

// One release. Times are of whole milliseconds where we write them.
struct ManifestEntry {
  std::string id;
  std::string service;
  std::string repo;
  std::string from;  // revision that served before; empty: not known
  std::string to;    // revision deployed; empty: not known
  TimeNs started_ns = 0;
  TimeNs finished_ns = 0;  // 0: under way
  DeployKind kind = DeployKind::kRelease;
  std::optional<VerdictState> verdict = std::nullopt;  // none: not judged yet, or a revert
  std::string release = {};                            // a free name

  bool operator==(const ManifestEntry&) const = default;
};

// Of `deploys` (oldest first) those that a manifest tells of: the newest ones, and of each service the newest that is
// finished. Same order.
std::vector<Deploy> DeploysForManifest(const std::vector<Deploy>& deploys);
ManifestEntry EntryOf(const Deploy& deploy, std::optional<VerdictState> verdict);

std::string ManifestJson(const std::vector<ManifestEntry>& entries, TimeNs now);

// InvalidArgument names the entry by its index, from 0, and the member. Members that are not known are passed over: a
// later writer may say more.
StatusOr<std::vector<ManifestEntry>> ParseManifest(std::string_view text);

}  // namespace revertd
