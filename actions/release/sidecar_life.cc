#include "actions/release/sidecar_life.h"

#include <simdjson.h>

#include "base/time_format.h"

namespace revertd {

StatusOr<std::string> WhyNoSidecar(const StateStore& state, TimeNs now) {
  const auto status = state.ReadStatus();
  if (!status.ok()) return status.status();
  if (!status->has_value()) return std::string("none has run yet");
  simdjson::dom::parser parser;
  simdjson::dom::element element;
  TimeNs written_ns = 0;
  bool running = false;
  if (parser.parse(**status).get(element) || element["now_ns"].get(written_ns) || element["running"].get(running)) {
    return Internal("the status row of the state is not what revertd writes");
  }
  if (!running) return "it ended at " + FormatRfc3339(written_ns);
  if (now - written_ns > kSidecarSilenceMax) return "it last wrote its state at " + FormatRfc3339(written_ns);
  return std::string();
}

}  // namespace revertd
