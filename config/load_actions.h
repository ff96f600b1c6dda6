// The parts of the configuration that say how the executor acts: repos with their forges, commands, and channels. For
// config/load*.cc alone; what each value means stands in config.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/map_reader.h"

namespace revertd {

class ActionsReader {
 public:
  explicit ActionsReader(const MapReader& read) : read_(read) {}

  // One entry of `repos`, its name set; `more`: its keys that are not of the executor.
  Status Repo(const YamlNode& node, const std::string& path, RepoConfig* repo, std::vector<MapReader::Key> more) const;
  // The keys of a service that say how it is rolled back.
  std::vector<MapReader::Key> RollbackKeys(ServiceConfig* service) const;
  // A service whose keys are all read.
  Status CheckRollback(const YamlNode& node, const std::string& path, const ServiceConfig& service) const;
  Status Notify(const YamlNode& node, const std::string& path, std::vector<ChannelConfig>* channels) const;
  MapReader::Read Secret(SecretConfig* secret) const;
  // A program without a shell: {argv, time_limit}, or the list of its arguments alone. `words` are what is replaced in
  // them ("{service}"); any other word of this form is refused, as nothing would replace it.
  MapReader::Read Command(CommandConfig* command, std::vector<std::string_view> words) const;
  // At most 16, in the place of what stood there.
  MapReader::Read Names(std::vector<std::string>* into) const;

 private:
  MapReader::Read Globs(std::vector<std::string>* globs) const;
  MapReader::Read Url(std::string* url) const;
  Status Forge(const YamlNode& node, const std::string& path, ForgeConfig* forge) const;
  Status Channel(const YamlNode& node, const std::string& path, ChannelConfig* channel) const;
  std::vector<MapReader::Key> ChannelKeys(ChannelConfig* channel) const;

  const MapReader& read_;
};

}  // namespace revertd
