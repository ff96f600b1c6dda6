#include "ingest/format/clf_formats.h"

#include <array>

#include "ingest/format/nginx_combined.h"
#include "ingest/format/nginx_vhost_combined_rt.h"

namespace revertd {

std::span<const Format* const> ClfFormats() {
  static const NginxVhostCombinedRt vhost_combined_rt;
  static const NginxCombined combined;
  static const std::array<const Format*, 2> formats = {&vhost_combined_rt, &combined};
  return formats;
}

}  // namespace revertd
