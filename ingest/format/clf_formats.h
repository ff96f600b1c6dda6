// The formats that descend from NCSA's Common Log Format: nginx, Apache, lighttpd, Varnish, Kong, Traefik and others.
#pragma once

#include <span>

#include "ingest/format/format.h"

namespace revertd {

// In the order of detection.
std::span<const Format* const> ClfFormats();

}  // namespace revertd
