// `revertd status`: the running sidecar's own state, as it last wrote it.
#include "daemon/cmd_status.h"

#include <simdjson.h>
#include <unistd.h>

#include "base/strings.h"
#include "base/time_format.h"
#include "daemon/output.h"
#include "daemon/sidecar.h"
#include "daemon/watchdog/troubles.h"
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

std::string TextOf(simdjson::dom::element check, std::string_view key) {
  std::string_view text;
  return check[key].get(text) == simdjson::SUCCESS ? std::string(text) : "";
}

struct Row {
  std::string name;
  std::string value;
};

// A line a health check: "LEVEL since TIME (REASON)".
void AppendHealth(simdjson::dom::array checks, std::vector<Row>* rows) {
  for (const simdjson::dom::element check : checks) {
    std::string value = TextOf(check, "level");
    TimeNs since_ns = 0;
    if (check["since_ns"].get(since_ns) == simdjson::SUCCESS) value += " since " + FormatRfc3339(since_ns);
    if (const std::string reason = TextOf(check, "reason"); reason != TextOf(check, "level"))
      value += " (" + reason + ")";
    rows->push_back({"health " + TextOf(check, "service") + " " + TextOf(check, "check"), value});
  }
}

void AppendTroubles(const simdjson::dom::array& troubles, std::vector<Row>* rows) {
  for (const auto trouble : troubles) {
    std::string_view name;
    std::string_view subject;
    std::string_view words;
    TimeNs since_ns = 0;
    if (trouble["trouble"].get(name) || trouble["subject"].get(subject) || trouble["words"].get(words) ||
        trouble["since_ns"].get(since_ns)) {
      continue;
    }
    const std::string value = TitleOf({.name = std::string(name), .subject = std::string(subject), .words = {}});
    rows->push_back({"trouble", Printable(value + " since " + FormatRfc3339(since_ns) + ": " + std::string(words))});
  }
}

// The numbers of the status object as a table, one a line; nested objects by their own keys.
void AppendRows(simdjson::dom::element element, std::vector<Row>* rows) {
  simdjson::dom::object object;
  if (element.get(object) != simdjson::SUCCESS) return;
  for (const auto& [key, value] : object) {
    simdjson::dom::array checks;
    simdjson::dom::array troubles;
    if (value.is_object()) {
      AppendRows(value, rows);
    } else if (key == "troubles" && value.get(troubles) == simdjson::SUCCESS) {
      AppendTroubles(troubles, rows);
    } else if (key == "health" && value.get(checks) == simdjson::SUCCESS) {
      AppendHealth(checks, rows);
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
