// Sample: one parsed observation of one request, what ingest hands to a window. Trivially copyable, no text.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/service_table.h"

namespace revertd {

// A client that went away (nginx 499, a status of 0, HAProxy's client termination states) is neither a failure of the
// service nor an answer of it: its own class, left out of error rates.
enum class StatusClass : uint8_t { k1xx, k2xx, k3xx, k4xx, k5xx, kAborted, kCount };

inline constexpr int64_t kNotLogged = -1;  // of a duration or a size

struct Sample {
  ServiceId service = ServiceTable::kOther;
  StatusClass status_class = StatusClass::k2xx;
  TimeNs end_ns = 0;    // the log's own end time, at the log's resolution
  TimeNs start_ns = 0;  // end less duration; equals end_ns where no duration is logged
  DurationNs duration_ns = kNotLogged;
  int64_t bytes = kNotLogged;
};

}  // namespace revertd
