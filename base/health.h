// HealthResult: what one health check found, as the one who asks tells it to whoever judges deploys.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace revertd {

// kUnknown: the question could not be put (no token, a Prometheus that is away): neither good news nor bad.
enum class HealthLevel { kOk, kWarn, kFatal, kUnknown };
std::string_view NameOf(HealthLevel level);
std::optional<HealthLevel> HealthLevelNamed(std::string_view name);

// Whether a reason tells of the clock and not of the service: that a certificate's end has come near, or passed. People
// need to know, and no deploy brought it about.
bool IsOfTimeAlone(std::string_view reason);

struct HealthResult {
  std::string service;
  std::string check;
  HealthLevel level = HealthLevel::kUnknown;
  std::string reason = {};  // named and printable: "ok", "status_503", "latency_above_500ms", "timed_out", ...
  std::string detail = {};  // for people: what was expected and what came; printable, bounded
  TimeNs at_ns = 0;         // wall clock, when it was asked
  DurationNs took_ns = 0;   // of the whole exchange
  bool is_change = false;   // its check's level is another than before, or its first; the HealthBoard's word
};

}  // namespace revertd
