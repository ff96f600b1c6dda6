// W3C extended logs: IIS and whoever else writes them (iis_w3c), CloudFront (aws_cloudfront), NetScaler
// (w3c_netscaler), SHOUTcast (w3c_shoutcast). A "#Fields:" directive names the columns of the lines behind it;
// directives are header lines. Who writes is told by columns that nobody else has.
//
// A reader that came too late for the directive (a file followed from its end) guesses: CloudFront's columns are always
// the same, IIS writes those that are chosen in an order that does not change (w3c_guess.h). Lines that do not fit the
// directive are guessed too. Times are UTC but for date-local and time-local.
#pragma once

#include <span>

#include "ingest/format/format.h"

namespace revertd {

// In the order of detection: the generic one, IIS, is the last.
std::span<const Format* const> W3cFormats();
// A format of the columns that a "#Fields:" directive would name; it obeys later directives. InvalidArgument where
// they hold no time.
StatusOr<std::unique_ptr<const Format>> CustomW3cFormat(std::string_view fields);

}  // namespace revertd
