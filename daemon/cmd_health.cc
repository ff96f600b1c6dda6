// `revertd health`: every configured health check asked once, by this process: what the sidecar would hear now.
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/json_writer.h"
#include "base/strings.h"
#include "daemon/commands.h"
#include "daemon/event_json.h"
#include "daemon/health/health_question.h"
#include "daemon/output.h"

namespace revertd {
namespace {

using Row = std::array<std::string, 6>;
constexpr std::array<std::string_view, 6> kColumns = {"service", "check", "level", "reason", "took", "detail"};

std::string Took(DurationNs took) {
  const auto seconds = static_cast<double>(took) / 1e9;
  return took < kSecondNs ? FormatNumber(seconds * 1e3, 3) + "ms" : FormatNumber(seconds, 3) + "s";
}

Row RowOf(const HealthResult& result) {
  Row row = {result.service, result.check,         std::string(NameOf(result.level)),
             result.reason,  Took(result.took_ns), result.detail};
  // A server has had its word in them, and a terminal obeys.
  for (std::string& cell : row) cell = Printable(cell);
  return row;
}

// Columns of one width each, two blanks apart; the last one is as long as it is.
std::vector<std::string> Aligned(const std::vector<Row>& rows) {
  std::array<size_t, kColumns.size()> widths = {};
  for (const Row& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::vector<std::string> lines;
  for (const Row& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      line.append(widths[i] - row[i].size() + 2, ' ');
    }
    line.resize(line.find_last_not_of(' ') + 1);
    lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<std::string> TableOf(const std::vector<HealthResult>& results, bool with_head) {
  std::vector<Row> rows;
  if (with_head) {
    Row head;
    std::copy(kColumns.begin(), kColumns.end(), head.begin());
    rows.push_back(std::move(head));
  }
  for (const HealthResult& result : results) rows.push_back(RowOf(result));
  return Aligned(rows);
}

std::vector<std::string> ObjectsOf(const std::vector<HealthResult>& results) {
  std::vector<std::string> lines;
  for (const HealthResult& result : results) {
    JsonWriter json;
    json.BeginObject();
    AppendFields(json, result);
    lines.push_back(json.EndObject().Take());
  }
  return lines;
}

Status Print(const std::vector<std::string>& lines) {
  OutputWriter out(STDOUT_FILENO);
  for (const std::string& line : lines) REVERTD_RETURN_IF_ERROR(out.Line(line));
  return out.Flush();
}

Status CheckService(const Config& config, const std::string& service) {
  if (service.empty() || config.FindService(service) != nullptr) return OkStatus();
  std::vector<std::string_view> names;
  for (const ServiceConfig& known : config.services) names.push_back(known.name);
  const auto meant = Nearest(service, names);
  return InvalidArgument("--service " + service + ": not in the configuration" +
                         (meant ? "; did you mean \"" + std::string(*meant) + "\"?" : ""));
}

}  // namespace

ExitCode HealthCommand(const HealthOptions& options) {
  const auto config = ConfigOrFail(options.config);
  if (!config.ok()) return Fail(config.status());
  if (const Status status = CheckService(*config, options.service); !status.ok()) return Fail(status);
  const auto questions = OpenHealthQuestions(*config, options.service);
  if (!questions.ok()) return Fail(questions.status());
  if (questions->empty()) {
    Say("no health checks are configured" + (options.service.empty() ? "" : " for " + options.service) +
        ": nothing was asked (services.NAME.health)");
    return ExitCode::kDone;
  }
  const std::vector<HealthResult> results = AskAll(*questions, SystemClock());
  const Status printed = Print(options.json ? ObjectsOf(results) : TableOf(results, IsTerminal(STDOUT_FILENO)));
  if (!printed.ok()) return Fail(printed);
  const bool is_fatal = std::any_of(results.begin(), results.end(),
                                    [](const HealthResult& result) { return result.level == HealthLevel::kFatal; });
  return options.fail_on_fatal && is_fatal ? ExitCode::kBadNews : ExitCode::kDone;
}

}  // namespace revertd
