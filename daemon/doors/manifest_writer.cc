#include "daemon/doors/manifest_writer.h"

#include <utility>

#include "daemon/doors/whole_file.h"

namespace revertd {

StatusOr<std::vector<ManifestEntry>> ReadManifestEntries(const StateStore& state) {
  const auto deploys = state.ReadDeploys(0);
  if (!deploys.ok()) return deploys.status();
  std::vector<ManifestEntry> entries;
  for (const Deploy& deploy : DeploysForManifest(*deploys)) {
    const auto verdicts = state.ReadVerdicts(deploy.id);
    if (!verdicts.ok()) return verdicts.status();
    entries.push_back(EntryOf(deploy, verdicts->empty() ? std::nullopt : std::optional(verdicts->back().state)));
  }
  return entries;
}

std::string ManifestWriter::Update(const StateStore& state, TimeNs now) {
  const Status status = Write(state, now);
  is_behind_ = !status.ok();
  return failure_.Hear(Annotate(status, "the manifest for others is not up to date"),
                       "the manifest for others is up to date again: " + path_);
}

Status ManifestWriter::Write(const StateStore& state, TimeNs now) {
  StatusOr<std::vector<ManifestEntry>> entries = ReadManifestEntries(state);
  if (!entries.ok()) return entries.status();
  LearnWritten();
  if (written_ == *entries) return OkStatus();
  written_.reset();  // until it is done nobody knows
  REVERTD_RETURN_IF_ERROR(WriteWholeFile(path_, ManifestJson(*entries, now)));
  written_ = *std::move(entries);
  return OkStatus();
}

// After a restart the file is mostly right already. One that was taken away is written again.
void ManifestWriter::LearnWritten() {
  if (written_ && VersionOfFile(path_).ok()) return;
  written_.reset();
  const StatusOr<FileText> file = ReadWholeFile(path_, kManifestBytesMax);
  if (!file.ok()) return;
  StatusOr<std::vector<ManifestEntry>> entries = ParseManifest(file->text);
  if (entries.ok()) written_ = *std::move(entries);
}

}  // namespace revertd
