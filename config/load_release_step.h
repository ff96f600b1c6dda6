// The part of a release file that says what one step promotes, how it is undone and how it is watched. For
// config/load_release.cc alone; what each value means stands in release.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/load_actions.h"
#include "config/map_reader.h"
#include "config/release.h"

namespace revertd {

class ReleaseStepReader {
 public:
  ReleaseStepReader(const MapReader& read, const ActionsReader& actions, const Config& config)
      : read_(read), actions_(actions), config_(config) {}

  Status Step(const YamlNode& node, const std::string& path, ReleaseStep* step) const;
  // Of a release, a stage, a step: it becomes part of file names, of ids and of arguments.
  MapReader::Read Name(std::string* name) const;

 private:
  using Words = std::vector<std::string_view>;

  MapReader::Read Service(std::string* name) const;
  Status Promote(const YamlNode& node, const std::string& path, const Words& words, PromoteConfig* promote) const;
  Status PromoteByCommand(const YamlNode& node, const std::string& path, const Words& words,
                          PromoteConfig* promote) const;
  MapReader::Read Branch(std::string* branch) const;
  MapReader::Read Revision(std::string* revision) const;
  Status Inverse(const YamlNode& node, const std::string& path, const Words& words, InverseConfig* inverse) const;
  Status Guard(const YamlNode& node, const std::string& path, GuardWindow* guard) const;
  Status Conditions(const YamlNode& node, const std::string& path, const Words& words, ReleaseStep* step) const;
  // Of a step whose keys are all read.
  Status CheckPromote(const YamlNode& node, const std::string& path, const ReleaseStep& step) const;
  Status CheckInverse(const YamlNode& node, const std::string& path, const ReleaseStep& step) const;
  Status CheckVerdict(const YamlNode& node, const std::string& path, ReleaseStep* step) const;

  const MapReader& read_;
  const ActionsReader& actions_;
  const Config& config_;
};

}  // namespace revertd
