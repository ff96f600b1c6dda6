// The formats that descend from NCSA's Common Log Format: nginx, Apache, lighttpd, Varnish, Kong, Traefik and others.
// They are rows of one table: a name and the server's own format string.
#pragma once

#include <span>

#include "ingest/format/format.h"

namespace revertd {

// By name. Several have the same lines; detection gives those the name of one (Format::detected_as).
std::span<const Format* const> ClfFormats();
// Reads a line of any of them, as the one that it is.
const Format& ClfDetection();
// Reads what looks like a line of this family and is none of those above: the time, request, status and size in the
// middle, whatever stands around them.
const Format& ClfFallback();

}  // namespace revertd
