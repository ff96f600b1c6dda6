#include "ingest/format/format.h"

#include <array>

#include "ingest/format/nginx_combined.h"
#include "ingest/format/nginx_vhost_combined_rt.h"

namespace revertd {

std::span<const Format* const> KnownFormats() {
  static const NginxVhostCombinedRt vhost_combined_rt;
  static const NginxCombined combined;
  static const std::array<const Format*, 2> formats = {&vhost_combined_rt, &combined};
  return formats;
}

const Format* FormatNamed(std::string_view name) {
  for (const Format* format : KnownFormats()) {
    if (format->name() == name) return format;
  }
  return nullptr;
}

std::vector<std::string_view> FormatNames() {
  std::vector<std::string_view> names;
  for (const Format* format : KnownFormats()) names.push_back(format->name());
  return names;
}

}  // namespace revertd
