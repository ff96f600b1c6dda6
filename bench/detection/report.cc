#include "bench/detection/report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <map>
#include <optional>
#include <thread>

#include "bench/detection/bounds.h"
#include "bench/detection/figures.h"

namespace revertd::bench {
namespace {

using Row = std::vector<std::string>;

std::string Number(double value) {
  char text[32];
  if (std::isinf(value)) return "-";
  std::snprintf(text, sizeof text, value >= 100 || value == std::floor(value) ? "%.0f" : "%.3g", value);
  return text;
}

std::string Delay(int64_t delay) { return delay == kNever ? "-" : std::to_string(delay); }

std::string Line(const Row& row) {
  std::string line = "|";
  for (const std::string& field : row) line += " " + field + " |";
  return line;
}

void AddHeader(const Row& names, Lines* lines) {
  lines->push_back(Line(names));
  lines->push_back(Line(Row(names.size(), "---")));
}

Row TrafficFields(const Cell& cell) {
  return {std::string(cell.noise.name), Number(cell.requests_per_second), Number(100 * cell.error_rate) + " %"};
}

Row operator+(Row row, const Row& more) {
  row.insert(row.end(), more.begin(), more.end());
  return row;
}

Row RivalNames() {
  Row names;
  for (const Rival& rival : kRivals) names.emplace_back(rival.name);
  return names;
}

// "0 (1.5)": seen, and the upper 95 % limit.
std::string WithLimit(int64_t hits, int64_t runs) {
  return Number(PerThousand(hits, runs)) + " (" + Number(1000 * UpperLimit(hits, runs)) + ")";
}

Row RivalRates(const CellResult& result) {
  Row row;
  for (size_t i = 0; i < kRivals.size(); ++i) row.push_back(Number(PerThousand(result.rival_hits(i), result.runs)));
  return row;
}

Lines WorstOfEachModel(const std::vector<CellResult>& results) {
  std::vector<std::string_view> order;
  std::map<std::string_view, std::vector<double>> worst;
  for (const CellResult& result : results) {
    if (result.cell.effect != 1) continue;
    const auto [entry, added] = worst.try_emplace(result.cell.noise.name, kRivals.size() + 1, 0.0);
    if (added) order.push_back(result.cell.noise.name);
    std::vector<double>& rates = entry->second;
    rates[0] = std::max(rates[0], PerThousand(result.regressed, result.runs));
    for (size_t i = 0; i < kRivals.size(); ++i) {
      rates[i + 1] = std::max(rates[i + 1], PerThousand(result.rival_hits(i), result.runs));
    }
  }
  Lines lines;
  AddHeader(Row{"worst cell", "revertd"} + RivalNames(), &lines);
  for (const std::string_view model : order) {
    Row row = {std::string(model)};
    for (const double rate : worst[model]) row.push_back(Number(rate));
    lines.push_back(Line(row));
  }
  return lines;
}

void AddTitle(const std::string& title, Lines* lines) {
  if (!lines->empty()) lines->emplace_back();
  lines->push_back("### " + title);
}

}  // namespace

Lines HealthyTables(const std::vector<CellResult>& results) {
  Lines lines;
  AddTitle("False rollbacks per 1000 healthy deploys", &lines);
  const Lines worst = WorstOfEachModel(results);
  lines.insert(lines.end(), worst.begin(), worst.end());
  int64_t hits = 0, runs = 0;
  for (const CellResult& result : results) {
    if (result.cell.effect == 1) hits += result.regressed, runs += result.runs;
  }
  if (runs > 0) {
    lines.push_back("All healthy cells together: " + WithLimit(hits, runs) + " in " + std::to_string(runs) + " runs.");
  }
  AddTitle("Every cell: false rollbacks per 1000 (upper 95 % limit)", &lines);
  AddHeader(Row{"traffic", "req/s", "errors", "effect", "control", "usable", "runs", "revertd", "acted", "ambiguous",
                "calibrated"} +
                RivalNames(),
            &lines);
  for (const CellResult& result : results) {
    lines.push_back(Line(
        TrafficFields(result.cell) +
        Row{"x" + Number(result.cell.effect), std::string(NameOf(result.cell.control)),
            Number(PerThousand(result.control_usable, result.runs) / 10) + " %", std::to_string(result.runs),
            WithLimit(result.regressed, result.runs), Number(PerThousand(result.acted, result.runs)),
            Number(PerThousand(result.ambiguous, result.runs)), Number(PerThousand(result.calibrated, result.runs))} +
        RivalRates(result)));
  }
  return lines;
}

Lines DelayTable(const std::vector<CellResult>& results) {
  Lines lines;
  AddTitle("Delay from the finish to the verdict, median / p95", &lines);
  AddHeader(Row{"traffic", "req/s", "errors", "effect", "control", "found", "seconds", "requests", "bound s",
                "bound requests", "at most"} +
                RivalNames(),
            &lines);
  const auto pair = [](const std::vector<int64_t>& values) {
    return Delay(Quantile(values, 0.5)) + " / " + Delay(Quantile(values, 0.95));
  };
  for (const CellResult& result : results) {
    const double bound = BoundSecondsOf(result.cell);
    const std::optional<DelayFigure> figure = DelayFigureOf(result);
    Row row =
        TrafficFields(result.cell) + Row{"x" + Number(result.cell.effect),
                                         std::string(NameOf(result.cell.control)),
                                         Number(PerThousand(result.regressed, result.runs) / 10) + " %",
                                         pair(result.delay_seconds),
                                         pair(result.delay_requests),
                                         Number(bound),
                                         Number(bound * result.cell.requests_per_second),
                                         figure ? Number(figure->median_max) + " / " + Number(figure->p95_max) : "-"};
    for (const auto& seconds : result.rival_seconds) row.push_back(pair(seconds));
    lines.push_back(Line(row));
  }
  return lines;
}

Lines OutageTable(const std::vector<CellResult>& results) {
  Lines lines;
  AddTitle("An outage of target and control together, per 1000", &lines);
  AddHeader(Row{"traffic", "req/s", "errors", "outage", "control usable", "runs", "false rollbacks", "ambiguous",
                "not reported", "bound s"} +
                RivalNames(),
            &lines);
  for (const CellResult& result : results) {
    const int64_t silent = result.runs - result.regressed - result.ambiguous;
    lines.push_back(
        Line(TrafficFields(result.cell) +
             Row{"x" + Number(result.cell.outage), Number(PerThousand(result.control_usable, result.runs) / 10) + " %",
                 std::to_string(result.runs), WithLimit(result.regressed, result.runs),
                 Number(PerThousand(result.ambiguous, result.runs)), Number(PerThousand(silent, result.runs)),
                 Number(BoundSecondsOf(result.cell))} +
             RivalRates(result)));
  }
  return lines;
}

Lines ValidityTable(const std::vector<ValidityResult>& results) {
  Lines lines;
  AddTitle("Validity at the null's boundary, alpha 5 %: fired per 1000 (upper 95 % limit)", &lines);
  AddHeader({"traffic", "req/s", "errors", "block s", "runs", "fired"}, &lines);
  for (const ValidityResult& result : results) {
    lines.push_back(
        Line(TrafficFields(result.cell) + Row{std::to_string(result.block_seconds), std::to_string(result.runs),
                                              WithLimit(result.fired, result.runs)}));
  }
  return lines;
}

std::string MachineName() {
  std::ifstream file("/proc/cpuinfo");
  std::string name = "unknown";
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("model name", 0) != 0) continue;
    name = line.substr(line.find(':') + 2);
    break;
  }
  return name + ", " + std::to_string(std::thread::hardware_concurrency()) + " hardware threads";
}

}  // namespace revertd::bench
