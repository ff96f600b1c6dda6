// W3cColumns: what a "#Fields:" directive says.
//
// Thread contract: a plain value.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "ingest/format/column_row.h"

namespace revertd {

enum class W3cWriter : uint8_t { kCloudFront, kNetScaler, kShoutcast, kOther };

struct W3cColumns {
  // CloudFront has 33, IIS 22 and what a person adds; a directive with more is another program's.
  static constexpr size_t kMax = 64;

  std::vector<Column> columns;
  W3cWriter writer = W3cWriter::kOther;
  bool is_local = false;  // date-local, time-local
  bool has_clock = false;
  bool has_date = false;  // else the day stands in a "#Date:" directive

  // `fields` is what stands behind "#Fields:". No columns where there are none or too many.
  static W3cColumns Of(std::string_view fields);
};

// CloudFront's standard log, which has had these columns in this order and more behind them since 2014.
inline constexpr std::string_view kCloudFrontFields =
    "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) "
    "cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken";

}  // namespace revertd
