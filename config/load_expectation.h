// The part of the configuration that says what the answer to a health check must be. For config/load*.cc alone;
// what each value means stands in config.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/map_reader.h"

namespace revertd {

const YamlNode* FindMember(const YamlNode& map, std::string_view key);  // null: not there

class ExpectationReader {
 public:
  explicit ExpectationReader(const MapReader& read) : read_(read) {}

  Status Expectation(const YamlNode& node, const std::string& path, HealthExpectation* expect) const;
  MapReader::Read Number(std::optional<double>* into) const;

 private:
  MapReader::Read MaybeEmpty(std::string* into) const;
  MapReader::Read Expression(std::string* into) const;
  std::vector<MapReader::Key> TextKeys(TextRule* rule) const;
  Status Statuses(const YamlNode& node, const std::string& path, HealthExpectation* expect) const;
  Status Headers(const YamlNode& node, const std::string& path, HealthExpectation* expect) const;
  Status Json(const YamlNode& node, const std::string& path, HealthExpectation* expect) const;
  Status JsonItem(const YamlNode& node, const std::string& path, JsonRule* rule) const;

  const MapReader& read_;
};

}  // namespace revertd
