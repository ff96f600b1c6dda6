// `revertd status`: the running sidecar's own state, as it last wrote it.
#include <unistd.h>

#include <simdjson.h>

#include "base/json_writer.h"
#include "base/time_format.h"
#include "daemon/output.h"
#include "daemon/sidecar.h"
#include "daemon/with_state.h"

namespace revertd {
namespace {

// The sidecar writes its state every second; older than this, it does not run any more.
constexpr DurationNs kStaleAfter = 10 * kSecondNs;

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

ExitCode StatusCommand(const std::string& config_path) {
  return WithState(config_path, StateStore::Access::kReadOnly, [](const Config& config, StateStore& store) -> Status {
    const auto status = store.ReadStatus();
    if (!status.ok()) return status.status();
    if (!status->has_value()) return Unavailable("no sidecar has run on " + config.state + " yet");
    simdjson::dom::parser parser;
    simdjson::dom::element element;
    int64_t now_ns = 0;
    bool running = false;
    if (parser.parse(**status).get(element) || element["now_ns"].get(now_ns) || element["running"].get(running)) {
      return Internal("the status row of " + config.state + " is not what revertd writes");
    }
    if (!running) {
      Say("the sidecar ended at " + FormatRfc3339(now_ns));
    } else if (SystemClock().Now() - now_ns > kStaleAfter) {
      Say("the sidecar last wrote its state at " + FormatRfc3339(now_ns) + ": it does not run any more");
    }
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
