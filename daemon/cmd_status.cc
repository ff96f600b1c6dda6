// `revertd status`: the running sidecar's own state, as it last wrote it.
#include "daemon/cmd_status.h"

#include <simdjson.h>
#include <unistd.h>

#include "base/time_format.h"
#include "daemon/output.h"
#include "daemon/sidecar.h"
#include "daemon/with_state.h"

namespace revertd {
namespace {

// The sidecar writes its state every second; older than this, it does not run any more.
constexpr DurationNs kStaleAfter = 10 * kSecondNs;

struct SidecarState {
  bool running = false;  // as it last wrote
  TimeNs written_ns = 0;
};

StatusOr<SidecarState> ParseState(simdjson::dom::element element) {
  SidecarState state;
  if (element["now_ns"].get(state.written_ns) || element["running"].get(state.running)) {
    return Internal("the status row of the state is not what revertd writes");
  }
  return state;
}

// Empty where it runs.
std::string WhyNotRunning(const SidecarState& state) {
  if (!state.running) return "the sidecar ended at " + FormatRfc3339(state.written_ns);
  if (SystemClock().Now() - state.written_ns <= kStaleAfter) return "";
  return "the sidecar last wrote its state at " + FormatRfc3339(state.written_ns) + ": it does not run any more";
}

struct Row {
  std::string name;
  std::string value;
};

// The numbers of the status object as a table, one a line; nested objects by their own keys.
void AppendRows(simdjson::dom::element element, std::vector<Row>* rows) {
  simdjson::dom::object object;
  if (element.get(object) != simdjson::SUCCESS) return;
  for (const auto& [key, value] : object) {
    if (value.is_object()) {
      AppendRows(value, rows);
    } else {
      rows->push_back({std::string(key), simdjson::minify(value)});
    }
  }
}

}  // namespace

void SayIfNotRunning(const StateStore& store) {
  const auto status = store.ReadStatus();
  simdjson::dom::parser parser;
  simdjson::dom::element element;
  if (!status.ok() || !status->has_value() || parser.parse(**status).get(element)) return;
  const auto state = ParseState(element);
  if (!state.ok()) return;
  if (const std::string why = WhyNotRunning(*state); !why.empty()) {
    Say("no sidecar runs (" + why + "): what is told now waits until one starts");
  }
}

ExitCode StatusCommand(const std::string& config_path) {
  return WithState(config_path, StateStore::Access::kReadOnly, [](const Config& config, StateStore& store) -> Status {
    const auto status = store.ReadStatus();
    if (!status.ok()) return status.status();
    if (!status->has_value()) return Unavailable("no sidecar has run on " + config.state + " yet");
    simdjson::dom::parser parser;
    simdjson::dom::element element;
    if (parser.parse(**status).get(element)) return Internal("the status row of " + config.state + " is not JSON");
    const auto state = ParseState(element);
    if (!state.ok()) return state.status();
    if (const std::string why = WhyNotRunning(*state); !why.empty()) Say(why);
    if (!IsTerminal(STDOUT_FILENO)) return PrintLine(**status);
    std::vector<Row> rows;
    AppendRows(element, &rows);
    for (const Row& row : rows) {
      std::string line = row.name;
      line.append(line.size() < 24 ? 24 - line.size() : 1, ' ');
      REVERTD_RETURN_IF_ERROR(PrintLine(line + row.value));
    }
    return OkStatus();
  });
}

}  // namespace revertd
