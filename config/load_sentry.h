// The part of the configuration that says whose error events are taken, and of which service they are. For
// config/load.cc alone; what each value means stands in config.h.
#pragma once

#include <optional>
#include <string>

#include "config/config.h"
#include "config/load_actions.h"
#include "config/map_reader.h"

namespace revertd {

class SentryReader {
 public:
  SentryReader(const MapReader& read, const ActionsReader& actions) : read_(read), actions_(actions) {}

  Status Sentry(const YamlNode& node, const std::string& path, std::optional<SentryConfig>* sentry) const;
  // Once the whole file is read: what `sentry` needs of the rest, which may stand below it.
  Status Check(const YamlNode& root, const Config& config) const;

 private:
  Status Project(const std::string& id, const YamlNode& node, const std::string& path, SentryConfig* sentry) const;
  MapReader::Read Key(std::string* key) const;
  MapReader::Read ServiceFrom(SentryConfig* sentry) const;
  Status Limits(const YamlNode& node, const std::string& path, SentryConfig* sentry) const;
  Status CheckSources(const YamlNode& root, const Config& config, bool* has_any) const;
  Status CheckProject(const YamlNode& node, const std::string& path, const SentryProjectConfig& project,
                      const Config& config) const;

  const MapReader& read_;
  const ActionsReader& actions_;
};

}  // namespace revertd
