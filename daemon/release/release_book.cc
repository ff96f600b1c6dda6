#include "daemon/release/release_book.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

#include "base/strings.h"
#include "config/load_release.h"
#include "daemon/commands.h"
#include "store/release_databases.h"

namespace revertd {
namespace {

// A file that an older revertd left, or one that died before it had made its tables, is for its owner to migrate, and
// every command reads before it owns: so the owner is played for a moment. Whoever may not write, and whoever comes
// while one runs, gets the reader's words.
StatusOr<std::unique_ptr<ExecutorStore>> OpenForReading(const Config& config, std::string_view environment) {
  const std::string path = ReleaseDatabaseOf(config, environment);
  auto store = ExecutorStore::Open(path, ExecutorStore::Access::kReadOnly);
  if (!absl::IsUnavailable(store.status()) || HasRunner(config, environment)) return store;
  if (!ExecutorStore::Open(path, ExecutorStore::Access::kOwner).ok()) return store;
  return ExecutorStore::Open(path, ExecutorStore::Access::kReadOnly);
}

// Of all of those environments.
StatusOr<std::vector<ReleaseRecord>> ReadAll(const Config& config, std::string_view environment) {
  std::vector<ReleaseRecord> all;
  const auto names = EnvironmentsNamed(config, environment);
  if (!names.ok()) return names.status();
  for (const std::string& name : *names) {
    auto records = ReadReleasesOf(config, name);
    if (!records.ok()) return records.status();
    std::ranges::move(*records, std::back_inserter(all));
  }
  return all;
}

}  // namespace

std::string ReleaseDatabaseOf(const Config& config, std::string_view environment) {
  return ReleaseDatabaseIn(FolderOf(config), environment);
}

StatusOr<std::vector<std::string>> EnvironmentsNamed(const Config& config, std::string_view environment) {
  if (environment.empty()) return FindReleaseEnvironments(FolderOf(config));
  return std::vector<std::string>{std::string(environment)};
}

StatusOr<std::vector<ReleaseRecord>> ReadReleasesOf(const Config& config, std::string_view environment) {
  const auto store = OpenForReading(config, environment);
  if (!store.ok()) return store.status();
  return (*store)->ReadReleases();
}

StatusOr<ReleaseRecord> FindRelease(const Config& config, std::string_view id, std::string_view environment) {
  auto records = ReadAll(config, environment);
  if (!records.ok()) return records.status();
  std::vector<std::string_view> ids;
  for (ReleaseRecord& record : *records) {
    if (record.id == id) return std::move(record);
    ids.emplace_back(record.id);
  }
  const auto nearest = Nearest(id, ids);
  return NotFound("no release \"" + std::string(id) + "\"" +
                  (nearest ? "; did you mean \"" + std::string(*nearest) + "\"?" : ""));
}

StatusOr<ReleaseRecord> FindOpenRelease(const Config& config, std::string_view environment) {
  auto records = ReadAll(config, environment);
  if (!records.ok()) return records.status();
  std::erase_if(*records, [](const ReleaseRecord& record) { return record.ended_ns != 0; });
  if (records->size() == 1) return std::move(records->front());
  if (records->empty()) return FailedPrecondition("every release has ended");
  std::vector<std::string> names;
  for (const ReleaseRecord& record : *records) names.push_back(record.id + " of " + record.environment);
  return FailedPrecondition("which of them? " + Join(names, ", "));
}

StatusOr<std::vector<JournalRow>> ReadReleaseRows(const Config& config, const ReleaseRecord& record) {
  const auto store =
      ExecutorStore::Open(ReleaseDatabaseOf(config, record.environment), ExecutorStore::Access::kReadOnly);
  if (!store.ok()) return store.status();
  return (*store)->ReadJournal(record.id);
}

StatusOr<ReleaseFile> ParseKept(const ReleaseRecord& record, const Config& config) {
  return ParseRelease(record.file, "release " + record.id, config);
}

// Asked without writing, so that a user may who cannot run it. It is let go at once, and a runner that starts in
// between waits longer than that.
bool HasRunner(const Config& config, std::string_view environment) {
  const std::string path = ReleaseDatabaseOf(config, environment) + ".lock";
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  const bool is_held = ::flock(file, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(file);
  return is_held;
}

}  // namespace revertd
