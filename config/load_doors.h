// The parts of the configuration that say who may tell revertd of deploys, and how: the HTTP door, manifests, and what
// a repo and a service are called by others. For config/load.cc alone; what each value means stands in config.h.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/load_actions.h"
#include "config/map_reader.h"

namespace revertd {

class DoorsReader {
 public:
  DoorsReader(const MapReader& read, const ActionsReader& actions) : read_(read), actions_(actions) {}

  Status Http(const YamlNode& node, const std::string& path, std::optional<HttpConfig>* http) const;
  Status Manifest(const YamlNode& node, const std::string& path, ManifestConfig* manifest) const;
  std::vector<MapReader::Key> RepoKeys(RepoConfig* repo) const;
  std::vector<MapReader::Key> ServiceKeys(ServiceConfig* service) const;

 private:
  MapReader::Read DeploySources(std::vector<DeploySource>* sources) const;

  const MapReader& read_;
  const ActionsReader& actions_;
};

}  // namespace revertd
