#include "actions/release/release_journal.h"

#include <filesystem>
#include <utility>

#include "actions/release/release_manifest.h"

namespace revertd {

ReleaseJournal::ReleaseJournal(const ReleaseTools& tools, ReleaseEvents* events, FaultPoint fault_point)
    : tools_(tools),
      events_(events),
      fault_point_(std::move(fault_point)),
      records_(std::filesystem::path(tools.config->state).parent_path().string()) {}

Status ReleaseJournal::Load() {
  auto rows = tools_.journal->ReadJournal(tools_.file->id);
  if (!rows.ok()) return rows.status();
  rows_ = *std::move(rows);
  return OkStatus();
}

void ReleaseJournal::Reach(std::string_view row, std::string_view place) const {
  if (fault_point_) fault_point_(std::string(row) + "." + std::string(place));
}

void ReleaseJournal::Tell(std::string_view row, const Finished& finished, TimeNs at_ns, bool begun) const {
  events_->OnRow(
      {tools_.file->id, tools_.file->environment, std::string(row), finished.outcome, finished.detail, at_ns, begun});
}

Status ReleaseJournal::Begin(const std::string& row) {
  if (begun_.contains(row)) return OkStatus();
  const TimeNs now = tools_.clock->Now();
  if (FindRow(rows_, row) != nullptr) resumed_.insert(row);
  Reach(row, "before_begin");
  REVERTD_RETURN_IF_ERROR(tools_.journal->Begin(tools_.file->id, row, now));
  Reach(row, "after_begin");
  begun_.insert(row);
  Tell(row, {}, now, true);
  return WriteManifest();
}

Status ReleaseJournal::Finish(const std::string& row, const Finished& finished, const std::function<Status()>& more) {
  const TimeNs now = tools_.clock->Now();
  Reach(row, "before_finish");
  REVERTD_RETURN_IF_ERROR(tools_.journal->Together([&]() -> Status {
    // A person's word, and what broke the release, have no begin of their own.
    if (FindRow(rows_, row) == nullptr) REVERTD_RETURN_IF_ERROR(tools_.journal->Begin(tools_.file->id, row, now));
    REVERTD_RETURN_IF_ERROR(tools_.journal->Finish(tools_.file->id, row, now, finished.outcome, finished.detail));
    return more ? more() : OkStatus();
  }));
  Reach(row, "after_finish");
  begun_.erase(row);
  Tell(row, finished, now, false);
  return WriteManifest();
}

Status ReleaseJournal::WriteManifest() {
  REVERTD_RETURN_IF_ERROR(Load());
  const auto record = tools_.journal->ReadRelease(tools_.file->id);
  if (!record.ok()) return record.status();
  if (!record->has_value()) return OkStatus();
  return records_.Write(records_.ReleasePath(tools_.file->id),
                        ReleaseManifest(*tools_.config, **record, *tools_.file, rows_));
}

}  // namespace revertd
