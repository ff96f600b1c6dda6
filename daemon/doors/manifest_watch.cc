#include "daemon/doors/manifest_watch.h"

#include <algorithm>
#include <set>
#include <utility>

namespace revertd {

std::vector<ManifestEntry> ManifestMemory::Take(const std::vector<ManifestEntry>& entries, TimeNs now) {
  std::vector<ManifestEntry> news;
  for (const ManifestEntry& entry : entries) {
    const bool finished = entry.finished_ns != 0;
    const auto [known, is_new] = finished_.try_emplace(entry.id, finished);
    const bool is_history = !has_read_ && finished && entry.finished_ns < now - kFirstLook;
    const bool is_newly_finished = finished && !std::exchange(known->second, known->second || finished);
    if ((is_new && !is_history) || is_newly_finished) news.push_back(entry);
  }
  has_read_ = true;
  if (finished_.size() > kRememberedMax) {
    std::set<std::string_view> in_file;
    for (const ManifestEntry& entry : entries) in_file.insert(entry.id);
    std::erase_if(finished_, [&in_file](const auto& known) { return !in_file.contains(known.first); });
  }
  return news;
}

Deploy DeployOf(const ManifestEntry& entry, const Config& config) {
  Deploy deploy;
  deploy.id = entry.id;
  deploy.service = entry.service;
  if (config.FindService(entry.service) == nullptr) {
    const auto known = std::find_if(config.services.begin(), config.services.end(), [&](const ServiceConfig& service) {
      return std::find(service.known_as.begin(), service.known_as.end(), entry.service) != service.known_as.end();
    });
    if (known != config.services.end()) deploy.service = known->name;
  }
  deploy.repo = entry.repo;
  deploy.base = entry.from;
  deploy.head = entry.to;
  deploy.start_ns = entry.started_ns;
  deploy.finish_ns = entry.finished_ns;
  return deploy;
}

StatusOr<std::optional<std::vector<ManifestEntry>>> ManifestWatch::ReadIfChanged(TimeNs now) {
  const std::string& path = config_.manifest.watch;
  const StatusOr<FileVersion> version = VersionOfFile(path);
  if (!version.ok()) {
    settled_.reset();
    return version.status();
  }
  if (settled_ == *version) return std::optional<std::vector<ManifestEntry>>();
  const StatusOr<FileText> file = ReadWholeFile(path, kManifestBytesMax);
  if (!file.ok()) return file.status();
  if (file->version.changed_ns < now - kUnsettled) settled_ = file->version;
  StatusOr<std::vector<ManifestEntry>> entries = ParseManifest(file->text);
  if (!entries.ok()) return Annotate(entries.status(), path);
  return std::optional(*std::move(entries));
}

DeployNews ManifestWatch::Poll(TimeNs now) {
  DeployNews news;
  const auto entries = ReadIfChanged(now);
  if (entries.ok() && !entries->has_value()) return news;
  news.words = failure_.Hear(Annotate(entries.status(), "the watched manifest tells nothing new"),
                             "the watched manifest is read again");
  if (!entries.ok()) return news;
  for (const ManifestEntry& entry : memory_.Take(**entries, now)) news.deploys.push_back(DeployOf(entry, config_));
  return news;
}

}  // namespace revertd
