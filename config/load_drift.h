// The parts of the configuration that say where it is looked up what production runs: the revision that a service says
// of itself, and the checkouts that production runs from. For config/load.cc alone; what each value means stands in
// config.h.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/load_actions.h"
#include "config/load_health.h"
#include "config/map_reader.h"

namespace revertd {

class DriftReader {
 public:
  DriftReader(const MapReader& read, const ActionsReader& actions, const HealthReader& health)
      : read_(read), actions_(actions), health_(health) {}

  std::vector<MapReader::Key> ServiceKeys(ServiceConfig* service) const;
  // refer(node, path) is called for each text that must be the name of a repo, which may stand below.
  Status Drift(const YamlNode& node, const std::string& path, DriftConfig* drift,
               const std::function<void(const YamlNode& node, const std::string& path)>& refer) const;

 private:
  Status Running(const YamlNode& node, const std::string& path, RunningConfig* running) const;
  Status WorkTree(const YamlNode& node, const std::string& path, DriftConfig* drift) const;

  const MapReader& read_;
  const ActionsReader& actions_;
  const HealthReader& health_;
};

}  // namespace revertd
